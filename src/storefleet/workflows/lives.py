"""How a difference lives, out of the archive alone: when it came, how often it had gone, and which ones ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from storefleet.drift.compare import Delta, deltas, facts, told
from storefleet.model.drift import Ended, Life, Sighting
from storefleet.storage.git import Commit
from storefleet.storage.snapshots import OBSERVED
from storefleet.storage.versions import Change
from storefleet.workflows.histories import Histories
from storefleet.workflows.sightings import sighting


@dataclass(frozen=True)
class Lived:
    """The life of one difference up to the newest run that read its host."""

    life: Life
    flaps: int
    last_seen: Sighting | None


def lived(
    histories: Histories, path: str, delta: Delta, first_seen: Sighting | None, then: Commit | None = None
) -> Lived:
    """Return the life of a difference; ``then`` is the run with which is compared, where it is not what was approved.

    It had gone as often as the fact was as it is now and then was not, since it was approved as it should be: what was
    before that was no difference from this.
    """
    begin = then or histories.approved_since(path, delta)
    newest = histories.last_reading(path.split("/")[-2])
    flaps = _flaps(histories, path, delta, begin.at if begin else 0)
    last_seen = sighting(newest) if newest else None
    if first_seen is None or first_seen != last_seen:
        return Lived("still", flaps, last_seen)
    return Lived("reopened" if flaps else "new", flaps, last_seen)


def _flaps(histories: Histories, path: str, delta: Delta, begin: int) -> int:
    """Count how often it went; the state in which it was at the beginning counts too."""
    so: list[bool] = []
    for commit, there in histories.versions(path, delta.part, OBSERVED):
        so.append(told(delta, there) == delta.observed)
        if commit.at <= begin:
            break
    return sum(earlier and not later for later, earlier in pairwise(so))


def ended(histories: Histories, host: str, folder: str, approved: Mapping[str, str]) -> Iterator[Ended]:
    """Yield what the run before the newest one that read the host saw otherwise, and the newest as it is approved.

    Only files that the newest run found changed and that were not as approved before are read. ``approved`` holds git's
    names of the approved contents. What has been approved since that run did not end by itself.
    """
    newest = histories.last_reading(host)
    for part, change in histories.changes(newest).get(folder, {}).items() if newest else ():
        if change.before == approved.get(part, ""):
            continue
        for delta in _gone(histories, part, change, approved.get(part, "")):
            since = histories.approved_since(f"{folder}/{part}", delta)
            if newest is not None and since is not None and since.at < newest.at:
                yield Ended(host, part, delta.key, delta.observed, sighting(newest))


def _gone(histories: Histories, part: str, change: Change, approved: str) -> Iterator[Delta]:
    """Yield the differences that were there before a change and are not after it."""
    texts = {name: histories.night.content(name) if name else "" for name in (approved, change.before, change.after)}
    now = facts(part, texts[change.after])
    for delta in deltas({part: texts[approved]}, {part: texts[change.before]}):
        if told(delta, now) == delta.approved:
            yield delta
