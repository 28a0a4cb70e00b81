"""Interfaces: from ``ip`` where it is, from ``ifconfig``, with the counters and modes that only /sys has."""

from __future__ import annotations

import re
from itertools import pairwise

from storefleet.collect.facts import Fact, Findings, pointer
from storefleet.collect.text import Records, integer, prefix
from storefleet.model.base import Json
from storefleet.model.state import Missing

_LINK = re.compile(r"(\d+): ([^:@\s]+)(?:@\S+)?: <([^>]*)>")
_IF_INET6 = re.compile(
    r"(?P<address>[0-9a-f]{32})\s+[0-9a-f]+\s+(?P<length>[0-9a-f]{2})\s+[0-9a-f]+\s+(?P<flags>[0-9a-f]{2,8})\s+(?P<name>\S+)"
)
_IFA_F_TEMPORARY = 0x01
_IFCONFIG = re.compile(r"(\S+?):?\s")
_COUNTERS = (
    "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped", "rx_crc_errors", "carrier_changes",
)  # fmt: skip
_Link = dict[str, Json]


def interfaces(text: str) -> Findings:
    """Read the probe ``interfaces``."""
    records = Records(text)
    for tag in ("link", "addr", "ifconfig"):
        reason = records.failed(tag)
        if reason:
            yield Missing("/network/interfaces", reason)
            return
    sys = _sys(records)
    links = _links(records) if records.lines("link") else {name: _from_sys(values) for name, values in sys.items()}
    for name, facts in links.items():
        index = facts.pop("index", None)
        values = sys.get(name, {})
        # In a container /sys may show the machine's devices: only the same index is the same device.
        same = index is None or index == integer(values.get("ifindex", ""))
        modes = _modes(values) if same else {}
        yield Fact(pointer("network", "interfaces", name), {**modes, **facts})
    for name, addresses in _addresses(records).items():
        if name in links:
            yield Fact(pointer("network", "interfaces", name, "addresses"), addresses)
    for name, addresses in _temporary(records).items():
        if name in links:
            yield Fact(pointer("network", "interfaces", name, "temporary"), addresses)


def _links(records: Records) -> dict[str, _Link]:
    found: dict[str, _Link] = {}
    for line in records.lines("link"):
        match = _LINK.match(line)
        if match is None:
            continue
        flags = match[3].split(",")
        words = line.split()
        values = dict(pairwise(words))
        link: _Link = {"index": int(match[1]), "addresses": [], "admin_up": "UP" in flags}
        link["link_up"] = "LOWER_UP" in flags and "NO-CARRIER" not in flags
        mtu = integer(values.get("mtu", ""))
        if mtu is not None:
            link["mtu"] = mtu
        if values.get("link/ether"):
            link["mac"] = values["link/ether"]
        found[match[2]] = link
    return found


def _sys(records: Records) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, key, value in records.fields("sys", 3):
        found.setdefault(name, {})[key] = value
    return found


def _from_sys(values: dict[str, str]) -> _Link:
    flags = values.get("flags", "")
    up = bool(int(flags, 16) & 1) if re.fullmatch(r"0x[0-9a-f]{1,8}", flags) else None
    link: _Link = {"addresses": []}
    if up is not None:
        link["admin_up"] = up
        # `carrier` of an interface that is down cannot be read (EINVAL): then the link is down too.
        link["link_up"] = up and values.get("carrier") == "1"
    mac = values.get("address", "")
    if re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", mac) and mac != "00:00:00:00:00:00":
        link["mac"] = mac
    mtu = integer(values.get("mtu", ""))
    if mtu is not None:
        link["mtu"] = mtu
    return link


def _modes(values: dict[str, str]) -> _Link:
    """Return what only /sys tells: speed (-1 where there is none), duplex, alias, counters."""
    found: _Link = {}
    speed = integer(values.get("speed", ""))
    if speed is not None and speed > 0:
        found["speed"] = speed
    if values.get("duplex") in ("full", "half"):
        found["duplex"] = values["duplex"]
    if values.get("ifalias"):
        found["description"] = values["ifalias"]
    counters: dict[str, Json] = {key: integer(values[key]) for key in _COUNTERS if key in values}
    if counters and None not in counters.values():
        found["counters"] = counters
    return found


def _addresses(records: Records) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for line in records.lines("addr"):
        words = line.split()
        values = dict(pairwise(words))
        at = prefix(values.get("inet") or values.get("inet6") or "")
        if at is not None and len(words) > 1:
            found.setdefault(words[1].partition("@")[0], []).append(_with_length(at, values))
    _ifconfig_addresses(records, found)
    _inet6_addresses(records, found)
    return found


def _temporary(records: Records) -> dict[str, list[Json]]:
    """Return the addresses of privacy: the system makes them, and others each day."""
    found: dict[str, list[Json]] = {}
    for line in records.lines("addr"):
        words = line.split()
        at = prefix(dict(pairwise(words)).get("inet6", "")) if "temporary" in words else None
        if at is not None:
            found.setdefault(words[1].partition("@")[0], []).append(at)
    for line in records.lines("inet6"):
        match = _IF_INET6.fullmatch(line.strip())
        at = _inet6(match) if match is not None and int(match["flags"], 16) & _IFA_F_TEMPORARY else None
        if match is not None and at is not None:
            found.setdefault(match["name"], []).append(at)
    return found


def _with_length(at: str, values: dict[str, str]) -> str:
    """``ip`` shows ``inet 10.0.0.1 peer 10.0.0.2/32`` for a tunnel: the length then stands with the peer."""
    peer = values.get("peer", "")
    return f"{at.partition('/')[0]}/{peer.partition('/')[2]}" if "/" in peer and peer.partition("/")[2] else at


def _ifconfig_addresses(records: Records, found: dict[str, list[Json]]) -> None:
    """Read both spellings of ``ifconfig -a``: net-tools' (``inet A  netmask M``) and BusyBox's (``inet addr:A``)."""
    name = ""
    for line in records.lines("ifconfig"):
        head = _IFCONFIG.match(line)
        if head is not None and not line[0].isspace():
            name = head[1]
        match = re.search(r"inet (?:addr:)?(\S+)(?:.*?(?:netmask |Mask:)(\S+))?", line)
        at = prefix(f"{match[1]}/{match[2]}" if match[2] else match[1]) if match else None
        if at is not None and name:
            found.setdefault(name.partition(":")[0], []).append(at)


def _inet6_addresses(records: Records, found: dict[str, list[Json]]) -> None:
    for line in records.lines("inet6"):
        match = _IF_INET6.fullmatch(line.strip())
        at = _inet6(match) if match is not None else None
        if match is not None and at is not None:
            found.setdefault(match["name"], []).append(at)


def _inet6(row: re.Match[str]) -> str | None:
    """Read a line of /proc/net/if_inet6: address, index, length, scope and flags in hexadecimal, then the name."""
    groups = ":".join(row["address"][at : at + 4] for at in range(0, 32, 4))
    return prefix(f"{groups}/{int(row['length'], 16)}")
