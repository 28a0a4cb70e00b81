"""hostname, timezone, reboot: what a host is called, what time it shows, and a fresh start."""

from __future__ import annotations

import re

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import (
    Alter,
    AwaitHost,
    FileState,
    Inquire,
    MakeLink,
    PutFile,
    ReadFile,
    ReadText,
    RemovePath,
    Wait,
)
from storefleet.model.effects import Step, ask
from storefleet.modules.base import Done, Request

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?)*")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")
_ZONES = "/usr/share/zoneinfo"
_NAMES = """if [ -d /run/systemd/system ] && command -v hostnamectl >/dev/null; then
  for kind in transient static pretty; do printf '%s|' "$(hostnamectl --$kind status </dev/null)"; done
else printf 'none|%s' "$(uname -n)"
fi"""


def hostname(request: Request) -> Step[Done]:
    """Have the host carry a name, now and after its next start."""
    name = request.text("name")
    if not _HOST.fullmatch(name) or len(name) > 64:
        raise TaskFailed(f"name: {name!r:.60} is no name for a host (letters, digits, - and dots; 64 at most)")
    values: dict[str, Json] = {"name": name, "ansible_facts": {"ansible_hostname": name.partition(".")[0]}}
    text = yield from ask(ReadText("host:name", _NAMES))
    now, *more = text.split("|")
    changed = (yield from _with_systemd(name, text)) if now != "none" else (yield from _by_hand(name, more[0], text))
    return Done(changed=changed, why="" if changed else "it is called so", values=values)


def _with_systemd(name: str, text: str) -> Step[bool]:
    transient, static, pretty, *_ = text.split("|")
    lines, back = [], []
    if static != name:
        lines.append(f"hostnamectl --pretty --static set-hostname {quote(name)}")
        back += [
            f"hostnamectl --static set-hostname {quote(static)}",
            f"hostnamectl --pretty set-hostname {quote(pretty)}",
        ]
    if transient != name:
        lines.append(f"hostnamectl --transient set-hostname {quote(name)}")
        back.append(f"hostnamectl --transient set-hostname {quote(transient)}")
    if not lines:
        return False
    after = "|".join([name, name, name if static != name else pretty, ""])
    yield from ask(_named(text, lines, back, after, f"host name {static or transient} -> {name}"))
    return True


def _named(before: str, lines: list[str], back: list[str], after: str, shown: str) -> Alter:
    return Alter(
        subject="host:name",
        action="name",
        script="set -e\n" + "\n".join(f"{line} </dev/null" for line in lines),
        cost="config",
        read=_NAMES,
        before=before,
        after=after,
        shown=(shown,),
        way_back="\n".join(back),
    )


def _by_hand(name: str, now: str, text: str) -> Step[bool]:
    """Write /etc/hostname and set the kernel's name, on a host without systemd."""
    before = yield from ask(ReadFile("/etc/hostname"))
    changed = False
    if before is None or before.content != f"{name}\n".encode():
        yield from ask(
            PutFile(
                path="/etc/hostname",
                content=f"{name}\n".encode(),
                mode=0o644,
                owner="root",
                group="root",
                before=before,
            )
        )
        changed = True
    if now != name:
        set_it, back = (f"hostname {quote(one)}" for one in (name, now))
        yield from ask(_named(text, [set_it], [back], f"none|{name}", f"host name {now} -> {name}"))
        changed = True
    return changed


def timezone(request: Request) -> Step[Done]:
    """Have /etc/localtime point to a time zone; services see it from their next start."""
    name = request.text("name")
    if not _ZONE.fullmatch(name):
        raise TaskFailed(f"name: {name!r:.60} is no time zone; Europe/Berlin is one")
    if (yield from ask(Inquire(f"[ -f {quote(f'{_ZONES}/{name}')} ]"))).exit_status:
        raise TaskFailed(f"name: this host knows no time zone {name} (tzdata gives {_ZONES}/{name})")
    before = yield from ask(ReadFile("/etc/localtime"))
    if _zone_of(before) == name:
        return Done(changed=False, why="it is the time zone")
    if before is not None and before.kind != "link":
        yield from ask(RemovePath(path="/etc/localtime", before=before))
        before = None
    yield from ask(MakeLink(path="/etc/localtime", to=f"..{_ZONES}/{name}", before=before))
    return Done(changed=True)


def _zone_of(before: FileState | None) -> str:
    if before is None or before.kind != "link":
        return ""
    return before.content.decode("utf-8", "replace").rpartition("/zoneinfo/")[2]


def reboot(request: Request) -> Step[Done]:
    """Start the host anew, and wait until it answers."""
    seconds, delay = request.number("reboot_timeout", 600), max(2, request.number("pre_reboot_delay", 0))
    boot = yield from ask(ReadText("host:boot", "cat /proc/sys/kernel/random/boot_id"))
    yield from ask(
        Alter(
            subject="host:boot",
            action="reboot",
            script=f"""if [ -d /run/systemd/system ]; then
  systemd-run --quiet --collect --on-active={delay} systemctl reboot </dev/null
else ( sleep {delay}; reboot ) </dev/null >/dev/null 2>&1 &
fi""",
            cost="reboot",
            after="another boot",
            shown=(f"the host starts anew in {delay} s",),
        )
    )
    yield from ask(AwaitHost(float(delay + seconds), not_boot=boot))
    if request.number("post_reboot_delay", 0) > 0:
        yield from ask(Wait(float(request.number("post_reboot_delay", 0))))
    return Done(changed=True, values={"rebooted": True})
