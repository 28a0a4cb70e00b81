"""What a host itself has written down of who did what when: one script, and its lines read without trust.

Nothing here is proof: whoever is root can write these files as well. It is what the host says, and is told as that.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence

from storefleet.collect.deeds import LOGS, TELLING, Trace, deeds, shown
from storefleet.collect.frr import vty_log
from storefleet.collect.log_lines import Entry, file, journal, local, printable, zone_of
from storefleet.collect.quote import quote, quote_glob
from storefleet.model.effects import NONCE, Output, RunScript, Step, ask

__all__ = ["Trace", "read", "script", "traces"]

MOST = 1000
"""Lines of each log that are looked at, the newest."""

_BYTES = 2 * 1024 * 1024
_SHARE = 128 * 1024
_LOG = 4 * 1024 * 1024
"""Bytes of the end of a log that are looked at."""

_SLACK_S = 60
_FIELDS = "MESSAGE,SYSLOG_IDENTIFIER,_PID,_COMM,_UID"

_PACKAGE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:install|upgrade|remove|purge) (?P<name>[\w.+-]{1,200})(:\S+)? .*"
)
_APT = re.compile(
    r"(?P<field>Start-Date|Commandline|Requested-By|Install|Upgrade|Downgrade|Remove|Purge): (?P<rest>.*)"
)
_ONE = re.compile(r"(?P<name>[a-z0-9][a-z0-9+.-]{1,200})(?::[a-z0-9]+)? \([^)]*\)")
_LAST = re.compile(
    r"(?P<user>[\w.@-]{1,64}) +(?P<tty>\S{1,32}) +(?P<origin>\S{1,64})"
    r" +(?P<from>\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})"
    r"(?: - (?P<to>\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}))?.*"
)
_WTMP_TIME = "%a %b %d %H:%M:%S %Y"


def traces(files: Sequence[str], since: int, now: int, lines: Sequence[str] | None = None) -> Step[tuple[Trace, ...]]:
    """Ask a host for what it wrote down since an instant, and for the times of these files; ``now`` is our clock's.

    Of a router that is asked for ``lines`` of its configuration, what FRR itself says of them.
    """
    output = yield from ask(RunScript(script(files, since, now, lines), deadline_s=60.0, max_bytes=_BYTES + 4096))
    return tuple(read(output))


def script(files: Sequence[str], since: int, now: int, lines: Sequence[str] | None = None) -> str:
    """Return the script; it only reads. A path with ``*`` in it is every file that it fits.

    A host whose clock is wrong wrote its journal by that clock, and is asked by it.
    """
    looks = "".join(f"look {_words(path)}\n" for path in files)
    names = " ".join(f"SYSLOG_IDENTIFIER={name}" for name in LOGS)
    programs = "|".join(LOGS)
    return f"""PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH LC_ALL=C
