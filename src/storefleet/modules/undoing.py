"""The way back of an earlier run on one host, out of what the host kept: `storefleet undo RUN`.

Only what still is as the run left it is put back; what was changed since belongs to somebody else, and is told.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.changes import (
    CLASSES,
    ActOnUnit,
    Alter,
    ChangeClass,
    FileState,
    MakeFolder,
    MakeLink,
    PutFile,
    ReadFile,
    ReadText,
    ReadUnit,
    RemovePath,
    UnitState,
)
from storefleet.model.effects import Step, ask
from storefleet.modules import remote
from storefleet.modules.base import Done, Request
from storefleet.modules.placing import fingerprint

_RUN = re.compile(r"[A-Za-z0-9-]{1,64}")
_RUNS = frozenset({"active", "activating", "reloading"})
_TOUCHING = frozenset({"start", "stop", "restart", "reload"})
Action: TypeAlias = Literal["stop", "disable", "mask", "unmask", "enable", "restart"]


@dataclass(frozen=True)
class _Kept:
    """One line of the list that a run left: what was replaced, and in which way."""

    number: int
    kind: str
    words: str
    target: str


@dataclass
class _Undo:
    """What is gathered on the way: notes for people, and how much is asked for."""

    folder: str
    left: Mapping[str, str]
    """Path → how it was when the run had done with it."""
    notes: list[str] = field(default_factory=list)
    asked: int = 0
    checked: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)


def undo_run(request: Request) -> Step[Done]:
    """Put back what a run replaced on this host, the last first."""
    run = request.text("run")
    if not _RUN.fullmatch(run):
        raise TaskFailed(f"run: {run!r:.70} is no run")
    folder = f"{remote.KEPT}/{run}"
    kept = _lines((yield from _read(folder, "list")))
    if not kept:
        raise TaskFailed(f"nothing is kept of {run} on this host, so there is no way back from here")
    undo = _Undo(folder, _left((yield from _read(folder, "after"))))
    units = _first_of_units(kept)
    yield from _stops(undo, units)
    for one in reversed(_first_of_each(kept)):
        if one.kind in ("kept", "absent", "folder", "attributes"):
            yield from _path(undo, one)
        elif one.kind == "script":
            yield from _script(undo, one)
        elif one.kind == "tree":
            yield from _tree(undo, one)
        elif one.kind == "no-way-back":
            undo.notes.append(f"no way back is known of {one.target}")
    yield from _units(undo, units, kept)
    why = "" if undo.asked else "it is as it was before that run"
    return Done(changed=bool(undo.asked), why=why, notes=tuple(undo.notes))


def _read(folder: str, name: str) -> Step[str]:
    path = quote(f"{folder}/{name}")
    text = yield from ask(ReadText(f"kept:{folder}/{name}", f"[ ! -f {path} ] || cat {path}"))
    return text


def _lines(text: str) -> list[_Kept]:
    found = []
    for line in text.splitlines():
        parts = line.split("\t", 3)
        if len(parts) != 4 or not parts[0].isdecimal():
            raise TaskFailed(f"the list of what was kept cannot be read: {line!r:.80}")
        found.append(_Kept(int(parts[0]), *parts[1:]))
    return found


def _left(text: str) -> dict[str, str]:
    rows = [line.split("\t", 2) for line in text.splitlines()]
    return {row[2]: row[1] for row in rows if len(row) == 3}


def _first_of_each(kept: list[_Kept]) -> list[_Kept]:
    """Return the first line of each path: what stood there before the run, however often the run changed it."""
    seen: set[tuple[str, str]] = set()
    first = []
    for one in kept:
        key = ("script", str(one.number)) if one.kind in ("script", "no-way-back") else ("path", one.target)
        if one.kind != "unit" and key not in seen:
            seen.add(key)
            first.append(one)
    return first


def _path(undo: _Undo, one: _Kept) -> Step[None]:
    now = yield from ask(ReadFile(one.target))
    was = (yield from ask(ReadFile(f"{undo.folder}/{one.number}"))) if one.kind == "kept" else None
    if one.kind == "kept" and (why := _no_way_back(was, now, f"{undo.folder}/{one.number}")):
        undo.notes.append(f"{one.target}: {why}")
        return
    if _same(now, was, one):
        return
    if fingerprint(now) != undo.left.get(one.target):
        undo.notes.append(f"moved since: {one.target} is no longer as that run left it, and stays as it is")
        return
    undo.asked += 1
    if one.kind == "folder" and now is not None and now.kind != "directory":
        yield from ask(RemovePath(path=one.target, before=now))
        now = None
    if one.kind == "absent":
        assert now is not None
        yield from ask(RemovePath(path=one.target, before=now))
    elif one.kind == "folder":
        mode, owner, group = one.words.split(" ")
        yield from ask(MakeFolder(path=one.target, mode=int(mode, 8), owner=owner, group=group, before=now))
    elif one.kind == "attributes" and now is not None:
        mode, owner, group = one.words.split(" ")
        yield from ask(
            PutFile(path=one.target, content=now.content, mode=int(mode, 8), owner=owner, group=group, before=now)
        )
    elif was is not None and was.kind == "link":
        yield from ask(MakeLink(path=one.target, to=was.content.decode("utf-8", "replace"), before=now))
    elif was is not None:
        yield from ask(
            PutFile(path=one.target, content=was.content, mode=was.mode, owner=was.owner, group=was.group, before=now)
        )


def _no_way_back(was: FileState | None, now: FileState | None, kept: str) -> str:
    """Tell why what was kept cannot be put back; a link is made again from the text of where it pointed."""
    if was is None:
        return "what was kept of it is gone"
    if was.kind == "link" and was != now and was.content.decode("utf-8", "replace").encode() != was.content:
        return f"where it pointed is no UTF-8, so it is not put back: `cp -P {kept}` does that"
    return ""


def _same(now: FileState | None, was: FileState | None, one: _Kept) -> bool:
    if one.kind in ("folder", "attributes"):
        return now is not None and f"{now.mode:o} {now.owner} {now.group}" == one.words
    return now == was


def _tree(undo: _Undo, one: _Kept) -> Step[None]:
    """Bring back a folder with all it held; where something stands by now, it stays."""
    if (yield from ask(ReadFile(one.target))) is not None:
        undo.notes.append(f"moved since: {one.target} is there again, and stays as it is")
        return
    undo.asked += 1
    kept, target = quote(f"{undo.folder}/{one.number}"), quote(one.target)
    script = f"[ ! -e {target} ] && cp -a {kept} {target}"
    yield from ask(Alter(subject=f"file:{one.target}", action="restore", script=script, cost="config"))


def _script(undo: _Undo, one: _Kept) -> Step[None]:
    """Run the way back that a change kept, once, and only where nobody has changed since what it is about."""
    script = yield from ask(ReadFile(f"{undo.folder}/{one.number}.sh"))
    if script is None:
        if (yield from ask(ReadFile(f"{undo.folder}/{one.number}.taken"))) is None:
            undo.notes.append(f"{one.target}: its way back is gone")
        return
    look = yield from ask(ReadFile(f"{undo.folder}/{one.number}.read"))
    read, now = "", ""
    if look is not None:
        read = f"{{ {look.content.decode('utf-8', 'replace').rstrip()}\n}} || :"
    if look is not None and one.target not in undo.checked:
        now = yield from ask(ReadText(f"left:{undo.folder}/{one.number}", read))
        if hashlib.sha256(now.encode()).hexdigest() != undo.left.get(one.target):
            undo.notes.append(f"moved since: {one.target} is no longer as that run left it, and stays as it is")
            undo.moved.add(one.target)
    if one.target in undo.moved:
        return
    first = one.target not in undo.checked
    undo.checked.add(one.target)
    undo.asked += 1
    text = f"""k={quote(undo.folder)} n={one.number}
