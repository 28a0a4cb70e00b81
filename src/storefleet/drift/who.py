"""Who made a difference and when, out of what the host itself wrote down; each answer with how certain it is."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from storefleet.collect.traces import Trace
from storefleet.drift import who_router
from storefleet.drift.commands import changes, names
from storefleet.drift.compare import CONFIG, Delta
from storefleet.drift.persons import Seen, made, only_one, ran, seconds, told, windows
from storefleet.drift.who_files import beside, files_of, fits, itself, times
from storefleet.model.drift import Sighting, Who

__all__ = ["files_of", "seconds", "who"]


def who(
    delta: Delta,
    first: Sighting | None,
    before: Sighting | None,
    traces: Sequence[Trace],
    ours: Collection[str],
) -> Who | None:
    """Return who and when, ``None`` where nothing tells; ``ours`` are the accounts that we come in with."""
    kept = [trace for trace in traces if trace.kind == "kept"]
    last = seconds(before.at) if before else 0
    found = (
        who_router.who(delta, seen, kept, last) if delta.part == CONFIG else _on_host(delta, seen)
        for seen in windows(first, before, traces, ours)
    )
    return next((one for one in found if one is not None), None)


def _on_host(delta: Delta, seen: Seen) -> Who | None:
    written = _written(delta, seen)
    at = written.at if written else None
    if written is not None and written.kind == "package" and written.user:
        return made(written.at, f"apt's own log: {written.detail}", user=written.user)
    commands = seen.of("sudo")
    near = [one for one in commands if at is None or ran(one, at)]
    naming = [one for one in near if names(one.subject, delta)]
    if naming:
        return made(at or naming[-1].at, f"sudo: {told(naming[-1])}", user=naming[-1].user)
    changing = [one for one in near if changes(one.subject, delta)]
    if len({one.user for one in changing}) == 1:
        one = changing[-1]
        return made(at or one.at, f"sudo that may have: {told(one)}", user=one.user, is_sure=False)
    hint = None if written else _hint(delta, seen)
    when = at if at is not None else hint.at if hint else None
    if (found := only_one(seen, when)) is not None:
        one, words = found
        return made(when or one.at, words, user=one.user, origin=one.origin, is_sure=False, is_timed=when is not None)
    if written is not None:
        return made(written.at, _WRITTEN[written.kind])
    return made(hint.at, f"the time of {hint.subject}", is_sure=False) if hint else None


_WRITTEN = {
    "file": "the file's own time",
    "inode": "the file's own time of change (ctime)",
    "package": "dpkg's log",
    "account": "the log of accounts",
}


def _written(delta: Delta, seen: Seen) -> Trace | None:
    """Return what says when the thing itself was written, the last time; a log that names it before a file's time."""
    package = re.fullmatch(r"/software/packages/([^/]+)(/.*)?", delta.key)
    account = re.fullmatch(r"/security/users\[(.+?)\].*", delta.key)
    if package:
        logged = [one for one in seen.of("package") if one.subject == package[1]]
        return max(logged, key=lambda one: (bool(one.user), one.at), default=None)
    if account:
        word = re.compile(rf"(?<![\w-]){re.escape(account[1])}(?![\w-])")
        if logged := [one for one in seen.of("account") if word.search(one.subject)]:
            return logged[-1]
    return _of_files(seen, itself(delta), times(delta))


def _hint(delta: Delta, seen: Seen) -> Trace | None:
    return _of_files(seen, beside(delta), ("file", "inode"))


def _of_files(seen: Seen, paths: Sequence[str], kinds: Sequence[str]) -> Trace | None:
    for kind in kinds:
        found = [one for one in seen.of(kind) if any(fits(one.subject, path) for path in paths)]
        if found:
            return found[-1]
    return None
