"""Hidden values over time: a key that was replaced makes every one look changed, and of none can it be said."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from storefleet.drift.compare import Delta, told
from storefleet.drift.hidden import alike
from storefleet.model.store import Host
from storefleet.storage.git import Trailer
from storefleet.storage.snapshots import OBSERVED
from storefleet.workflows.histories import Histories
from storefleet.workflows.sightings import instant_of
from storefleet.workflows.snapshots import KEY, folder_of


@dataclass(frozen=True)
class Judged:
    """What can be said of a host, and in words what cannot; empty where all can."""

    differences: list[Delta]
    left: str = ""


def judged(histories: Histories, folder: str, some: Sequence[Delta], way_out: str) -> Judged:
    """Leave out the differences that may be nothing but another redaction key; ``way_out`` is what a person may do."""
    out: set[Delta] = set()
    keys: set[tuple[str, str]] = set()
    many = 0
    for before, now in alike(some):
        pair = _key_of(histories, folder, before, before.approved), _key_of(histories, folder, now, now.observed)
        if pair[0] and pair[1] and pair[0] != pair[1]:
            keys.add(pair)
            out |= {before, now}
            many += 1
    if not out:
        return Judged(list(some))
    values = f"{many} hidden value{'' if many == 1 else 's'} cannot be compared"
    when = _between(histories, keys)
    return Judged(
        [one for one in some if one not in out], f"{values}: the redaction key was replaced {when}; {way_out}"
    )


def _key_of(histories: Histories, folder: str, delta: Delta, value: str | None) -> str:
    """Return the name of the key under which a value was hidden: that of the run which first saw it so.

    A later run may have kept it without reading it. What no run saw was approved as somebody else hid it.
    """
    path = f"{folder}/{delta.part}"
    seen = [commit for commit, there in histories.versions(path, delta.part, OBSERVED) if told(delta, there) == value]
    commit = seen[-1] if seen else histories.approved_since(path, delta)
    return commit.trailers.get(KEY, "") if commit else ""


def _between(histories: Histories, keys: Iterable[tuple[str, str]]) -> str:
    """Say between which runs the keys were replaced: the last one under an old key and the first under a new one."""
    old, new = ({pair[side] for pair in keys} for side in (0, 1))
    first = [run for run in histories.runs if run.trailers.get(KEY) in new][-1]
    last = next((run for run in histories.runs if run.trailers.get(KEY) in old and run.at <= first.at), None)
    return f"between {instant_of(last)} and {instant_of(first)}" if last else f"before {instant_of(first)}"


def keys_of(histories: Histories, hosts: Collection[Host], changed: Collection[str]) -> tuple[Trailer, ...]:
    """Return what an acceptance says of the keys under which the contents that it takes are hidden."""
    folders = {path.rpartition("/")[0] for path in changed}
    taken = (host for host in hosts if folder_of(host.store, host.name) in folders)
    runs = (histories.last_reading(host.name) for host in taken)
    names = sorted({run.trailers[KEY] for run in runs if run is not None and KEY in run.trailers})
    return (Trailer(KEY, " ".join(names)),) if names else ()
