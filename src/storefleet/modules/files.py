"""What the modules of files share: attributes, folders on the way, and the asking for a file as it is wanted."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping

from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import FileState, MakeFolder, PutFile, ReadFile, ReadText
from storefleet.model.effects import Step, ask
from storefleet.modules.base import Done, Request
from storefleet.modules.modes import mode_of

NEW_FILE, NEW_FOLDER = 0o644, 0o755
MAX_FILE = 4 * 1024 * 1024
"""Bytes: a larger file is an image or a package, not a setting."""
AS_WANTED = "it is as it must be"

_ACCOUNT = re.compile(r"[^\s:/,-][^\s:/,]{0,63}")


def check(request: Request) -> None:
    """Fail for a mode or a command that cannot be meant, before anything is asked."""
    _validate(request)
    for name, new in (("mode", NEW_FILE), ("directory_mode", NEW_FOLDER)):
        if request.arguments.get(name) != "preserve":
            mode_of(request, new, name=name)


def attributes(request: Request, before: FileState | None, new: int, name: str = "mode") -> Step[tuple[int, str, str]]:
    """Return mode, owner and group as wanted; what the task does not name stays, and is root's where nothing is."""
    folder = before.kind == "directory" if before else new == NEW_FOLDER
    mode = mode_of(request, before.mode if before else new, folder=folder, name=name)
    owner = yield from account(request, "owner", before.owner if before else "root")
    group = yield from account(request, "group", before.group if before else "root")
    return mode, owner, group


def account(request: Request, which: str, default: str) -> Step[str]:
    """Return an owner or a group by its name, which the device gives for a number that has one."""
    value = request.text(which, default=default)
    if not _ACCOUNT.fullmatch(value):
        raise TaskFailed(f"{which}: a name or a number is due here, not {value!r:.60}")
    if not value.isdecimal() or value == default:
        return value
    table = "passwd" if which == "owner" else "group"
    script = f"awk -F: -v id={value} '$3 == id {{ print $1; exit }}' /etc/{table}"
    return (yield from ask(ReadText(f"{table}:{value}", script))) or value


def written(
    request: Request,
    path: str,
    content: bytes,
    before: FileState | None,
    base: FileState | None = None,
    values: Mapping[str, Json] | None = None,
) -> Step[Done]:
    """Ask for the file, unless everything about it is as wanted; ``base`` gives attributes other than those there."""
    if len(content) > MAX_FILE:
        raise TaskFailed(f"{path}: {len(content)} bytes are more than the {MAX_FILE} that a file may have here")
    validate = _validate(request)
    mode, owner, group = yield from attributes(request, base or before, NEW_FILE)
    told: dict[str, Json] = {**facts(path, mode, owner, group, content), **(values or {})}
    same = before is not None and before.content == content
    if before is not None and same and is_same(before, mode, owner, group):
        return Done(changed=False, why=AS_WANTED, values=told)
    yield from parent(path)
    backup = before is not None and not same and request.flag("backup")
    answer = yield from ask(
        PutFile(
            path=path,
            content=content,
            mode=mode,
            owner=owner,
            group=group,
            before=before,
            validate="" if same else validate,
            backup=backup,
        )
    )
    if backup and answer is not None:
        told["backup_file"] = answer.stdout.decode("utf-8", "replace").strip()
    return Done(changed=True, values=told)


def facts(path: str, mode: int, owner: str, group: str, content: bytes) -> dict[str, Json]:
    """Return what ``register`` keeps of a file."""
    return {
        "dest": path,
        "path": path,
        "state": "file",
        "mode": f"{mode:04o}",
        "owner": owner,
        "group": group,
        "size": len(content),
        "checksum": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
    }


def _validate(request: Request) -> str:
    command = request.text("validate", default="")
    if command and "%s" not in command:
        raise TaskFailed(f"validate: %s is due in it, where the name of the new file goes, not {command!r:.60}")
    return command


def parent(path: str) -> Step[None]:
    """Fail unless the folder of a path is there, and is no link."""
    folder = posixpath.dirname(path)
    found = yield from ask(ReadFile(folder))
    if found is None or found.kind != "directory":
        how = "is a symbolic link" if found and found.kind == "link" else "is no folder on the device"
        raise TaskFailed(f"{folder} {how}; name the folder itself, or make it first (file: state=directory)")


def folders(path: str, mode: int, owner: str, group: str) -> Step[bool]:
    """Have every folder down to the path, and tell whether one was missing; those that are there stay as they are."""
    missing: list[str] = []
    while (found := (yield from ask(ReadFile(path)))) is None:
        missing.append(path)
        path = posixpath.dirname(path)
    if found.kind != "directory":
        raise TaskFailed(f"{path} is there and is no folder, or a link to one; it is left alone")
    for folder in reversed(missing):
        yield from ask(MakeFolder(path=folder, mode=mode, owner=owner, group=group, before=None))
    return bool(missing)


def is_same(before: FileState, mode: int, owner: str, group: str) -> bool:
    """Tell whether the attributes are these."""
    return (before.mode, before.owner, before.group) == (mode, owner, group)


def only_files(before: FileState | None, path: str) -> None:
    """Fail where something stands there that is no regular file."""
    if before is None or before.kind == "file":
        return
    what = "neither a file nor a folder"
    if before.kind == "directory":
        what = "a folder"
    elif before.kind == "link":
        what = "or stands below a symbolic link; name the file itself"
    raise TaskFailed(f"{path} is {what}; it is left alone")
