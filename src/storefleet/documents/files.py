"""Writing files so that a reader sees the old content or the new, never half of it."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from storefleet.documents.ownership import PRIVATE, Ownership
from storefleet.errors import StorageError


def write_atomically(path: Path, content: bytes | str, mode: int = 0o640, owner: Ownership = PRIVATE) -> None:
    """Write beside the target, flush to the disk, rename; the mode is ours, or ``owner``'s, whatever the umask.

    Raises :class:`StorageError`; the old file is then untouched and no temporary file stays.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            owner.claim(stream.fileno(), mode)
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync_directory(path.parent)
    except OSError as fault:
        with contextlib.suppress(OSError):
            temporary.unlink()
        message = f"{path} could not be written: {fault.strerror}; the old file, if any, is untouched"
        raise StorageError(message) from fault


def sync_directory(directory: Path) -> None:
    """Flush a rename to the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
