"""What listens on the host."""

from __future__ import annotations

import ipaddress
import re

from storefleet.collect.facts import Fact, Findings
from storefleet.collect.text import NEEDS_ROOT, Records, address, integer
from storefleet.model.base import Json
from storefleet.model.state import Missing

_PROCESS = re.compile(r'\(\("((?:[^"\\]|\\.)*)",')
_KERNEL_SOCKET = re.compile(r"[0-9A-F]{8}|[0-9A-F]{32}")
_Key = tuple[str, str, int]


def listening(text: str) -> Findings:
    """Read the probe ``listening``: one row per protocol, address and port, with its first owner's name.

    Without root the owners are unknown, and every row says so: a rule over processes must not judge such rows.
    """
    records = Records(text)
    reason = records.failed("ss")
    if reason:
        yield Missing("/ports/listening", reason)
        return
    found: dict[_Key, str | None] = {}
    unread = 0
    for line in records.lines("ss"):
        row = _ss(line)
        if row is None:
            unread += 1
        else:
            found[row[0]] = found.get(row[0]) or row[1]
    owners = dict(records.fields("owner", 2))
    for tag in ("tcp", "tcp6", "udp", "udp6"):
        for where, _, inode in records.fields(tag, 3):
            key = _proc(tag, where)
            if key is not None:
                found[key] = found.get(key) or owners.get(inode)
    yield from _rows(found, named=records.first("names") != "no")
    if unread:
        yield Missing("/ports/listening", f"cannot parse: {unread} lines of ss")


def _rows(found: dict[_Key, str | None], *, named: bool) -> Findings:
    rows: list[Json] = []
    for (proto, at, port), process in sorted(found.items()):
        row: dict[str, Json] = {"proto": proto, "address": at, "port": port}
        if process:
            row["process"] = process
        elif not named:
            yield Missing(f"/ports/listening/{len(rows)}/process", NEEDS_ROOT)
        rows.append(row)
    yield Fact("/ports/listening", rows)


def _ss(line: str) -> tuple[_Key, str | None] | None:
    """Read one line of ``ss -H -lntup``: ``tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=1,fd=3))``."""
    words = line.split(None, 6)
    if len(words) < 6 or words[0] not in ("tcp", "udp"):
        return None
    where, _, port = words[4].rpartition(":")
    at = "0.0.0.0" if where.partition("%")[0] == "*" else address(where)  # noqa: S104 - read from a device, not bound
    number = integer(port)
    if at is None or number is None or not 0 <= number <= 65535:
        return None
    if where.partition("%")[0] == "*":
        at = "::"
    owner = _PROCESS.search(words[6]) if len(words) > 6 else None
    return (words[0], at, number), owner[1] if owner else None


def _proc(table: str, where: str) -> _Key | None:
    """Read a local address of /proc/net: each 32-bit word stands in the byte order of the machine (little)."""
    host, _, port = where.partition(":")
    if not _KERNEL_SOCKET.fullmatch(host) or not re.fullmatch(r"[0-9A-F]{4}", port):
        return None
    raw = b"".join(bytes.fromhex(host[at : at + 8])[::-1] for at in range(0, len(host), 8))
    at = address(str(ipaddress.ip_address(raw)))
    return (table.removesuffix("6"), at, int(port, 16)) if at else None
