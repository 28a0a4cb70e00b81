"""Links: symbolic ones, and second names of a file."""

from __future__ import annotations

import posixpath

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import Alter, FileState, MakeLink, PutFile, ReadFile, ReadText
from storefleet.model.effects import Step, ask
from storefleet.modules.base import Done, Request
from storefleet.modules.files import AS_WANTED, NEW_FILE, account, attributes, is_same, only_files, parent


def link(request: Request, path: str, before: FileState | None) -> Step[Done]:
    """Have a symbolic link point to ``src``, as it is written there; a mode is not a link's to have."""
    if not request.has("src"):
        return _as_it_is(path, before)
    to = request.text("src")
    if not to or "\0" in to or not to.isprintable():
        raise TaskFailed(f"src: a path is due here, not {to!r:.60}")
    force = request.flag("force")
    if not force:
        yield from _must_exist(posixpath.normpath(posixpath.join(posixpath.dirname(path), to)))
    told: dict[str, Json] = {"dest": path, "src": to, "state": "link"}
    if before is not None and before.kind == "link" and before.content == to.encode():
        return Done(changed=False, why="it points there", values=told)
    yield from _may_be_replaced(path, before, force=force)
    yield from parent(path)
    owner = yield from account(request, "owner", "root")
    group = yield from account(request, "group", "root")
    yield from ask(MakeLink(path=path, to=to, before=before, owner=owner, group=group))
    return Done(changed=True, values=told)


def _as_it_is(path: str, before: FileState | None) -> Done:
    if before is None or before.kind != "link":
        raise TaskFailed("src is due here: what the link is to point to")
    to = before.content.decode("utf-8", "replace")
    return Done(changed=False, why=AS_WANTED, values={"dest": path, "src": to, "state": "link"})


def _must_exist(target: str) -> Step[None]:
    found = yield from ask(ReadFile(target))
    there = found is not None
    if found is not None and found.kind == "link":
        script = f"if [ -e {quote(target)} ]; then echo there; fi"
        there = (yield from ask(ReadText(f"target:{target}", script))) == "there"
    if not there:
        raise TaskFailed(f"src: {target} does not exist; write force: true where the link may point to nothing")


def _may_be_replaced(path: str, before: FileState | None, *, force: bool) -> Step[None]:
    if before is None or before.kind == "link":
        return
    kind = "a folder" if before.kind == "directory" else "no link"
    if not force:
        raise TaskFailed(f"{path} is {kind}; write force: true where it may be replaced by a link")
    if before.kind == "directory":
        script = f"ls -A {quote(path)} 2>/dev/null || :"
        if (yield from ask(ReadText(f"tree:{path}", script))):
            raise TaskFailed(f"{path} is a folder that holds something; it is not replaced by a link")
    elif before.kind == "other":
        raise TaskFailed(f"{path} is neither a file nor a folder; it is left alone")


def hard(request: Request, path: str, before: FileState | None) -> Step[Done]:
    """Have a path be another name of the file ``src``."""
    source = request.path("src")
    found = yield from ask(ReadFile(source))
    if found is None:
        raise TaskFailed(f"src: {source} does not exist")
    only_files(found, source)
    if before is not None and before.kind == "directory":
        path = posixpath.join(path, posixpath.basename(source))
        before = yield from ask(ReadFile(path))
    only_files(before, path)
    yield from parent(path)
    changed = yield from _attributes(request, source, found)
    read = f"""p={quote(path)} s={quote(source)}
if [ "$p" -ef "$s" ]; then echo same; elif [ -e "$p" ] || [ -L "$p" ]; then echo other; else echo absent; fi"""
    now = yield from ask(ReadText(f"file:{path}", read))
    told: dict[str, Json] = {"dest": path, "src": source, "state": "hard"}
    if now == "same":
        return Done(changed=changed, why="" if changed else "it is that file already", values=told)
    if now == "other" and not request.flag("force"):
        raise TaskFailed(f"{path} is another file; write force: true where it may be replaced")
    yield from ask(_linking(path, source, read, now))
    return Done(changed=True, values=told)


def _attributes(request: Request, source: str, found: FileState) -> Step[bool]:
    mode, owner, group = yield from attributes(request, found, NEW_FILE)
    if is_same(found, mode, owner, group):
        return False
    wanted = PutFile(path=source, content=found.content, mode=mode, owner=owner, group=group, before=found)
    yield from ask(wanted)
    return True


def _linking(path: str, source: str, read: str, now: str) -> Alter:
    script = f"""p={quote(path)}
[ ! -e "$p" ] || cp -pP "$p" "$k/$n" || exit 1
ln -f {quote(source)} "$p" """
    way_back = f"""p={quote(path)}
if [ -e "$k/$n" ]; then cp -pP "$k/$n" "$p.storefleet-undo" && mv -f "$p.storefleet-undo" "$p"; else rm -f "$p"; fi"""
    return Alter(
        subject=f"file:{path}",
        action="link",
        script=script,
        cost="config",
        read=read,
        before=now,
        after="same",
        shown=(f"{path} = {source}",),
        way_back=way_back,
    )
