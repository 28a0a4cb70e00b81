"""Who changed a line of a router's configuration, and when: what FRR, sudo and the saved file say of it."""

from __future__ import annotations

from collections.abc import Collection

from storefleet.collect.traces import Trace
from storefleet.drift.compare import CONFIG, Delta
from storefleet.drift.persons import NEAR_S, Seen, made, only_one
from storefleet.drift.typed import is_vtysh, named_by, names, paths
from storefleet.model.drift import Who

_BOOT_S = 180
"""Seconds after its start in which a router has its daemons running."""


def wanted(some: Collection[Delta]) -> tuple[str, ...]:
    """Return the lines of which is asked whether they are saved, each behind its sections."""
    lines = {
        _key(parents, line)
        for delta in some
        if delta.part == CONFIG
        for parents, line, _ in paths(delta)
        if "<redacted" not in _key(parents, line)
    }
    return tuple(sorted(lines))


def who(delta: Delta, seen: Seen, kept: Collection[Trace], before: int) -> Who | None:
    """Return who and when; ``kept`` are the saved lines, ``before`` when it was last seen otherwise."""
    return (
        _typed(delta, seen)
        or _started(delta, seen, kept, before)
        or _remembered(delta, seen)
        or _saved(delta, seen, kept)
        or _there(seen)
    )


def _typed(delta: Delta, seen: Seen) -> Who | None:
    """Judge by lines that name it: FRR's own log says when, sudo who."""
    said = f"`{_line(delta)}`"
    logged = [one for one in seen.of("command") if names(_sections(one), one.subject, delta)]
    by_sudo = [one for one in seen.of("sudo") if named_by(one.subject, delta)]
    if by_sudo and not (logged and logged[-1].at > by_sudo[-1].at + NEAR_S):
        return made(by_sudo[-1].at, f"sudo: vtysh with {said}", user=by_sudo[-1].user)
    if not logged:
        return None
    at, words = logged[-1].at, f"FRR's log of commands: {said}"
    return _by(only_one(seen, at), at, words) or made(at, words)


def _remembered(delta: Delta, seen: Seen) -> Who | None:
    """Judge by what vtysh keeps of what each account typed: whose it is stands there, and not when it was."""
    remembered = [
        one
        for one in seen.of("history")
        if any(names(sections, one.subject, delta) for sections in (_sections(one), []))
    ]
    users = {one.user for one in remembered}
    if len(users) != 1:
        return None
    one = remembered[-1]
    origins = {login.origin for login in seen.logins if login.user == one.user}
    origin = origins.pop() if len(origins) == 1 else ""
    words = f"{one.user}'s memory of vtysh holds `{_line(delta)}`, and was written last then"
    return made(one.at, words, user=one.user, origin=origin, is_sure=False)


def _started(delta: Delta, seen: Seen, kept: Collection[Trace], before: int) -> Who | None:
    """Judge by a start at which the saved lines were read, and they were saved before it was last seen otherwise."""
    starts = seen.of("start", "boot")
    lines = {one.subject: one for one in kept}
    if not starts or not all(
        (one := lines.get(_key(parents, line))) and one.at <= before and (one.detail in ("there", "new")) == came
        for parents, line, came in paths(delta)
    ):
        return None
    boots = [one.at for one in seen.of("boot")]
    at = boots[-1] if boots else starts[-1].at
    how = "it booted then" if boots and starts[-1].at <= at + _BOOT_S else "its routing daemons started then"
    at = at if how.startswith("it booted") else starts[-1].at
    return made(at, f"{how}, and read the saved configuration")


def _saved(delta: Delta, seen: Seen, kept: Collection[Trace]) -> Who | None:
    """Judge by the save that brought the line into the file: it was typed by then."""
    known = {one.subject: one for one in kept}
    for parents, line, came in paths(delta):
        one = known.get(_key(parents, line))
        if one is None or one.detail != ("new" if came else "gone") or one not in seen.traces:
            continue
        words = "frr.conf was saved then, the first time with it" if came else "frr.conf was saved then, without it"
        return _by(only_one(seen, one.at), one.at, words) or made(one.at, words)
    return None


def _there(seen: Seen) -> Who | None:
    """Judge by who was there at all: just one, be it by a login or by sudo."""
    entered = [one for one in seen.of("sudo") if is_vtysh(one.subject)]
    if len({one.user for one in (*entered, *seen.logins)}) != 1:
        return None
    found = only_one(seen, None)
    if found is None and entered:
        words = "sudo: vtysh, the only one in that time"
        return made(entered[-1].at, words, user=entered[-1].user, is_sure=False)
    if found is None:
        return None
    one, words = found
    return made(one.at, words, user=one.user, origin=one.origin, is_sure=False, is_timed=False)


def _by(found: tuple[Trace, str] | None, at: int, words: str) -> Who | None:
    if found is None:
        return None
    one, shown = found
    return made(at, f"{words}; {shown}", user=one.user, origin=one.origin, is_sure=False)


def _key(parents: tuple[str, ...], line: str) -> str:
    return " / ".join((*parents, line))


def _sections(one: Trace) -> list[str]:
    return one.detail.split("\n") if one.detail else []


def _line(delta: Delta) -> str:
    line = next((line for _, line, came in paths(delta) if came), None)
    return line if line is not None else delta.key.rpartition(" / ")[2]
