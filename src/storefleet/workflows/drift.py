"""`drift`: what each host was last seen to be, held against what was approved of it."""

from __future__ import annotations

import datetime

from storefleet.model.drift import DriftDocument
from storefleet.storage.snapshots import APPROVED, OBSERVED
from storefleet.workflows.drifting import Drift
from storefleet.workflows.reading import ShowProgress
from storefleet.workflows.sightings import NOTHING_SEEN, need, seen_before
from storefleet.workflows.snapshots import folder_of, repository
from storefleet.workflows.workspace import Workspace


def drift_of(
    workspace: Workspace, limit: str | None, since: datetime.datetime | None = None, ask: ShowProgress | None = None
) -> DriftDocument:
    """Compare the selected hosts with what was approved of them, or with what was seen of them ``since`` an instant.

    With ``ask`` those that differ are asked who did it and when. Raises :class:`InputError` where nothing was ever
    seen, or nothing so long ago.
    """
    snapshots = repository(workspace)
    need(snapshots, OBSERVED, NOTHING_SEEN)
    with workspace.open_database() as database, snapshots.begin() as night:
        then = seen_before(snapshots, since) if since is not None else None
        base = snapshots.tree(then.name if then else APPROVED)
        hosts = workspace.select(limit)
        drift = Drift(workspace, database, snapshots, night, base, limit is None, then, hosts if limit else ())
        if ask is not None:
            drift.ask(hosts, ask)
        return drift.document(hosts)


def diff_of(workspace: Workspace, limit: str, since: datetime.datetime | None = None) -> str:
    """Return the unified diff of the selected hosts' pictures; raises :class:`InputError` as :func:`drift_of` does."""
    snapshots = repository(workspace)
    need(snapshots, OBSERVED, NOTHING_SEEN)
    base = seen_before(snapshots, since).name if since is not None else APPROVED
    need(snapshots, base, "nothing was approved yet; storefleet drift accept all --as-found --reason …")
    return snapshots.diff(base, [folder_of(host.store, host.name) for host in workspace.select(limit)])
