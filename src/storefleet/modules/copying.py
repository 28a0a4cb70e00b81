"""copy, template: a file, a folder or a text of ours at a path of the device."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from dataclasses import replace

import msgspec

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import FileState, MakeFolder, ReadFile, ReadText
from storefleet.model.effects import Step, ask
from storefleet.modules.base import Done, Request
from storefleet.modules.files import AS_WANTED, NEW_FOLDER, attributes, check, folders, is_same, only_files, written


def copy(request: Request) -> Step[Done]:
    """Put a file or a folder of the fleet folder, a text, or a file of the device itself at a path."""
    if request.has("content") == request.has("src"):
        raise TaskFailed("copy: exactly one of src and content is due")
    check(request)
    if request.has("checksum") and not re.fullmatch(r"[0-9a-f]{40}", request.text("checksum")):
        raise TaskFailed("checksum: the 40 digits of a SHA-1 are due here")
    if request.has("content"):
        if request.text("dest").endswith("/"):
            raise TaskFailed("dest: a file is due here, since content has no name of its own")
        return (yield from _put(request, request.path("dest"), _content(request)))
    name = request.text("src")
    if request.flag("remote_src"):
        return (yield from _of_device(request))
    inside = request.list_local("files", name.rstrip("/"))
    if inside:
        return (yield from _folder(request, name, inside))
    content = request.read_local("files", name)
    request = _with_mode(request, "files", name)
    return (yield from _put(request, (yield from _destination(request, name)), content))


def template(request: Request) -> Step[Done]:
    """Put a rendered template of the fleet folder at a path; it is rendered before the device is asked anything."""
    name = request.text("src")
    try:
        text = request.read_local("templates", name).decode()
    except UnicodeDecodeError as fault:
        raise TaskFailed(f"{name}: a template is UTF-8 text; byte {fault.start} is not") from fault
    content = request.render(text).encode()
    check(request)
    request = _with_mode(request, "templates", name)
    return (yield from _put(request, (yield from _destination(request, name)), content))


def _content(request: Request) -> bytes:
    """Return the text to write: a mapping or a list as JSON, a truth as Python spells it, as Ansible does."""
    content = request.arguments["content"]
    if isinstance(content, dict | list):
        return json.dumps(content).encode()
    return str(content).encode()


def _with_mode(request: Request, kind: str, name: str) -> Request:
    """Return the request with ``preserve`` resolved to the mode of our own file."""
    if request.arguments.get("mode") != "preserve":
        return request
    return _having(request, mode=request.local_mode(kind, name))


def _having(request: Request, **more: Json) -> Request:
    return replace(request, arguments={**request.arguments, **more})


def _destination(request: Request, name: str) -> Step[str]:
    """Return the path that is meant: a folder, or one written with a slash, takes the name of the source."""
    path, base = request.path("dest"), posixpath.basename(name.rstrip("/"))
    if request.text("dest").endswith("/"):
        yield from _made(request, path)
        return posixpath.join(path, base)
    found = yield from ask(ReadFile(path))
    if found is not None and found.kind == "directory":
        return posixpath.join(path, base)
    return path


def _made(request: Request, path: str) -> Step[bool]:
    """Have the folders down to a path; new ones get ``directory_mode`` and the owner of the files."""
    mode, owner, group = yield from attributes(request, None, NEW_FOLDER, "directory_mode")
    return (yield from folders(path, mode, owner, group))


def _put(request: Request, path: str, content: bytes, base: FileState | None = None) -> Step[Done]:
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    if request.text("checksum", default=digest) != digest:
        raise TaskFailed(f"checksum: what is to be copied has {digest}; nothing was copied")
    before = yield from ask(ReadFile(path))
    only_files(before, path)
    if before is not None and not request.flag("force", default=True):
        return Done(changed=False, why="it is there, and force is no", values={"dest": path})
    if before is not None and before.content == content:
        base = None
    return (yield from written(request, path, content, before, base, {"src": request.text("src", default="") or None}))


def _folder(request: Request, name: str, inside: tuple[str, ...]) -> Step[Done]:
    """Copy what a folder of ours holds; with a slash behind its name what is in it, else the folder with it."""
    source, top = name.rstrip("/"), request.path("dest")
    if not name.endswith("/"):
        top = posixpath.join(top, posixpath.basename(source))
    changed = yield from _made(request, top)
    for folder in _folders_of(inside):
        changed |= yield from _subfolder(request, posixpath.join(top, folder))
    for rel in inside:
        one = _with_mode(request, "files", f"{source}/{rel}")
        done = yield from _put(one, posixpath.join(top, rel), request.read_local("files", f"{source}/{rel}"))
        changed |= done.changed
    why = "" if changed else "all that it holds is as it must be"
    return Done(changed=changed, why=why, values={"dest": request.text("dest"), "src": name})


def _folders_of(inside: tuple[str, ...]) -> list[str]:
    """Return every folder of these relative names, the outer ones first."""
    found: set[str] = set()
    for rel in inside:
        while rel := posixpath.dirname(rel):
            found.add(rel)
    return sorted(found)


def _subfolder(request: Request, path: str) -> Step[bool]:
    """Have a folder, new or old, with ``directory_mode`` and the owner of the files; tell whether it was other."""
    before = yield from ask(ReadFile(path))
    if before is not None and before.kind != "directory":
        raise TaskFailed(f"{path} is there and is no folder; it is left alone")
    mode, owner, group = yield from attributes(request, before, NEW_FOLDER, "directory_mode")
    if before is not None and is_same(before, mode, owner, group):
        return False
    yield from ask(MakeFolder(path=path, mode=mode, owner=owner, group=group, before=before))
    return True


# -- files of the device itself


def _of_device(request: Request) -> Step[Done]:
    source = request.path("src")
    found = yield from ask(ReadFile(source))
    if found is None:
        raise TaskFailed(f"src: {source} is not on the device")
    if found.kind == "directory":
        return (yield from _tree_of_device(request, source))
    only_files(found, source)
    path = yield from _destination(request, source)
    return (yield from _copied(request, path, found))


def _copied(request: Request, path: str, found: FileState) -> Step[Done]:
    """Put a copy of a file of the device; a file that it replaces gets the mode of the source, as under Ansible."""
    if request.arguments.get("mode") == "preserve":
        request = _having(request, mode=found.mode)
    there = yield from ask(ReadFile(path))
    base = msgspec.structs.replace(found, owner="root", group="root") if there is not None else None
    return (yield from _put(request, path, found.content, base))


def _tree_of_device(request: Request, source: str) -> Step[Done]:
    """Copy a folder of the device: its files and folders with their modes, its links not."""
    top = request.path("dest")
    if not request.text("src").endswith("/"):
        top = posixpath.join(top, posixpath.basename(source))
    script = f"cd {quote(source)} && find . ! -name . | LC_ALL=C sort"
    listed = (yield from ask(ReadText(f"tree:{source}", script))).splitlines()
    changed = yield from _made(request, top)
    for name in (line.removeprefix("./") for line in listed):
        found, path = (yield from ask(ReadFile(f"{source}/{name}"))), posixpath.join(top, name)
        if found is not None and found.kind == "directory":
            changed |= yield from _subfolder(_having(request, directory_mode=found.mode), path)
        elif found is not None and found.kind == "file":
            request_of = request if request.has("mode") else _having(request, mode=found.mode)
            changed |= (yield from _copied(request_of, path, found)).changed
        else:
            raise TaskFailed(f"{source}/{name} is neither a file nor a folder; it cannot be copied")
    return Done(changed=changed, why="" if changed else AS_WANTED, values={"dest": top, "src": source})
