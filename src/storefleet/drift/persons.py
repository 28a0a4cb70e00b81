"""Who was there: people among what a host wrote down, and the only one at a time, where there is just one."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from storefleet.collect.traces import Trace
from storefleet.drift.commands import reads
from storefleet.model.drift import Sighting, Who
from storefleet.model.instants import instant, utc

NEAR_S = 180
"""Seconds between a command and what it wrote that may lie between: a package takes its time."""

_LATER_S = 3600
"""How long a run may read after it began."""

_CLOCK_S = 60
"""Seconds that an answer may take on its way: a clock that is as far off is not wrong."""

_LONGEST = 300
_OF_PASSWORDS = re.compile(
    r"\b(?:chpasswd|chgpasswd|mkpasswd|htpasswd|sshpass|smbpasswd|openssl passwd)\b"
    r"|\b(?:useradd|usermod|adduser|groupmod|passwd)\b(?=.*\s(?:-\w*p|--stdin))"
)


@dataclass(frozen=True)
class Seen:
    """What a host wrote down between two runs, the deeds of our own accounts left out."""

    traces: tuple[Trace, ...]
    logins: tuple[Trace, ...]
    """Those that stood in that time, whenever they began."""

    def of(self, *kinds: str) -> list[Trace]:
        """Return what there is of these kinds, the oldest first."""
        return sorted((trace for trace in self.traces if trace.kind in kinds), key=lambda trace: trace.at)


def windows(
    first: Sighting | None, before: Sighting | None, traces: Sequence[Trace], ours: Collection[str]
) -> list[Seen]:
    """Return what lies between the two runs, and that with what came while the second of them was reading.

    That it was later than the beginning of a run says nothing against it, and what was earlier is better.
    """
    begin, end = seconds(before.at) if before else 0, seconds(first.at) if first else None
    people = [trace for trace in traces if not (trace.user and trace.user in ours)]
    found = []
    for slack in (0, _LATER_S):
        last = end + slack if end is not None else None
        logins = [one for one in people if one.kind == "login" and _stood(one, begin, last)]
        within = [one for one in people if begin <= one.at and (last is None or one.at <= last)]
        if slack:
            within = [one for one in within if one.kind != "kept"]  # a save says of a line only that it came before
        found.append(Seen(tuple(within), tuple(logins)))
    return found


def by_our_clock(traces: Sequence[Trace], now: int) -> tuple[Trace, ...]:
    """Return what a host wrote down by our clock, where its own was found to be wrong when it was asked."""
    offset = next((trace.at - now for trace in traces if trace.kind == "clock"), 0)
    if abs(offset) <= _CLOCK_S:
        return tuple(traces)
    return tuple(
        replace(one, at=max(0, one.at - offset), until=max(0, one.until - offset) if one.until else 0) for one in traces
    )


def _stood(login: Trace, begin: int, end: int | None) -> bool:
    return (end is None or login.at <= end) and (login.at >= begin or login.until == 0 or login.until >= begin)


def ran(command: Trace, at: int) -> bool:
    """Tell whether a command ran at that time; where nothing says when it ended, for as long as one may take."""
    return command.at <= at <= (command.until + 1 if command.until else command.at + NEAR_S)


def only_one(seen: Seen, at: int | None) -> tuple[Trace, str] | None:
    """Return the only person that was there at that time, or in all the time, and in words what shows it."""
    if at is not None:
        commands = [one for one in seen.of("sudo") if ran(one, at) and not reads(one.subject)]
        if len({one.user for one in commands}) > 1:
            return None
        if commands:
            return commands[-1], f"sudo at that time: {told(commands[-1])}"
    logins = [one for one in seen.logins if at is None or (one.at <= at and (one.until == 0 or at <= one.until + 1))]
    if len({one.user for one in logins}) != 1 or len({one.origin for one in logins if one.origin}) > 1:
        return None
    one = next((login for login in reversed(logins) if login.origin), logins[-1])
    place = f"from {one.origin}" if one.origin else f"on {one.subject}"
    words = "the only login in that time" if at is None else "the only login at that time"
    return one, f"{words}: {one.user} {place}"


def told(command: Trace) -> str:
    """Return a command as evidence; of one in which a secret may stand that no word announces, its program alone."""
    if "vtysh" in command.subject:
        return "vtysh"
    speaks = _OF_PASSWORDS.search(command.subject)
    return f"{speaks[0].strip()} …" if speaks else command.subject[:_LONGEST]


def made(
    at: int, evidence: str, *, user: str = "", origin: str = "", is_sure: bool = True, is_timed: bool = True
) -> Who:
    """Return who, when and by what it is known."""
    when = utc(datetime.datetime.fromtimestamp(at, datetime.UTC))
    certainty = "recorded" if is_sure else "inferred"
    return Who(
        at=when,
        is_timed=is_timed,
        user=user,
        origin=origin,
        evidence=evidence,
        certainty=certainty,  # type: ignore[arg-type]  # one of two
    )


def seconds(text: str) -> int:
    """Return an instant of ours in seconds since 1970; 0 where it is none."""
    found = instant(text)
    return int(found.timestamp()) if found else 0
