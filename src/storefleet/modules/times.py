"""When a path was read and changed last, as ``file`` sets it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.changes import Alter, ReadText
from storefleet.model.effects import Step, ask
from storefleet.modules.base import Done, Request

_FORMAT = "%Y%m%d%H%M.%S"
_KINDS = (("modification_time", "m", "%Y"), ("access_time", "a", "%X"))


def with_times(request: Request, path: str, done: Done, *, usual: str, new: bool = False) -> Step[Done]:
    """Set the times that the task names, each ``preserve``, ``now`` or a time in the device's own zone.

    ``usual`` stands for a time that is not named; a new file has the time of its making, unless one is written out.
    """
    wanted: dict[str, str] = {}
    for name, flag, field in _KINDS:
        value = request.text(name, default=usual)
        if value in ("", "preserve") or (new and value == "now"):
            continue
        stamp = "" if value == "now" else _stamp(request, name, value)
        if stamp and not new and (yield from _shows(path, field)) == stamp:
            continue
        wanted[flag] = stamp
    if not wanted:
        return done
    yield from ask(_touching(path, wanted))
    return replace(done, changed=True, why="")


def _stamp(request: Request, name: str, value: str) -> str:
    """Return a time as ``touch -t`` takes it."""
    form = request.text(f"{name}_format", default=_FORMAT)
    try:
        return datetime.strptime(value, form).strftime("%Y%m%d%H%M.%S")  # noqa: DTZ007 — in the zone of the device
    except ValueError as fault:
        raise TaskFailed(f"{name}: preserve, now or a time as {form} is due here, not {value!r:.60}") from fault


def _shows(path: str, field: str) -> Step[str]:
    script = f'date -d "@$(stat -c {field} {quote(path)})" +{_FORMAT}'
    shown = yield from ask(ReadText(f"time{field}:{path}", script))
    return shown if re.fullmatch(r"\d{12}\.\d\d", shown) else ""


def _touching(path: str, wanted: dict[str, str]) -> Alter:
    commands = [
        f"touch -c -{flag}{f' -t {stamp}' if stamp else ''} {quote(path)}" for flag, stamp in sorted(wanted.items())
    ]
    words = {"a": "access time", "m": "modification time"}
    shown = tuple(f"{words[flag]} -> {stamp or 'now'}" for flag, stamp in sorted(wanted.items()))
    old = f'touch -c -r "$k/$n" {quote(path)}'
    keep = f'touch -r {quote(path)} "$k/$n" || exit 1\n'
    return Alter(
        subject=f"times:{path}",
        action="touch",
        script=keep + " &&\n".join(commands),
        cost="config",
        after="",
        shown=shown,
        way_back=old,
    )
