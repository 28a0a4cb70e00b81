"""What modules that edit a file of lines share: an address that is one, the folder that must be there, the change."""

from __future__ import annotations

import ipaddress
import posixpath

from storefleet.errors import TaskFailed
from storefleet.model.changes import FileState, PutFile, ReadFile
from storefleet.model.effects import Step, ask


def address(word: str, text: str) -> str:
    """Return an address in its usual spelling."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as fault:
        raise TaskFailed(f"{word}: {text!r:.60} is no address") from fault


def in_folder(path: str) -> Step[None]:
    """Refuse a file whose folder is not there."""
    folder = posixpath.dirname(path)
    found = yield from ask(ReadFile(folder))
    if found is None or found.kind != "directory":
        raise TaskFailed(f"{folder} is no folder on this host; what reads {path} seems not to be installed")


def text_of(lines: list[str]) -> bytes:
    """Return lines as the content of a file."""
    return "".join(f"{line}\n" for line in lines).encode()


def file_of(path: str, lines: list[str], before: FileState | None) -> PutFile:
    """Return the change that has a file hold these lines, with the attributes it has."""
    mode, owner, group = (before.mode, before.owner, before.group) if before else (0o644, "root", "root")
    return PutFile(path=path, content=text_of(lines), mode=mode, owner=owner, group=group, before=before)
