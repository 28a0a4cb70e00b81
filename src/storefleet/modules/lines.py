"""What both modules of the network share: an address that is one, and a file of ours."""

from __future__ import annotations

import ipaddress

from storefleet.errors import TaskFailed
from storefleet.model.changes import FileState, PutFile


def address(word: str, text: str) -> str:
    """Return an address in its usual spelling."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as fault:
        raise TaskFailed(f"{word}: {text!r:.60} is no address") from fault


def text_of(lines: list[str]) -> bytes:
    """Return lines as the content of a file."""
    return "".join(f"{line}\n" for line in lines).encode()


def file_of(path: str, lines: list[str], before: FileState | None) -> PutFile:
    """Return the change that has a file hold these lines, with the attributes it has."""
    mode, owner, group = (before.mode, before.owner, before.group) if before else (0o644, "root", "root")
    return PutFile(path=path, content=text_of(lines), mode=mode, owner=owner, group=group, before=before)
