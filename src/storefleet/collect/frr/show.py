"""Parsers of what FRR's command line shows."""

from __future__ import annotations

import json
import re

from storefleet.collect.facts import Fact, Findings, pointer
from storefleet.collect.text import address, prefix
from storefleet.model.base import Json
from storefleet.model.state import Missing

_VERSION = re.compile(r"^FRRouting (\S+)", re.MULTILINE)
_DEFAULTS = ("0.0.0.0/0", "::/0")
_FASTEST = 10_000_000
_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")


def version(text: str) -> Findings:
    """Read ``show version``."""
    match = _VERSION.search(text)
    if match:
        yield Fact("/software/image/version", match[1])


def _object(text: str) -> dict[str, Json]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("an object is due")
    return found


def _number(value: Json, limit: int) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limit else None


def interfaces(text: str) -> Findings:
    """Read ``show interface json``; an interface that is shut has no operational status, and is down."""
    for name, shown in _object(text).items():
        if not isinstance(shown, dict):
            yield Missing(pointer("network", "interfaces", name), "cannot parse: no object")
            continue
        facts: dict[str, Json] = {"addresses": list(_addresses(shown.get("ipAddresses")))}
        facts["admin_up"] = shown.get("administrativeStatus") == "up"
        facts["link_up"] = shown.get("operationalStatus") == "up"
        mac = shown.get("hardwareAddress")
        if isinstance(mac, str) and _MAC.fullmatch(mac):
            facts["mac"] = mac
        mtu, speed = _number(shown.get("mtu"), 2**32), _number(shown.get("speed"), _FASTEST)
        if mtu is not None:
            facts["mtu"] = mtu
        if speed:
            facts["speed"] = speed
        if isinstance(shown.get("description"), str):
            facts["description"] = shown["description"]
        yield Fact(pointer("network", "interfaces", name), facts)


def _addresses(shown: Json) -> list[str]:
    entries = shown if isinstance(shown, list) else []
    texts = (entry.get("address") for entry in entries if isinstance(entry, dict))
    return [found for text in texts if isinstance(text, str) and (found := prefix(text)) is not None]


def routes(text: str) -> Findings:
    """Read ``show ip route json``: every known route, and the default gateways that are really used."""
    rows: list[dict[str, Json]] = []
    for destination, entries in _object(text).items():
        if prefix(destination) is None or not isinstance(entries, list):
            yield Missing("/network/routes", "cannot parse: a destination that is no prefix")
            continue
        rows += [row for entry in entries if isinstance(entry, dict) for row in _rows(destination, entry)]
    used = [row for row in rows if _is_used_default(row)]
    yield Fact("/network/routes", list(rows))
    yield Fact("/network/default_gateways", [row["gateway"] for row in used if "gateway" in row])
    for name in sorted({str(row["interface"]) for row in used if "interface" in row}):
        yield Fact(pointer("network", "interfaces", name, "default_route"), value=True)


def _is_used_default(row: dict[str, Json]) -> bool:
    return row["destination"] in _DEFAULTS and row["selected"] is True and not row.get("blackhole")


def _rows(destination: str, entry: dict[str, Json]) -> list[dict[str, Json]]:
    """One row per next hop; ``metric`` is FRR's administrative distance, which is what decides between two sources."""
    base: dict[str, Json] = {"destination": destination, "selected": entry.get("selected") is True}
    distance = _number(entry.get("distance"), 256)
    if distance is not None:
        base["metric"] = distance
    if isinstance(entry.get("protocol"), str):
        base["protocol"] = entry["protocol"]
    hops = entry.get("nexthops")
    return [_hop(base, hop) for hop in (hops if isinstance(hops, list) else []) if isinstance(hop, dict)] or [base]


def _hop(base: dict[str, Json], hop: dict[str, Json]) -> dict[str, Json]:
    row = dict(base)
    gateway = address(hop["ip"]) if isinstance(hop.get("ip"), str) else None  # type: ignore[arg-type]
    if gateway:
        row["gateway"] = gateway
    if isinstance(hop.get("interfaceName"), str):
        row["interface"] = hop["interfaceName"]
    if hop.get("blackhole") is True:
        row["blackhole"] = True
    return row
