"""Commits of the archive as the runs that made them."""

from __future__ import annotations

import datetime

from storefleet.errors import InputError
from storefleet.model.drift import Sighting
from storefleet.model.instants import utc
from storefleet.storage.git import Commit
from storefleet.storage.snapshots import Snapshots


def need(snapshots: Snapshots, ref: str, why: str) -> None:
    """Raise :class:`InputError` where the archive has no such branch."""
    if not snapshots.has(ref):
        raise InputError(why)


NOTHING_SEEN = "no audit has kept a snapshot yet; run storefleet audit first"


def seen_before(snapshots: Snapshots, since: datetime.datetime) -> Commit:
    """Return the last run that began before an instant."""
    newest = snapshots.commits(most=1)
    if newest and newest[0].at < int(since.timestamp()):
        raise InputError(f"--since {utc(since)}: that is behind the newest audit, of {instant_of(newest[0])}")
    found = snapshots.commits(most=1, before=int(since.timestamp()))
    if not found:
        first = snapshots.commits()[-1]
        raise InputError(
            f"--since: no audit kept a snapshot before {utc(since)}; the first one is of {instant_of(first)}"
        )
    return found[0]


def sighting(commit: Commit) -> Sighting:
    """Return the run that made a commit."""
    return Sighting(commit.trailers.get("Run", ""), instant_of(commit))


def instant_of(commit: Commit) -> str:
    """Return when the run of a commit began."""
    return utc(datetime.datetime.fromtimestamp(commit.at, datetime.UTC))
