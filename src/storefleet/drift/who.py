"""Who made a difference and when, out of what the host itself wrote down; each answer with how certain it is."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Sequence

from storefleet.collect.traces import Trace
from storefleet.drift.compare import Delta
from storefleet.model.drift import Sighting, Who
from storefleet.model.instants import instant, utc

NEAR_S = 180
"""Seconds between a command and what it wrote that may lie between: a package takes its time."""

_FILES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(key), path)
    for key, path in (
        (r"/files\[(?P<path>/.*)\]", ""),
        (r"/network/hosts_file/.*", "/etc/hosts"),
        (r"/network/dns/.*", "/etc/resolv.conf"),
        (r"/security/users\[.*", "/etc/passwd"),
        (r"/security/sshd/.*", "/etc/ssh/sshd_config"),
        (r"/security/authorized_keys\[.*", "/root/.ssh/authorized_keys"),
    )
)
"""Which file a fact is read from, so that the file's time says when."""

_WORDS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(key), words)
    for key, words in (
        (r"/security/firewall.*", ("nft", "iptables", "nftables")),
        (r"/kernel/sysctl/.*", ("sysctl",)),
        (r"/network/(routes|interfaces).*", ("ip", "ifconfig", "route", "networkctl", "ifup", "ifdown")),
        (r"/system/timezone", ("timedatectl", "/etc/localtime", "tzdata")),
    )
)
"""What a command is called that changes such a fact without naming it."""


def files_of(some: Collection[Delta]) -> tuple[str, ...]:
    """Return the files whose times tell of these differences."""
    return tuple(sorted({path for delta in some if (path := _file(delta)) is not None}))


def who(
    delta: Delta,
    first: Sighting | None,
    before: Sighting | None,
    traces: Sequence[Trace],
    ours: Collection[str],
) -> Who | None:
    """Return who and when, ``None`` where nothing tells; ``ours`` are the accounts that we come in with."""
    seen = [trace for trace in traces if _between(trace.at, first, before)]
    written = _written(delta, seen)
    commands = [trace for trace in seen if trace.kind == "sudo" and trace.user not in ours]
    near = [one for one in commands if written is None or 0 <= written.at - one.at <= NEAR_S]
    naming = [one for one in near if _names(one.subject, delta)]
    if naming:
        return _told(written or naming[-1], naming[-1].user, f"sudo: {naming[-1].subject}", "recorded")
    if written is not None and near:
        return _told(written, near[-1].user, f"sudo at that time: {near[-1].subject}", "inferred")
    logins = [trace for trace in seen if trace.kind == "login" and trace.user not in ours]
    if len({(one.user, one.origin) for one in logins}) == 1:
        one = logins[-1]
        words = f"the only login: {one.user} from {one.origin}"
        return _told(written or one, one.user, words, "inferred", one.origin)
    return _told(written, "", _WRITTEN[written.kind], "recorded") if written is not None else None


_WRITTEN = {"file": "the file's own time", "package": "dpkg's log", "account": "the log of accounts"}


def _told(at: Trace, user: str, evidence: str, certainty: str, origin: str = "") -> Who:
    when = utc(datetime.datetime.fromtimestamp(at.at, datetime.UTC))
    return Who(at=when, user=user, origin=origin, evidence=evidence, certainty=certainty)  # type: ignore[arg-type]  # one of two


def _between(at: int, first: Sighting | None, before: Sighting | None) -> bool:
    """Tell whether it was between the two runs; a run reads for minutes after it began."""
    begin = seconds(before.at) if before else 0
    end = seconds(first.at) + 3600 if first else None
    return begin <= at and (end is None or at <= end)


def seconds(text: str) -> int:
    """Return an instant of ours in seconds since 1970; 0 where it is none."""
    found = instant(text)
    return int(found.timestamp()) if found else 0


def _file(delta: Delta) -> str | None:
    for key, path in _FILES:
        if found := key.fullmatch(delta.key):
            return path or found["path"]
    return None


def _written(delta: Delta, seen: Sequence[Trace]) -> Trace | None:
    """Return what says when the thing itself was written, the last time; a log that names it before a file's time."""
    package = re.fullmatch(r"/software/packages/([^/]+)(/.*)?", delta.key)
    account = re.fullmatch(r"/security/users\[(.+?)\]", delta.key)
    path = _file(delta)
    found = [
        trace
        for trace in seen
        if (trace.kind == "package" and package and trace.subject == package[1])
        or (
            trace.kind == "account"
            and account
            and re.search(rf"(?<![\w-]){re.escape(account[1])}(?![\w-])", trace.subject)
        )
        or (trace.kind == "file" and trace.subject == path)
    ]
    return max(found, key=lambda trace: (trace.kind != "file", trace.at), default=None)


def _names(command: str, delta: Delta) -> bool:
    """Tell whether a command names what has changed."""
    words = {word.strip("'\",;") for word in command.split()}
    if (path := _file(delta)) is not None and path in command:
        return True
    for key, programs in _WORDS:
        if key.fullmatch(delta.key) and any(word.rpartition("/")[2] in programs or word in programs for word in words):
            return True
    element = re.search(r"/(?:services|packages)/([^/]+)|\[([^\],]+)", delta.key)
    name = (element[1] or element[2]) if element else ""
    return bool(name) and any(name in (word, f"{word}.service") for word in words)
