"""Two runs of one name exclude each other; reading as such takes no lock, so that anybody may look meanwhile."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

from storefleet.documents.ownership import Ownership
from storefleet.errors import BusyError, InputError, StorageError
from storefleet.model.base import is_identifier
from storefleet.model.report import RunInfo
from storefleet.workflows.workspace import Workspace

LOCK_MODE, LOCKS_MODE = 0o660, 0o770


@contextlib.contextmanager
def exclusively(workspace: Workspace, name: str | None, info: RunInfo) -> Iterator[None]:
    """Hold the name until the run has ended; raises :class:`BusyError` with the holder when another one has it.

    The lock is the kernel's and dies with its process, however that dies; what stands in the file is for people only.
    """
    if name is None:
        yield
        return
    check_name(name)
    path = workspace.var / "locks" / f"{name}.lock"
    descriptor = _opened(path, workspace.owner)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            raise BusyError(f"another {name} runs: {_holder(path)}; nothing was touched") from fault
        holder = {"run": info.id, "user": info.actor.user, "machine": info.actor.on, "process": os.getpid()}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({**holder, "since": info.started_at}).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def check_name(name: str) -> None:
    """Refuse a name that could be no file of its own; raises :class:`InputError`."""
    if not is_identifier(name):
        raise InputError(f"--name {name!r}: letters, digits, - and _, at most 63, beginning with a letter or digit")


def _opened(path: Path, owner: Ownership) -> int:
    try:
        owner.make_folder(path.parent, LOCKS_MODE)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if os.fstat(descriptor).st_uid == os.geteuid():
            owner.claim(descriptor, LOCK_MODE)
    except OSError as fault:
        raise StorageError(f"the lock {path} cannot be opened: {fault.strerror}") from fault
    return descriptor


def _holder(path: Path) -> str:
    """Return in words who holds the name; a holder that is just entering it has not written yet."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return f"{told['run']} by {told['user']} on {told['machine']}, process {told['process']}, since {told['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "it has just begun"
