"""What a Linux host itself has written down of who did what when: one script, and its lines read without trust.

Nothing here is proof: whoever is root can write these files as well. It is what the host says, and is told as that.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from storefleet.collect.quote import quote
from storefleet.collect.redact import strip_secrets
from storefleet.model.effects import NONCE, Output, RunScript, Step, ask

Kind: TypeAlias = Literal["file", "package", "sudo", "account", "login"]

MOST = 2000
"""Lines of each log that are looked at, the newest."""

_BYTES = 512 * 1024
_LOGS = ("sudo", "useradd", "usermod", "userdel", "groupadd", "gpasswd", "sshd")
_ENTRY = re.compile(r"(?P<at>\d{9,11})\.\d+ \S+ (?P<program>[\w-]+)\[\d+\]: (?P<text>.*)")
_SUDO = re.compile(r"\s*(?P<user>[\w.@-]{1,64}) : .*?\bUSER=\S+ ; (?:ENV=.*? ; )?COMMAND=(?P<command>.*)")
_LOGIN = re.compile(r"Accepted \S+ for (?P<user>[\w.@-]{1,64}) from (?P<origin>[0-9A-Fa-f.:]{2,45}) port .*")
_PACKAGE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:install|upgrade|remove|purge) (?P<name>[\w.+-]{1,200})(:\S+)? .*"
)
_ZONE = re.compile(r"(?P<sign>[+-])(?P<hours>\d\d)(?P<minutes>\d\d)")


@dataclass(frozen=True)
class Trace:
    """One thing that the host wrote down; ``at`` in seconds since 1970.

    ``subject`` is the path, the package, the account or the command; ``user`` who, where that is said; ``origin`` the
    address that a login came from.
    """

    kind: Kind
    at: int
    subject: str
    user: str = ""
    origin: str = ""


def traces(files: Sequence[str], since: int) -> Step[tuple[Trace, ...]]:
    """Ask a host for what it wrote down since an instant, and for the times of these files."""
    output = yield from ask(RunScript(script(files, since), deadline_s=60.0))
    return tuple(read(output))


def script(files: Sequence[str], since: int) -> str:
    """Return the script; it only reads, and prints no more than half a megabyte."""
    names = " ".join(f"SYSLOG_IDENTIFIER={name}" for name in _LOGS)
    looks = "".join(f"look {quote(path)}\n" for path in files)
    return f"""PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH LC_ALL=C
look() {{ at=$(stat -c %Y "$1" 2>/dev/null) && printf 'file %s %s\\n' "$at" "$1"; }}
told() {{
printf 'zone %s\\n' "$(date +%z)"
{looks}cat /var/log/dpkg.log.1 /var/log/dpkg.log 2>/dev/null | grep -E ' (install|upgrade|remove|purge) ' |
  tail -n {MOST} | sed 's/^/package /'
journalctl -q --no-pager -o short-unix --since @{since} -n {MOST} {names} 2>/dev/null | sed 's/^/log /'
}}
told </dev/null | head -c {_BYTES}
printf '\\n{NONCE} end\\n'
"""


def read(output: Output) -> Iterator[Trace]:
    """Yield what an answer holds; one that is not whole holds nothing."""
    text = output.stdout.decode("utf-8", "replace")
    if not output.nonce or not text.endswith(f"\n{output.nonce} end\n"):
        return
    zone: datetime.tzinfo = datetime.UTC
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "zone":
            zone = _zone(rest)
        elif kind == "file":
            at, _, path = rest.partition(" ")
            if at.isdecimal() and len(at) < 12:
                yield Trace("file", int(at), path)
        elif kind == "package" and (found := _PACKAGE.fullmatch(rest)):
            yield Trace("package", _local(found["at"], zone), found["name"])
        elif kind == "log" and (found := _ENTRY.fullmatch(rest)):
            yield from _logged(int(found["at"]), found["program"], found["text"])


def _logged(at: int, program: str, text: str) -> Iterator[Trace]:
    if program == "sudo":
        if found := _SUDO.fullmatch(text):
            yield Trace("sudo", at, strip_secrets(found["command"])[:300], found["user"])
    elif program == "sshd":
        if found := _LOGIN.fullmatch(text):
            yield Trace("login", at, "", found["user"], found["origin"])
    else:
        yield Trace("account", at, strip_secrets(text)[:300])


def _zone(text: str) -> datetime.tzinfo:
    found = _ZONE.fullmatch(text.strip())
    if found is None:
        return datetime.UTC
    offset = datetime.timedelta(hours=int(found["hours"]), minutes=int(found["minutes"]))
    return datetime.timezone(-offset if found["sign"] == "-" else offset)


def _local(text: str, zone: datetime.tzinfo) -> int:
    try:
        return int(datetime.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())
    except ValueError:
        return 0
