"""service, systemd: what runs, and what starts with the host."""

from __future__ import annotations

import re
from typing import Literal

from storefleet.errors import TaskFailed
from storefleet.model.changes import ActOnUnit, ReadUnit, UnitState
from storefleet.model.effects import Step, ask
from storefleet.modules.base import Done, Request

_UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.@\\-]{0,200}")
_RUNS = frozenset({"active", "activating", "reloading"})
Action = Literal["start", "stop", "restart", "reload", "enable", "disable"]


def systemd(request: Request) -> Step[Done]:
    """Have a unit started, stopped, restarted or reloaded, and start with the host or not."""
    reload = request.flag("daemon_reload") or request.flag("daemon-reload")
    if reload:
        yield from ask(ActOnUnit(unit="", action="daemon-reload"))
    if not (request.has("name") or request.has("service") or request.has("unit")):
        if not reload:
            raise TaskFailed("name is due here")
        return Done(changed=False, why="systemd has read its units again")
    unit = request.text("name", "service", "unit")
    if not _UNIT.fullmatch(unit):
        raise TaskFailed(f"name: {unit!r:.60} is no unit")
    now = yield from ask(ReadUnit(unit))
    if now is None:
        raise TaskFailed("this host has no systemd; service and systemd work on hosts that have")
    if now.load not in ("loaded", "masked"):
        raise TaskFailed(f"{unit}: systemd does not know it ({now.load})")
    actions = _actions(request, now)
    for action in actions:
        yield from ask(ActOnUnit(unit=unit, action=action, before=now))
    return Done(changed=bool(actions), why="" if actions else "it is as it must be")


def _actions(request: Request, now: UnitState) -> list[Action]:
    """Return what must be done, in Ansible's order: what starts with the host first."""
    actions: list[Action] = []
    if request.has("enabled") and request.flag("enabled") != (now.enabled in ("enabled", "enabled-runtime", "alias")):
        if now.enabled in ("static", "masked", "generated", "transient", "indirect", ""):
            raise TaskFailed(f"a unit that is {now.enabled or 'without a file'} is neither enabled nor disabled")
        actions.append("enable" if request.flag("enabled") else "disable")
    if not request.has("state"):
        return actions
    state = request.choice("state", ("started", "stopped", "restarted", "reloaded"), "started")
    runs = now.active in _RUNS
    if state == "restarted":
        actions.append("restart")
    elif state == "reloaded":
        actions.append("reload" if runs else "start")
    elif (state == "started") != runs:
        actions.append("stop" if runs else "start")
    return actions
