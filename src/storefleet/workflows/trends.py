"""How much of the fleet was not as approved in each of the last runs, by git's names of whole folders."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from storefleet.model.drift import DriftPoint
from storefleet.model.store import Host
from storefleet.storage.git import Commit
from storefleet.storage.snapshots import APPROVED, Snapshots
from storefleet.storage.versions import differing
from storefleet.workflows.sightings import sighting
from storefleet.workflows.snapshots import folder_of, has_read

RUNS = 14


def trend(snapshots: Snapshots, runs: Collection[Commit], hosts: Collection[Host]) -> tuple[DriftPoint, ...]:
    """Return how it was in the last runs of the whole fleet, the oldest first.

    Counted are these hosts, and the stores they belong to, of which any file that the run kept was another than the
    one approved when the run began; whose doing that was does not matter, so what a run of ours made counts until it
    is accepted. A host that the run could not read, or of which nothing was approved yet, is not counted. Runs with
    ``-l`` are left out, and so are those before the first acceptance.
    """
    approvals = snapshots.commits(ref=APPROVED)
    whole = (run for run in runs if "Read" not in run.trailers)
    points = [point for run in islice(whole, RUNS) for point in _point(snapshots, run, approvals, hosts)]
    return tuple(reversed(points))


def _point(
    snapshots: Snapshots, run: Commit, approvals: Collection[Commit], hosts: Collection[Host]
) -> Iterator[DriftPoint]:
    approved = next((one for one in approvals if one.at <= run.at), None)
    if approved is None:
        return
    folders = differing(snapshots, approved.name, run.name)
    there = [host for host in hosts if folder_of(host.store, host.name) in folders and has_read(run, host.name)]
    seen = sighting(run)
    yield DriftPoint(seen.run, seen.at, len({host.store for host in there}), len(there))
