"""copy, template, lineinfile, file: what stands at a path."""

from __future__ import annotations

import posixpath
import re

from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import FileState, MakeFolder, PutFile, ReadFile, RemovePath
from storefleet.model.effects import Step, ask
from storefleet.modules.base import Done, Request

NEW_FILE, NEW_FOLDER = 0o644, 0o755
MAX_FILE = 4 * 1024 * 1024
"""Bytes: a larger file is an image or a package, not a setting."""


def copy(request: Request) -> Step[Done]:
    """Put a file of the fleet folder, or a text, at a path."""
    if request.has("content") == request.has("src"):
        raise TaskFailed("copy: exactly one of src and content is due")
    name = ""
    if request.has("src"):
        name = request.text("src")
        content = request.read_local("files", name)
    else:
        content = request.text("content").encode()
    return (yield from _put(request, (yield from _destination(request, name)), content))


def template(request: Request) -> Step[Done]:
    """Put a rendered template of the fleet folder at a path."""
    name = request.text("src")
    try:
        text = request.read_local("templates", name).decode()
    except UnicodeDecodeError as fault:
        raise TaskFailed(f"{name}: a template is UTF-8 text; byte {fault.start} is not") from fault
    destination = yield from _destination(request, name)
    return (yield from _put(request, destination, request.render(text).encode()))


def _destination(request: Request, name: str) -> Step[str]:
    """Return the path that is meant: a folder, or one written with a slash, takes the name of the source."""
    path, base = request.path("dest"), posixpath.basename(name)
    if request.text("dest").endswith("/"):
        if not base:
            raise TaskFailed("dest: a file is due here, since content has no name of its own")
        yield from _folders(path, NEW_FOLDER, "root", "root")
        return posixpath.join(path, base)
    found = yield from ask(ReadFile(path))
    if found is not None and found.kind == "directory" and base:
        return posixpath.join(path, base)
    return path


def _put(request: Request, path: str, content: bytes) -> Step[Done]:
    before = yield from ask(ReadFile(path))
    _only_files(before, path)
    if before is not None and not request.flag("force", default=True):
        return Done(changed=False, why="it is there, and force is no")
    return (yield from _written(request, path, content, before))


def _written(request: Request, path: str, content: bytes, before: FileState | None) -> Step[Done]:
    """Ask for the file, unless everything about it is as wanted."""
    if len(content) > MAX_FILE:
        raise TaskFailed(f"{path}: {len(content)} bytes are more than the {MAX_FILE} that a file may have here")
    wanted = PutFile(
        path=path,
        content=content,
        mode=request.mode(before.mode if before else NEW_FILE),
        owner=request.text("owner", default=before.owner if before else "root"),
        group=request.text("group", default=before.group if before else "root"),
        before=before,
    )
    values: dict[str, Json] = {"dest": path}
    if before is not None and _same(before, wanted.mode, wanted.owner, wanted.group) and before.content == content:
        return Done(changed=False, why="it is as it must be", values=values)
    yield from _parent(path)
    yield from ask(wanted)
    return Done(changed=True, values=values)


def _parent(path: str) -> Step[None]:
    folder = posixpath.dirname(path)
    found = yield from ask(ReadFile(folder))
    if found is None or found.kind != "directory":
        how = "is a symbolic link" if found and found.kind == "link" else "is no folder on the device"
        raise TaskFailed(f"{folder} {how}; name the folder itself, or make it first (file: state=directory)")


def _folders(path: str, mode: int, owner: str, group: str) -> Step[None]:
    """Have every folder down to the path; those that are there stay as they are."""
    missing: list[str] = []
    while (found := (yield from ask(ReadFile(path)))) is None:
        missing.append(path)
        path = posixpath.dirname(path)
    if found.kind != "directory":
        raise TaskFailed(f"{path} is there and is no folder, or a link to one; it is left alone")
    for folder in reversed(missing):
        yield from ask(MakeFolder(path=folder, mode=mode, owner=owner, group=group, before=None))


def _same(before: FileState, mode: int, owner: str, group: str) -> bool:
    return (before.mode, before.owner, before.group) == (mode, owner, group)


def _only_files(before: FileState | None, path: str) -> None:
    if before is not None and before.kind != "file":
        kind = {"link": "or stands below a symbolic link; name the file itself", "directory": "a folder"}.get(
            before.kind
        )
        raise TaskFailed(f"{path} is {kind or 'neither a file nor a folder'}; it is left alone")