since=$(({since} + $(date +%s) - {now} - {_SLACK_S})); [ "$since" -gt 0 ] || since=0
look() {{ for f in "$@"; do at=$(stat -c '%Y %Z' "$f" 2>/dev/null) && printf 'file %s %s\\n' "$at" "$f"; done; }}
journal() {{ journalctl -q --no-pager -o json "$@" 2>/dev/null; }}
written() {{ journal --output-fields={_FIELDS} "$@" || journal "$@"; }}
told() {{
printf 'clock %s\\nzone %s\\n' "$(date +%s)" "$(date +%z)"
sed 's/^\\([^:]*\\):[^:]*:\\([^:]*\\):.*/account \\2 \\1/' /etc/passwd 2>/dev/null | head -n 500
{looks}cat /var/log/dpkg.log.1 /var/log/dpkg.log 2>/dev/null | grep -E ' (install|upgrade|remove|purge) ' |
  tail -n {MOST} | sed 's/^/package /'
tail -c {_SHARE} /var/log/apt/history.log 2>/dev/null | sed 's/^/apt /'
last -Fiw 2>/dev/null | head -n {MOST} | sed 's/^/last /'
if [ -n "$(journalctl -q -n 1 2>/dev/null)" ]; then
written --since @"$since" {names} | grep -aE '{TELLING}' |
  tail -n {MOST} | sed 's/^/journal /'
else
{{ for f in auth.log.1 auth.log secure messages; do tail -c {_LOG} "/var/log/$f" 2>/dev/null; done
  logread 2>/dev/null; }} |
  grep -aE ' ({programs})(\\[[0-9]+\\])?: ' | grep -aE '{TELLING}' | tail -n {MOST} | sed 's/^/line /'
fi
{vty_log.script(lines) if lines is not None else ""}}}
told </dev/null | head -c {_BYTES}
printf '\\n{NONCE} end\\n'
"""


def _words(path: str) -> str:
    return quote_glob(path) if "*" in path else quote(path)


def read(output: Output) -> Iterator[Trace]:
    """Yield what an answer holds; one that is not whole holds nothing."""
    text = output.stdout.decode("utf-8", "replace")
    if not output.nonce or not text.endswith(f"\n{output.nonce} end\n"):
        return
    rows = [(kind, rest) for kind, _, rest in (line.partition(" ") for line in text.split("\n"))]
    first = dict(reversed(rows))
    zone, now = zone_of(first.get("zone", "")), _number(first.get("clock", ""))
    if now:
        yield Trace("clock", now, "")
    if boot := _number(first.get("boot", "")):
        yield Trace("boot", boot, "")
    entries = [entry for kind, rest in rows for entry in _entries(kind, rest, zone, now)]
    uids = dict(_accounts(rest for kind, rest in rows if kind == "account"))
    yield from deeds(entries, uids)
    yield from vty_log.typed(entries, uids)
    yield from vty_log.remembered([printable(rest) for kind, rest in rows if kind == "history"])
    yield from _apt([rest for kind, rest in rows if kind == "apt"], zone)
    for kind, rest in rows:
        yield from _row(kind, rest, zone)


def _entries(kind: str, rest: str, zone: datetime.tzinfo, now: int) -> Iterator[Entry]:
    if kind == "journal":
        yield from journal(rest)
    elif kind == "line":
        yield from file(rest, zone, now)


def _row(kind: str, rest: str, zone: datetime.tzinfo) -> Iterator[Trace]:
    if kind == "file":
        written, _, more = rest.partition(" ")
        changed, _, path = more.partition(" ")
        if _number(written) and _number(changed):
            yield Trace("file", _number(written), path)
            yield Trace("inode", _number(changed), path)
    elif kind == "package" and (found := _PACKAGE.fullmatch(rest)):
        yield Trace("package", local(found["at"], zone), found["name"])
    elif kind == "last" and (found := _LAST.fullmatch(rest)):
        yield from _visit(found, zone)
    elif kind == "kept":
        yield from vty_log.kept(rest)


def _visit(found: re.Match[str], zone: datetime.tzinfo) -> Iterator[Trace]:
    """Yield a login that ``last`` knows; it has no address where somebody sat before the host."""
    if found["user"] in ("reboot", "shutdown", "runlevel"):
        return
    try:
        begun, ended = (
            int(datetime.datetime.strptime(text, _WTMP_TIME).replace(tzinfo=zone).timestamp()) if text else 0
            for text in (found["from"], found["to"])
        )
    except ValueError:
        return
    is_address = found["origin"] != "0.0.0.0" and re.fullmatch(r"[0-9A-Fa-f.:]{2,45}", found["origin"])  # noqa: S104 - as last writes none
    place = "" if is_address else printable(found["tty"])
    if not ended and "still logged in" not in found[0]:
        ended = begun  # a power cut, or a logout that nothing wrote down: it stood for a time that nobody knows
    yield Trace("login", max(0, begun), place, found["user"], found["origin"] if is_address else "", max(0, ended))


def _apt(texts: Sequence[str], zone: datetime.tzinfo) -> Iterator[Trace]:
    """Yield what apt says of each package that was asked of it, by whom and how."""
    at, command, user = 0, "", ""
    for text in texts:
        if (found := _APT.fullmatch(text)) is None:
            continue
        field, rest = found["field"], found["rest"]
        if field == "Start-Date":
            at, command, user = local(" ".join(rest.split()), zone), "", ""
        elif field == "Commandline":
            command = printable(shown(rest))
        elif field == "Requested-By":
            user = rest.partition(" ")[0][:64]
        else:
            for one in _ONE.finditer(rest):
                yield Trace("package", at, one["name"], printable(user), detail=command)


def _accounts(texts: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Yield the accounts by number, the first of each number."""
    found: dict[int, str] = {}
    for text in texts:
        number, _, name = text.partition(" ")
        if number.isdecimal() and len(number) < 11:
            found.setdefault(int(number), name)
    yield from found.items()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else 0
