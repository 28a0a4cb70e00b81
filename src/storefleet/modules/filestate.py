"""file: what a path is — a file, a folder, a link, nothing — and what it has."""

from __future__ import annotations

import posixpath
import re

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import FileState, MakeFolder, PutFile, ReadFile, ReadText, RemovePath
from storefleet.model.effects import Step, ask
from storefleet.modules import links, placing, times
from storefleet.modules.base import Done, Request
from storefleet.modules.files import AS_WANTED, NEW_FOLDER, attributes, folders, is_same, only_files, written
from storefleet.modules.risk import is_system_folder

STATES = ("file", "directory", "link", "hard", "touch", "absent")
_ENTRY = re.compile(r"(?P<kind>[0-9a-f]{1,4})(?P<mode>[0-9a-f]{3}) (?P<owner>\S+) (?P<group>\S+) \./(?P<name>.+)")


def file(request: Request) -> Step[Done]:
    """Have a path be what ``state`` says; a path below a linked folder is not touched."""
    path = request.path("path", "dest", "name")
    before = yield from ask(ReadFile(path))
    if before is not None and before.kind == "link" and not before.content:
        raise TaskFailed(f"{path} stands below a symbolic link; name it by its real folder")
    state = request.choice("state", STATES, _usual(request, before))
    if request.flag("recurse") and state != "directory":
        raise TaskFailed("recurse: state: directory is due with it")
    if state == "absent":
        return (yield from _absent(path, before))
    if state == "directory":
        return (yield from _directory(request, path, before))
    if state == "link":
        return (yield from links.link(request, path, before))
    if state == "hard":
        return (yield from links.hard(request, path, before))
    if state == "touch":
        return (yield from _touch(request, path, before))
    if before is None:
        raise TaskFailed(f"{path} does not exist; file: state=file makes none, copy, template and state=touch do")
    only_files(before, path)
    done = yield from written(request, path, before.content, before)
    return (yield from times.with_times(request, path, done, usual="preserve"))


def _usual(request: Request, before: FileState | None) -> str:
    """Return the state of a task that names none: what is there, else a file, which must be there."""
    if before is not None:
        return {"directory": "directory", "link": "link"}.get(before.kind, "file")
    return "directory" if request.flag("recurse") else "file"


def _absent(path: str, before: FileState | None) -> Step[Done]:
    told: dict[str, Json] = {"path": path, "state": "absent"}
    if before is None:
        return Done(changed=False, why="there is no such path", values=told)
    if before.kind == "directory" and is_system_folder(path):
        raise TaskFailed(f"{path} is a folder of the system itself; it is not removed with all that it holds")
    holds = (yield from below(path)) if before.kind == "directory" else ()
    yield from ask(RemovePath(path=path, before=before, holds=holds))
    return Done(changed=True, values=told)


def below(path: str) -> Step[tuple[str, ...]]:
    """Return the names of all that a folder holds, at any depth, as ``./name``."""
    text = yield from ask(ReadText(f"tree:{path}", placing.tree(path)))
    if "\ufffd" in text:
        raise TaskFailed(f"{path} holds names that are not UTF-8; it is left alone")
    return tuple(text.split("\n")) if text else ()


def _directory(request: Request, path: str, before: FileState | None) -> Step[Done]:
    if before is not None and before.kind != "directory":
        kind = "a symbolic link" if before.kind == "link" else "no folder"
        raise TaskFailed(f"{path} is there and is {kind}; it is left alone")
    if request.flag("recurse") and is_system_folder(path):
        raise TaskFailed(f"{path} is a folder of the system itself; recurse is not for it")
    mode, owner, group = yield from attributes(request, before, NEW_FOLDER)
    told: dict[str, Json] = {"path": path, "dest": path, "state": "directory"}
    told |= {"mode": f"{mode:04o}", "owner": owner, "group": group}
    changed = before is None or not is_same(before, mode, owner, group)
    if changed:
        yield from folders(posixpath.dirname(path), mode, owner, group)
        yield from ask(MakeFolder(path=path, mode=mode, owner=owner, group=group, before=before))
    if request.flag("recurse") and before is not None:
        changed |= yield from _recursively(request, path)
    done = Done(changed=changed, why="" if changed else AS_WANTED, values=told)
    return (yield from times.with_times(request, path, done, usual="preserve"))


def _recursively(request: Request, top: str) -> Step[bool]:
    """Give everything below a folder its attributes, links and what they point to excepted."""
    script = (
        f"[ -d {quote(top)} ] || exit 0; cd {quote(top)} && "
        f"find . ! -name . -exec stat -c '%f %U %u %G %g %n' {{}} + | "
        "while read -r mode owner uid group gid name; do [ $owner != UNKNOWN ] || owner=$uid; "
        "[ $group != UNKNOWN ] || group=$gid; printf '%s\\n' \"$mode $owner $group $name\"; done | LC_ALL=C sort -k 4"
    )
    changed = False
    for line in filter(None, (yield from ask(ReadText(f"tree:{top}", script))).split("\n")):
        entry = _ENTRY.fullmatch(line)
        if entry is None or "\ufffd" in line:
            raise TaskFailed(f"{top} holds a name that cannot be read: {line!r:.80}")
        kind = int(entry["kind"] + entry["mode"], 16) >> 12
        if kind != 0o12:
            changed |= yield from _entry(request, f"{top}/{entry['name']}", entry, folder=kind == 0o4)
    return changed


def _entry(request: Request, path: str, entry: re.Match[str], *, folder: bool) -> Step[bool]:
    """Give one path its attributes; only one that the list shows to have others is looked at."""
    listed = FileState(
        "directory" if folder else "file", int(entry["mode"], 16) & 0o7777, entry["owner"], entry["group"]
    )
    if is_same(listed, *(yield from attributes(request, listed, 0))):
        return False
    before = yield from ask(ReadFile(path))
    if before is None or before.kind not in ("file", "directory"):
        raise TaskFailed(f"{path} is neither a file nor a folder; it is left alone")
    mode, owner, group = yield from attributes(request, before, 0)
    if is_same(before, mode, owner, group):
        return False
    if before.kind == "directory":
        yield from ask(MakeFolder(path=path, mode=mode, owner=owner, group=group, before=before))
    else:
        yield from ask(PutFile(path=path, content=before.content, mode=mode, owner=owner, group=group, before=before))
    return True


def _touch(request: Request, path: str, before: FileState | None) -> Step[Done]:
    """Have something at a path, and its times as wanted: now, unless the task says otherwise."""
    if before is None:
        done = yield from written(request, path, b"", None)
        return (yield from times.with_times(request, path, done, usual="", new=True))
    if before.kind == "directory":
        mode, owner, group = yield from attributes(request, before, NEW_FOLDER)
        changed = not is_same(before, mode, owner, group)
        if changed:
            yield from ask(MakeFolder(path=path, mode=mode, owner=owner, group=group, before=before))
        done = Done(changed=changed, why="" if changed else AS_WANTED, values={"dest": path})
    else:
        only_files(before, path)
        done = yield from written(request, path, before.content, before)
    return (yield from times.with_times(request, path, done, usual="now"))