def lineinfile(request: Request) -> Step[Done]:
    """Have a line stand in a text file once, or no line that fits."""
    path = request.path("path", "dest", "destfile", "name")
    present = request.choice("state", ("present", "absent"), "present") == "present"
    before = yield from ask(ReadFile(path))
    _only_files(before, path)
    if before is None:
        if not present:
            return Done(changed=False, why="there is no such file")
        if not request.flag("create"):
            raise TaskFailed(f"{path} does not exist; write create: yes where it may be made")
    try:
        lines = (before.content if before else b"").decode().splitlines(keepends=True)
    except UnicodeDecodeError as fault:
        raise TaskFailed(f"{path}: byte {fault.start} is not UTF-8; it is left alone") from fault
    edited = _with_line(request, lines) if present else _without_line(request, lines)
    return (yield from _written(request, path, "".join(edited).encode(), before))


def _pattern(request: Request, name: str) -> re.Pattern[str] | None:
    if not request.has(name):
        return None
    try:
        return re.compile(request.text(name))
    except re.error as fault:
        raise TaskFailed(f"{name}: not a regular expression: {fault}") from fault


def _bare(line: str) -> str:
    return line.rstrip("\r\n")


def _without_line(request: Request, lines: list[str]) -> list[str]:
    pattern = _pattern(request, "regexp")
    line = request.text("line") if pattern is None else ""
    return [one for one in lines if not (pattern.search(one) if pattern else _bare(one) == line)]


def _with_line(request: Request, lines: list[str]) -> list[str]:
    """Follow Ansible's order: the last line that fits is replaced; else the line is there; else it is put in."""
    line, pattern = request.text("line"), _pattern(request, "regexp")
    fits = [number for number, one in enumerate(lines) if (pattern.search(one) if pattern else _bare(one) == line)]
    if fits:
        changed = list(lines)
        changed[fits[-1]] = f"{line}\n"
        return changed
    if any(_bare(one) == line for one in lines):
        return lines
    place = _place(request, lines)
    head = lines[:place]
    if head and not head[-1].endswith("\n"):
        head[-1] += "\n"
    return [*head, f"{line}\n", *lines[place:]]


def _place(request: Request, lines: list[str]) -> int:
    if request.has("insertafter") and request.has("insertbefore"):
        raise TaskFailed("insertafter and insertbefore exclude each other")
    before = request.has("insertbefore")
    word = request.text("insertbefore" if before else "insertafter", default="EOF")
    if word in ("BOF", "EOF"):
        return 0 if word == "BOF" else len(lines)
    pattern = _pattern(request, "insertbefore" if before else "insertafter")
    assert pattern is not None
    fits = [number for number, one in enumerate(lines) if pattern.search(one)]
    if not fits:
        return len(lines)
    return fits[-1] if before else fits[-1] + 1


def file(request: Request) -> Step[Done]:
    """Have a path be a folder, a file with these attributes, or nothing."""
    path = request.path("path", "dest", "name")
    before = yield from ask(ReadFile(path))
    state = request.choice(
        "state", ("file", "directory", "absent"), "directory" if before and before.kind == "directory" else "file"
    )
    if state == "absent":
        if before is None:
            return Done(changed=False, why="there is no such path")
        yield from ask(RemovePath(path=path, before=before))
        return Done(changed=True)
    if state == "directory":
        return (yield from _folder(request, path, before))
    if before is None:
        raise TaskFailed(f"{path} does not exist; file: state=file makes none, copy and template do")
    _only_files(before, path)
    return (yield from _written(request, path, before.content, before))


def _folder(request: Request, path: str, before: FileState | None) -> Step[Done]:
    if before is not None and before.kind != "directory":
        raise TaskFailed(f"{path} is there and is no folder; it is left alone")
    wanted = MakeFolder(
        path=path,
        mode=request.mode(before.mode if before else NEW_FOLDER),
        owner=request.text("owner", default=before.owner if before else "root"),
        group=request.text("group", default=before.group if before else "root"),
        before=before,
    )
    if before is not None and _same(before, wanted.mode, wanted.owner, wanted.group):
        return Done(changed=False, why="it is as it must be")
    yield from _folders(posixpath.dirname(path), wanted.mode, wanted.owner, wanted.group)
    yield from ask(wanted)
    return Done(changed=True)
