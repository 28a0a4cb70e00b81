"""service, systemd: what runs, and what starts with the host."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import ActOnUnit, FileState, Inquire, ReadFile, ReadUnit, UnitState
from storefleet.model.effects import Step, ask
from storefleet.modules.base import Done, Request
from storefleet.modules.packages import wait_for_packages

_UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.@\\-]{0,200}")
_KINDS = (
    *(".service", ".socket", ".device", ".mount", ".automount", ".swap", ".target", ".path", ".timer"),
    *(".slice", ".scope"),
)
_RUNS = frozenset({"active", "activating", "reloading"})
_STARTS = frozenset({"enabled", "static", "generated", "transient", "alias"})
"""Where ``systemctl is-enabled`` says yes, and ``enable`` would change nothing."""
_NO_SYSTEMD = "this host has no systemd; service and systemd work on hosts that have (sysvinit and openrc: not yet)"
UNIT_FOLDER = "/etc/systemd/system"
Action = Literal["start", "stop", "restart", "reload", "enable", "disable", "mask", "unmask"]


def systemd(request: Request) -> Step[Done]:
    """Have a unit masked or not, start with the host or not, and run or not: in Ansible's order."""
    request.choice("scope", ("system",), "system")
    reload = request.flag("daemon_reload") or request.flag("daemon-reload")
    named = any(request.has(name) for name in ("name", "service", "unit"))
    unit = _unit_name(request) if named else ""
    if not named and (not reload or any(request.has(word) for word in ("state", "enabled", "masked"))):
        raise TaskFailed("name is due here")
    now = (yield from _unit(unit)) if named else None
    actions = (yield from _actions(request, unit, now)) if now else []
    if reload:
        yield from ask(ActOnUnit(unit="", action="daemon-reload"))
    if now is None:
        return Done(changed=False, why="systemd has read its units again")
    for action in actions:
        yield from ask(ActOnUnit(unit=unit, action=action, before=now))
        now = _after(now, action)
    values: dict[str, Json] = {"name": request.text("name", "service", "unit"), "enabled": now.enabled == "enabled"}
    if request.has("state"):
        values["state"] = "stopped" if request.text("state") == "stopped" else "started"
    return Done(changed=bool(actions), why="" if actions else _why(request, now), values=values)


def _unit_name(request: Request) -> str:
    name = request.text("name", "service", "unit")
    if not _UNIT.fullmatch(name):
        raise TaskFailed(f"name: {name!r:.60} is no unit")
    return name if name.endswith(_KINDS) else f"{name}.service"


def _unit(unit: str) -> Step[UnitState]:
    """Return what systemd says, or what it will say once it has read the file that an earlier task makes."""
    now = yield from ask(ReadUnit(unit))
    if now is None:
        raise TaskFailed(_NO_SYSTEMD)
    if now.load != "not-found":
        return now
    if (yield from _own_file(unit)) is not None:
        return UnitState("loaded", "inactive", "disabled")
    yield from wait_for_packages(unit)
    return now


def _own_file(unit: str) -> Step[FileState | None]:
    template, at, _ = unit.partition("@")
    kind = unit[unit.rindex(".") :]
    found: FileState | None = yield from ask(
        ReadFile(f"{UNIT_FOLDER}/{template}@{kind}" if at else f"{UNIT_FOLDER}/{unit}")
    )
    return found if found is not None and found.kind == "file" else None


def _actions(request: Request, unit: str, now: UnitState) -> Step[list[Action]]:
    actions: list[Action] = []
    masked = now.load == "masked" or now.enabled in ("masked", "masked-runtime")
    if request.has("masked") and request.flag("masked") != masked:
        actions.append("unmask" if masked else "mask")
        masked = not masked
        now = _after(now, actions[0])
    if not (request.has("enabled") or request.has("state")):
        return actions
    if now.load not in ("loaded", "masked"):
        raise TaskFailed(f"Could not find the requested service {unit}: systemd does not know it ({now.load})")
    if request.has("enabled"):
        actions += _starts_with_host(request, unit, now, masked=masked)
    if request.has("state"):
        actions += yield from _runs(request, unit, now, masked=masked)
    return actions


def _starts_with_host(request: Request, unit: str, now: UnitState, *, masked: bool) -> list[Action]:
    wanted = request.flag("enabled")
    if wanted and masked:
        raise TaskFailed(f"enabled: {unit} is masked; write masked: no where it may be unmasked")
    if wanted:
        return [] if now.enabled in _STARTS else ["enable"]
    return ["disable"] if now.enabled in ("enabled", "enabled-runtime", "indirect") else []


def _runs(request: Request, unit: str, now: UnitState, *, masked: bool) -> Step[list[Action]]:
    state = request.choice("state", ("started", "stopped", "restarted", "reloaded"), "started")
    runs = now.active in _RUNS
    if state == "stopped":
        return ["stop"] if runs or now.active == "deactivating" else []
    if masked and not (state == "started" and runs):
        raise TaskFailed(f"state: {unit} is masked; write masked: no where it may be unmasked")
    if not runs:
        return ["start"]
    if state == "reloaded" and not (yield from _can_reload(unit)):
        raise TaskFailed(f"state: {unit} has no way to be reloaded (no ExecReload); restart it")
    return [] if state == "started" else ["restart" if state == "restarted" else "reload"]


def _can_reload(unit: str) -> Step[bool]:
    """Ask systemd; of a unit that it will only know when an earlier task has run, the file says it."""
    output = yield from ask(
        Inquire(f"systemctl show -p LoadState -p CanReload -- {quote(unit)} </dev/null", f"unit:{unit}")
    )
    told = dict(line.partition("=")[::2] for line in output.stdout.decode("utf-8", "replace").splitlines())
    if told.get("LoadState") != "not-found":
        return told.get("CanReload") == "yes"
    file = yield from _own_file(unit)
    return file is not None and re.search(rb"(?m)^(ExecReload=.|Type=notify-reload)", file.content) is not None


def _after(now: UnitState, action: Action) -> UnitState:
    """Return what a unit is after one of several actions, for the next one's ``before``."""
    if action == "mask":
        return msgspec.structs.replace(now, load="masked", enabled="masked")
    if action == "unmask":
        return msgspec.structs.replace(now, load="loaded", enabled="disabled")
    if action in ("enable", "disable"):
        return msgspec.structs.replace(now, enabled=f"{action}d")
    return msgspec.structs.replace(now, active="inactive" if action == "stop" else "active")


def _why(request: Request, now: UnitState) -> str:
    if request.has("enabled") and now.enabled in ("static", "generated", "transient"):
        return f"it is as it must be; a unit that is {now.enabled} is neither enabled nor disabled, others start it"
    return "it is as it must be"
