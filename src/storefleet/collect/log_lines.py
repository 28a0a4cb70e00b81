"""Lines of a host's logs, in whichever form it keeps them, as entries that say who wrote them as far as that is known.

The journal notes which program and account a line truly came from; a file of lines does not, so that anybody who may
log could have written one there.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

LONGEST = 4096
"""Characters of a line that are looked at."""

_SYSLOG = re.compile(
    r"(?P<at>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) "
    r"\S+ (?:[a-z0-9]+\.[a-z]+ )?(?P<program>[\w-]{1,32})(?:\[(?P<pid>\d{1,9})\])?: (?P<text>.*)"
)
_FRR_FILE = re.compile(
    r"(?P<at>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)(?:\.\d+)? (?P<program>[A-Z][A-Z0-9]{1,15}): (?P<text>.*)"
)
_ZONE = re.compile(r"(?P<sign>[+-])(?P<hours>\d\d)(?P<minutes>\d\d)")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\U0010ffff]")
_DAY_S = 86400


@dataclass(frozen=True)
class Entry:
    """One line of a log; ``uid`` and ``came_from`` are what the journal itself saw, ``None`` and empty elsewhere."""

    at: int
    program: str
    pid: str
    text: str
    uid: int | None = None
    came_from: str = ""


class _Journal(msgspec.Struct):
    """What ``journalctl -o json`` writes of an entry; a message with bytes that do not print is a list of numbers."""

    at: str = msgspec.field(name="__REALTIME_TIMESTAMP", default="")
    program: str = msgspec.field(name="SYSLOG_IDENTIFIER", default="")
    pid: str = msgspec.field(name="_PID", default="")
    uid: str = msgspec.field(name="_UID", default="")
    came_from: str = msgspec.field(name="_COMM", default="")
    text: str | list[int] | None = msgspec.field(name="MESSAGE", default=None)


def printable(text: str) -> str:
    """Return a text of a device as it may stand in a report: nothing in it drives a terminal."""
    return _UNPRINTABLE.sub("?", text)


def journal(line: str) -> Iterator[Entry]:
    """Yield the entry of one line of the journal, nothing where it is none."""
    try:
        found = msgspec.json.decode(line.encode("utf-8", "replace"), type=_Journal)
        text = found.text if isinstance(found.text, str) else bytes(found.text or ()).decode("utf-8", "replace")
    except (msgspec.MsgspecError, ValueError):
        return
    if found.at.isdecimal() and len(found.at) < 19 and found.uid.isdecimal() and len(found.uid) < 11:
        at = int(found.at) // 1_000_000
        yield Entry(at, found.program, found.pid, printable(text[:LONGEST]), int(found.uid), found.came_from)


def file(line: str, zone: datetime.tzinfo, now: int) -> Iterator[Entry]:
    """Yield the entry of one line of a log file, of a ring of syslogd, or of a file of FRR's own."""
    if found := _SYSLOG.fullmatch(line[:LONGEST]):
        yield Entry(instant(found["at"], zone, now), found["program"], found["pid"] or "", printable(found["text"]))
    elif found := _FRR_FILE.fullmatch(line[:LONGEST]):
        at = local(found["at"].replace("/", "-"), zone)
        yield Entry(at, found["program"].lower(), "", printable(found["text"]))


def instant(text: str, zone: datetime.tzinfo, now: int) -> int:
    """Return when a line was written: in the newest year in which that is not yet to come, where it names none."""
    if text[:4].isdecimal():
        return local(text, zone)
    year = datetime.datetime.fromtimestamp(now, zone).year
    for guess in (year, year - 1, year - 2, year - 3, year - 4):  # of any four years one has a 29th of February
        try:
            at = datetime.datetime.strptime(f"{guess} {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=zone)
        except ValueError:
            continue
        if at.timestamp() <= now + _DAY_S:
            return int(at.timestamp())
    return 0


def zone_of(text: str) -> datetime.tzinfo:
    """Return the zone that ``date +%z`` names; UTC where it names none."""
    found = _ZONE.fullmatch(text.strip())
    if found is None:
        return datetime.UTC
    offset = datetime.timedelta(hours=int(found["hours"]), minutes=int(found["minutes"]))
    if offset >= datetime.timedelta(days=1):
        return datetime.UTC
    return datetime.timezone(-offset if found["sign"] == "-" else offset)


def local(text: str, zone: datetime.tzinfo) -> int:
    """Return a date and time as a host writes it in seconds since 1970; 0 where it is none."""
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError:
        return 0
    return max(0, int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()))
