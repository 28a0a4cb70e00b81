"""`db upgrade` and `db backup`."""

from __future__ import annotations

from pathlib import Path

from storefleet.storage.backup import backup
from storefleet.storage.upgrade import upgrade
from storefleet.workflows import clock
from storefleet.workflows.workspace import Workspace


def back_up(workspace: Workspace, target: Path | None) -> Path:
    """Copy the database and return where the copy is: without a target in ``var/backups``, named by the instant."""
    stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
    path = target or workspace.var / "backups" / f"storefleet-{stamp}"
    return backup(workspace.database_url, path, workspace.ownership)


def bring_up(workspace: Workspace, *, with_backup: bool) -> tuple[int, int]:
    """Upgrade the schema, with a backup into ``var/backups`` first; return the version before and after."""
    stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
    folder = workspace.var / "backups" / stamp if with_backup else None
    return upgrade(workspace.database_url, folder, workspace.ownership)