( {script.content.decode("utf-8", "replace")}
) || exit 1
mv "$k/$n.sh" "$k/$n.taken\""""
    cost: ChangeClass = next((known for known in CLASSES if known == one.words), "path")
    read = read if first else ""
    yield from ask(Alter(subject=one.target, action="take back", script=text, cost=cost, read=read, before=now))


def _first_of_units(kept: list[_Kept]) -> dict[str, _Kept]:
    """Return the first line of each unit, the last unit first: what was true of it before the run."""
    first: dict[str, _Kept] = {}
    for one in kept:
        if one.kind == "unit" and one.target and len(one.words.split(" ")) == 3:
            first.setdefault(one.target, one)
    return dict(reversed(first.items()))


def _act(undo: _Undo, unit: str, now: UnitState, action: Action) -> Step[None]:
    undo.asked += 1
    yield from ask(ActOnUnit(unit=unit, action=action, before=now))


def _stops(undo: _Undo, units: Mapping[str, _Kept]) -> Step[None]:
    """End what the run brought, while its files are still there."""
    for unit, one in units.items():
        now = yield from ask(ReadUnit(unit))
        _, active, enabled = one.words.split(" ")
        if now is None or active == "-":
            continue
        if active not in _RUNS and now.active in _RUNS:
            yield from _act(undo, unit, now, "stop")
        if enabled in ("disabled", "-") and now.enabled == "enabled":
            yield from _act(undo, unit, now, "disable")


def _units(undo: _Undo, units: Mapping[str, _Kept], kept: list[_Kept]) -> Step[None]:
    """Bring the units to where they were before the first action of the run; a restarted one reads its files again."""
    if undo.asked and any(one.words.startswith("daemon-reload") for one in kept if one.kind == "unit"):
        yield from ask(ActOnUnit(unit="", action="daemon-reload"))
    touched = {one.target for one in kept if one.kind == "unit" and one.words.split(" ")[0] in _TOUCHING}
    for unit, one in units.items():
        now = yield from ask(ReadUnit(unit))
        if now is None:
            continue
        _, active, enabled = one.words.split(" ")
        if enabled.startswith("masked") != now.enabled.startswith("masked") and enabled != "-":
            yield from _act(undo, unit, now, "mask" if enabled.startswith("masked") else "unmask")
        if enabled.startswith("enabled") and not now.enabled.startswith("enabled"):
            yield from _act(undo, unit, now, "enable")
        if active in _RUNS and (now.active not in _RUNS or (undo.asked and unit in touched)):
            yield from _act(undo, unit, now, "restart")
