"""What a change is, in words and as a diff: for the plan, which people read."""

from __future__ import annotations

import difflib

from storefleet.collect.redact import strip_secrets
from storefleet.model.changes import ActOnUnit, Alter, Change, MakeFolder, MakeLink, PutFile, RemovePath


def action_of(change: Change) -> str:
    """Return in a word what a change does."""
    if isinstance(change, ActOnUnit):
        return change.action
    if isinstance(change, Alter):
        return change.action
    if isinstance(change, RemovePath):
        return "remove"
    if isinstance(change, MakeLink):
        return "link"
    assert isinstance(change, PutFile | MakeFolder)
    return "change" if change.before else "make"


def diff_of(change: Change) -> str:
    """Return the unified diff of a file; empty where there is none.

    What its words call a secret is left out, and everything of a file that not everybody on the device may read.
    """
    if isinstance(change, Alter):
        return "(hidden: no_log)" if change.hidden else strip_secrets("\n".join(change.shown))
    if isinstance(change, MakeLink):
        return "\n".join(_pointing(change))
    if not isinstance(change, PutFile | MakeFolder | RemovePath):
        return ""
    lines = _gone(change) if isinstance(change, RemovePath) else _attributes(change)
    if why := _hidden(change):
        return "\n".join([*lines, f"(content hidden: {why})"])
    old = change.before.content if change.before and change.before.kind == "file" else b""
    new = change.content if isinstance(change, PutFile) else b""
    return "\n".join([*lines, *_unified(change.path, old, new)])


def _hidden(change: PutFile | MakeFolder | RemovePath) -> str:
    """Tell why a content is shown to nobody."""
    if change.hidden:
        return "no_log"
    files = [change.before] if change.before is not None and change.before.kind == "file" else []
    modes = [*(file.mode for file in files), *([change.mode] if isinstance(change, PutFile) else [])]
    return "not everybody may read it there" if any(not mode & 0o004 for mode in modes) else ""


MANY = 20
"""Names of what a removed folder holds that are shown; of more the number is told."""


def _pointing(change: MakeLink) -> list[str]:
    before = change.before
    was = {"file": "a file", "directory": "a folder"}.get(before.kind, before.kind) if before else "nothing"
    if before is not None and before.kind == "link":
        was = before.content.decode("utf-8", "backslashreplace")
    return [f"points to: {was} -> {change.to}"]


def _gone(change: RemovePath) -> list[str]:
    if change.before.kind == "link":
        return [f"pointed to: {change.before.content.decode('utf-8', 'backslashreplace')}"]
    if change.hidden:
        return []
    lines = [f"- {change.path}/{name.removeprefix('./')}" for name in change.holds[:MANY]]
    return [*lines, *([f"… {len(change.holds)} in all"] if len(change.holds) > MANY else [])]


def _more(change: PutFile | MakeFolder) -> list[str]:
    if not isinstance(change, PutFile) or change.hidden:
        return []
    checked = [f"checked first by: {change.validate}"] if change.validate else []
    return [*checked, *(["the old file is kept beside it"] if change.backup else [])]


def _attributes(change: PutFile | MakeFolder) -> list[str]:
    before = change.before
    if before is None:
        return [f"mode {change.mode:04o}, owner {change.owner}, group {change.group}", *_more(change)]
    pairs = (
        ("mode", f"{before.mode:04o}", f"{change.mode:04o}"),
        ("owner", before.owner, change.owner),
        ("group", before.group, change.group),
    )
    return [*(f"{name} {old} -> {new}" for name, old, new in pairs if old != new), *_more(change)]


def _unified(path: str, old: bytes, new: bytes) -> list[str]:
    if old == new:
        return []
    try:
        was, will = (_lines(strip_secrets(content.decode())) for content in (old, new))
    except UnicodeDecodeError:
        return [f"(not text: {len(old)} bytes -> {len(new)} bytes)"]
    lines = list(difflib.unified_diff(was, will, path, path, lineterm="", n=2))
    return lines or ["(a secret in it changes)"]


def _lines(text: str) -> list[str]:
    """Return the lines, and a word where the last one has no end, as diff(1) has one."""
    return [*text.splitlines(), *(["\\ no newline at the end"] if text and not text.endswith("\n") else [])]
