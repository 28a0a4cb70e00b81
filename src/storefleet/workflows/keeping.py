"""Files of hosts that are kept on our side: what `fetch` brings home, and what `backup` keeps."""

from __future__ import annotations

from pathlib import Path

from storefleet.documents.files import write_atomically
from storefleet.errors import StorageError, TaskFailed
from storefleet.workflows.workspace import Workspace

BACKUP = "backup:"


def keep(workspace: Workspace, playbook_folder: Path, name: str, content: bytes) -> bool:
    """Keep a file below the playbook's folder, or in ``var/backups``; tell whether that changed anything.

    Only its owner may read it: it is a device's, and may hold what only the device's root may see. Raises
    :class:`TaskFailed` where it would stand elsewhere, a link on the way included, or cannot be written.
    """
    kept = name.removeprefix(BACKUP)
    base = (workspace.make_var("backups") if kept != name else playbook_folder).resolve()
    path = base / kept
    if not path.resolve().is_relative_to(base) or path.is_symlink() or path == base:
        raise TaskFailed(f"{kept} would stand outside of {workspace.shown(base)}; nothing was written")
    try:
        if path.is_file() and path.read_bytes() == content:
            return False
        workspace.owner_of(path).make_folder(path.parent)
        write_atomically(path, content, 0o600, workspace.owner_of(path))
    except (OSError, StorageError) as fault:
        raise TaskFailed(f"{kept} cannot be kept here: {fault}") from fault
    return True
