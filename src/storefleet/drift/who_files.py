"""Which file of a host says when a fact was written, and which of its two times does."""

from __future__ import annotations

import re
from collections.abc import Collection

from storefleet.drift.compare import Delta

_UNITS = "/etc/systemd/system"

_ITSELF: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(key), paths)
    for key, paths in (
        (r"/network/hosts_file/.*", ("/etc/hosts",)),
        (r"/network/dns/.*", ("/etc/resolv.conf", "/etc/systemd/resolved.conf")),
        (r"/security/sshd/.*", ("/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*")),
        (r"/security/authorized_keys\[.*", ("/root/.ssh/authorized_keys*", "/home/*/.ssh/authorized_keys*")),
        (r"/system/timezone", ("/etc/localtime", "/etc/timezone")),
        (r"/system/machine_id", ("/etc/machine-id",)),
        (r"/services/(?P<unit>[\w@.-]+)", (f"{_UNITS}/{{unit}}", f"{_UNITS}/*.wants/{{unit}}")),
    )
)
"""Files that the fact is read from, or that are made for it."""

_BESIDE: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(key), paths)
    for key, paths in (
        (r"/services/[\w@.-]+", (f"{_UNITS}/*.wants",)),
        (r"/security/firewall.*", ("/etc/nftables.conf", "/etc/nftables.d/*", "/etc/iptables/*")),
        (r"/kernel/sysctl/.*", ("/etc/sysctl.conf", "/etc/sysctl.d/*")),
        (r"/system/hostname", ("/etc/hostname",)),
        (r"/network/(routes|interfaces).*", ("/etc/network/interfaces", "/etc/systemd/network/*", "/etc/network.conf")),
    )
)
"""Files that others share with it, or that say how it shall be and not how it is: their time is a hint."""

_PATH = re.compile(r".*\[(?P<path>/[^\],]+)[\],].*")
_USER = re.compile(r"/security/users\[(?P<user>[\w.-]{1,64})\].*")
_BY_INODE = re.compile(r".*/(mode|owner|group)")


def files_of(some: Collection[Delta]) -> tuple[str, ...]:
    """Return the files whose times tell of these differences; one with ``*`` is all that fit."""
    return tuple(sorted({path for delta in some for path in (*itself(delta), *beside(delta))}))


def itself(delta: Delta) -> tuple[str, ...]:
    """Return the files that hold the fact."""
    if found := _PATH.fullmatch(delta.key):
        return (found["path"],)
    if found := _USER.fullmatch(delta.key):
        return _of_user(delta, found["user"])
    return _named(_ITSELF, delta)


def beside(delta: Delta) -> tuple[str, ...]:
    """Return the files whose time is a hint."""
    return _named(_BESIDE, delta)


def _of_user(delta: Delta, user: str) -> tuple[str, ...]:
    fields = " ".join(delta.keys or (delta.key,))
    if "authorized_keys" in fields:
        home = "/root" if user == "root" else f"/home/{user}"
        return (f"{home}/.ssh/authorized_keys*",)
    if fields.endswith("/password"):
        return ("/etc/shadow",)
    return ("/etc/passwd", "/etc/group") if "group" in fields else ("/etc/passwd",)


def _named(table: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...], delta: Delta) -> tuple[str, ...]:
    for key, paths in table:
        if found := key.fullmatch(delta.key):
            return tuple(path.format(**found.groupdict()) for path in paths)
    return ()


def times(delta: Delta) -> tuple[str, ...]:
    """Return the kinds of time that tell of it, the better first.

    Another mode or owner leaves the time of the content as it was; an old file put in its place brings its own along.
    """
    return ("inode",) if any(_BY_INODE.fullmatch(key) for key in delta.keys) else ("file", "inode")


def fits(path: str, wanted: str) -> bool:
    """Tell whether a file is one of those that were asked for."""
    parts = [re.escape(part) for part in wanted.split("*")]
    return re.fullmatch("[^/]*".join(parts), path) is not None
