"""What a device says of itself, held against what the router of its store sees: the contradicted part is withdrawn.

A terminal that lies can claim any address and any hardware address; the router talks to it and knows better. Only a
neighbour that the router found REACHABLE counts, at an instant close to the device's own answer. A STALE, DELAY or
PROBE entry may be that of the device which stood there before a swap, a PERMANENT one is what somebody typed, and no
entry at all proves nothing: a quiet device has none.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Iterator, Mapping

import msgspec

from storefleet.audit.durations import instant
from storefleet.collect.facts import pointer
from storefleet.model.base import Json, Value
from storefleet.model.state import Missing, StateDocument

SAME_NIGHT = datetime.timedelta(hours=1)
"""How far apart both documents may be: a network card that was swapped in between is no lie."""

_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_NOBODY = {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"}
_WITHDRAWN = ("addresses", "mac")
"""What of an interface is not believed any more: one of the two is wrong, and nobody can tell which."""


class Contradiction(Value, frozen=True):
    """One interface of a device that its store's router sees otherwise; ``reason`` is the line for a person."""

    interface: str
    reason: str


def crosschecked(
    document: StateDocument, router: StateDocument | None
) -> tuple[StateDocument, tuple[Contradiction, ...]]:
    """Return the document without what the router contradicts, which is then missing with the reason.

    ``router`` is the document of its own store's router from the same run; without one nothing is withdrawn, and the
    very same document comes back.
    """
    found = tuple(contradictions(document, router)) if router is not None else ()
    if not found:
        return document, ()
    network = document.facts["network"]
    assert isinstance(network, dict)
    shown = dict(_interfaces(document))
    missing = {gap.path: gap for gap in document.missing}
    for item in found:
        facts = shown[item.interface]
        shown[item.interface] = {name: value for name, value in facts.items() if name not in _WITHDRAWN}
        for name in _WITHDRAWN:
            path = pointer("network", "interfaces", item.interface, name)
            missing.setdefault(path, Missing(path, item.reason))
    facts = {**document.facts, "network": {**network, "interfaces": {**_all(network), **shown}}}
    gaps = tuple(missing[path] for path in sorted(missing))
    return msgspec.structs.replace(document, facts=facts, missing=gaps), found


def contradictions(document: StateDocument, router: StateDocument) -> Iterator[Contradiction]:
    """Yield what the router sees otherwise, one entry for each interface of the device that it concerns.

    A device with several interfaces in one network may answer for one with another (Linux does), and that is no lie:
    any hardware address that it claims will do.
    """
    if router.host == document.host or router.store != document.store or not _close(document, router):
        return
    holders, claimants = _claims(document)
    told: set[str] = set()
    for address, macs in _seen(router).items() if holders else ():
        if address not in claimants:
            wrong = {name: f"its {mac} at {address}" for mac in macs for name in holders.get(mac, ())}
        elif macs.isdisjoint(holders):
            wrong = dict.fromkeys(claimants[address], f"{', '.join(sorted(macs))} at {address}")
        else:
            continue
        for name, what in wrong.items():
            if name not in told:
                told.add(name)
                yield Contradiction(name, f"contradicted by {router.host}, which sees {what}")


def _claims(document: StateDocument) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return hardware address → interfaces that have it, and address → interfaces that stand on it."""
    holders: dict[str, list[str]] = {}
    claimants: dict[str, list[str]] = {}
    for name, facts in _interfaces(document).items():
        mac = _mac(facts.get("mac"))
        if mac:
            holders.setdefault(mac, []).append(name)
        for address in _addresses(facts):
            claimants.setdefault(address, []).append(name)
    return holders, claimants


def _close(document: StateDocument, router: StateDocument) -> bool:
    return abs(instant(document.collected_at) - instant(router.collected_at)) <= SAME_NIGHT


def _all(network: Mapping[str, Json]) -> dict[str, Json]:
    found = network.get("interfaces")
    return found if isinstance(found, dict) else {}


def _interfaces(document: StateDocument) -> dict[str, dict[str, Json]]:
    network = document.facts.get("network")
    found = _all(network) if isinstance(network, dict) else {}
    return {name: facts for name, facts in found.items() if isinstance(facts, dict)}


def _addresses(facts: Mapping[str, Json]) -> frozenset[str]:
    shown = facts.get("addresses")
    texts = (text for text in shown if isinstance(text, str)) if isinstance(shown, list) else ()
    return frozenset(filter(None, map(_unicast, (text.partition("/")[0] for text in texts))))


def _unicast(text: Json) -> str | None:
    """Return an address in its one spelling when it means one host of one store: no loopback, link-local, multicast."""
    try:
        found = ipaddress.ip_address(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if found is None or found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified:
        return None
    return str(found)


def _mac(text: Json) -> str | None:
    mac = text.lower() if isinstance(text, str) else ""
    return mac if _MAC.fullmatch(mac) and mac not in _NOBODY else None


def _seen(router: StateDocument) -> dict[str, set[str]]:
    """Return address → the hardware addresses that the router has just heard from there."""
    network = router.facts.get("network")
    table = network.get("neighbours") if isinstance(network, dict) else None
    seen: dict[str, set[str]] = {}
    for entry in table if isinstance(table, list) else []:
        if isinstance(entry, dict) and entry.get("state") == "reachable":
            address, mac = _unicast(entry.get("address")), _mac(entry.get("mac"))
            if address and mac:
                seen.setdefault(address, set()).add(mac)
    return seen
