"""sysctl: a setting of the running kernel, and the file that sets it at every start."""

from __future__ import annotations

import re

from storefleet.collect.quote import command, quote
from storefleet.errors import TaskFailed
from storefleet.model.changes import Alter, ChangeClass, FileState, ReadFile, ReadText
from storefleet.model.effects import Step, ask
from storefleet.modules.base import FALSE, TRUE, Done, Request
from storefleet.modules.settings_files import file_of, in_folder

_NAME = re.compile(r"[a-z0-9_]+([./][A-Za-z0-9_@:-]+)+")
_HARMLESS = re.compile(
    r"(?!net\.|kernel\.(modules_disabled|kexec|panic|sysrq|core_pattern)|fs\.|vm\.(overcommit|panic|min_free)).*"
    r"|net\.(ipv4|ipv6)\.conf\.[^.]+\.log_martians|net\.core\.(somaxconn|[rw]mem_.*|netdev_.*)"
    r"|net\.ipv4\.tcp_(keepalive_.*|fin_timeout|syncookies|[rw]mem)|fs\.(file-max|inotify\..*|suid_dumpable)"
)
"""What cannot cut the way to the device; every other setting of the network can."""


def sysctl(request: Request) -> Step[Done]:
    """Have a setting of the kernel stand in a file of settings, and hold now."""
    name = request.text("name", "key").strip()
    if not _NAME.fullmatch(name):
        raise TaskFailed(f"name: {name!r:.60} is no setting of the kernel")
    present = request.choice("state", ("present", "absent"), "present") == "present"
    value = _value(request) if present else ""
    path = request.path("sysctl_file") if request.has("sysctl_file") else "/etc/sysctl.conf"
    before = yield from ask(ReadFile(path))
    if before is not None and before.kind != "file":
        raise TaskFailed(f"{path} is no file; it is left alone")
    had, lines = _edited(before, name, value if present else None)
    if not present:
        if had is None:
            return Done(changed=False, why="it is not in the file")
        yield from ask(file_of(path, lines, before))
        return Done(changed=True)
    reload, sets = request.flag("reload", default=True), request.flag("sysctl_set")
    live = (yield from _live(request, name)) if reload or sets else value
    holds = live.split() == value.split()
    if had != value:
        yield from in_folder(path)
        yield from ask(file_of(path, lines, before))
    if not holds:
        yield from ask(_set(request, name, live, value))
    if had != value or not holds:
        return Done(changed=True)
    return Done(changed=False, why="it is as it must be")


def _value(request: Request) -> str:
    given = request.arguments.get("value", request.arguments.get("val"))
    text = ("1" if given else "0") if isinstance(given, bool) else request.text("value", "val").strip()
    if not text or not text.isprintable():
        raise TaskFailed("value: one line is due here")
    word = text.lower()
    return "1" if word in TRUE else "0" if word in FALSE else text


def _edited(before: FileState | None, name: str, value: str | None) -> tuple[str | None, list[str]]:
    """Return what the file sets it to, and its new lines: Ansible writes every setting as ``name=value``, once."""
    try:
        lines = (before.content if before else b"").decode().splitlines()
    except UnicodeDecodeError as fault:
        raise TaskFailed(f"the file of settings: byte {fault.start} is not UTF-8; it is left alone") from fault
    had: str | None = None
    edited: list[str] = []
    seen: set[str] = set()
    for line in (line.strip() for line in lines):
        if not line or line[0] in "#;" or "=" not in line:
            edited.append(line)
            continue
        key, _, old = (part.strip() for part in line.partition("="))
        had = old if key == name else had
        if key in seen:
            continue
        seen.add(key)
        if key != name:
            edited.append(f"{key}={old}")
        elif value is not None:
            edited.append(f"{key}={value}")
    if name not in seen and value is not None:
        edited.append(f"{name}={value}")
    return had, edited


def _read(name: str) -> str:
    return f"sysctl -n {quote(name)} 2>/dev/null </dev/null || echo '(none)'"


def _live(request: Request, name: str) -> Step[str]:
    """Return what holds now; a kernel that does not know the setting is a fault unless errors are to be ignored."""
    live = yield from ask(ReadText(f"sysctl:{name}", _read(name)))
    if live == "(none)" and not request.flag("ignoreerrors"):
        raise TaskFailed(f"name: this host's kernel has no setting {name} (ignoreerrors: yes writes the file alone)")
    return live


def _set(request: Request, name: str, live: str, value: str) -> Alter:
    missing = ["-e"] if request.flag("ignoreerrors") else []
    cost: ChangeClass = "config" if _HARMLESS.fullmatch(name.replace("/", ".")) else "path"
    return Alter(
        subject=f"sysctl:{name}",
        action="set",
        script=f"{command(['sysctl', *missing, '-w', f'{name}={value}'])} </dev/null >/dev/null",
        cost=cost,
        read=_read(name),
        before=live,
        after="\t".join(value.split()),
        shown=(f"{name} {live} -> {value}",),
        way_back=command(["sysctl", "-w", f"{name}={live}"]) if live != "(none)" else ":",
    )
