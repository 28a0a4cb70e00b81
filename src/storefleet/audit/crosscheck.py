"""A host's word against its router's: what a till says of its own addresses, and what the router of its store saw.

A device that is broken, cloned or in someone else's hands may tell whatever makes it look sound. The router's neighbour
table is a second witness for which MAC stands at which address. Where both speak and disagree, nobody is believed: the
facts are withdrawn with the reason, so that controls on them are unknown and never a pass.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from storefleet.model.state import Missing, StateDocument

TOGETHER = timedelta(hours=1)
"""Documents further apart are of different nights: an address may have moved honestly."""

_SEEN = frozenset({"reachable", "delay", "probe", "permanent"})
"""States of a neighbour whose MAC the router's kernel has confirmed; a stale one may be of another device by now."""


def crosschecked(document: StateDocument, router: StateDocument | None) -> StateDocument:
    """Return the document without what its store's router contradicts; no entry at the router proves nothing."""
    if router is None or router.host == document.host or not _together(document, router):
        return document
    seen = _neighbours(router)
    gaps = list(_contradictions(document, router.host, seen)) if seen else []
    if not gaps:
        return document
    facts = copy.deepcopy(dict(document.facts))
    interfaces: Any = facts["network"]["interfaces"]  # type: ignore[call-overload, index]  # the gaps were found there
    for name, _ in gaps:
        for field in ("mac", "addresses"):
            interfaces[name].pop(field, None)
    missing = [
        Missing(f"/network/interfaces/{_escaped(name)}/{field}", reason)
        for name, reason in gaps
        for field in ("addresses", "mac")
    ]
    return msgspec.structs.replace(document, facts=facts, missing=(*document.missing, *missing))


def _together(one: StateDocument, other: StateDocument) -> bool:
    try:
        moments = [datetime.fromisoformat(each.collected_at) for each in (one, other)]
        return abs(moments[0] - moments[1]) <= TOGETHER
    except (ValueError, TypeError):
        return False


def _neighbours(router: StateDocument) -> Mapping[str, str]:
    """Return address → MAC of the neighbours that the router has lately heard."""
    network = router.facts.get("network")
    entries = network.get("neighbours") if isinstance(network, dict) else None
    return {
        str(entry["address"]): str(entry["mac"]).lower()
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and entry.get("state") in _SEEN and entry.get("mac") and entry.get("address")
    }


def _contradictions(document: StateDocument, router: str, seen: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the name of each interface that the router's table contradicts, and how."""
    network = document.facts.get("network")
    interfaces = network.get("interfaces") if isinstance(network, dict) else None
    if not isinstance(interfaces, dict):
        return
    told = {name: _told(facts) for name, facts in interfaces.items()}
    everywhere = {address for _, addresses in told.values() for address in addresses}
    for name, (mac, addresses) in told.items():
        if mac is None:
            continue
        other = next((at for at in addresses if seen.get(at, mac) != mac), None)
        elsewhere = next((at for at, its in seen.items() if its == mac and at not in everywhere), None)
        if other is not None:
            yield name, f"contradicted by {router}, which sees {seen[other]} at {other} where this host says {mac}"
        elif elsewhere is not None:
            yield name, f"contradicted by {router}, which sees {mac} at {elsewhere}, an address that this host denies"


def _told(facts: object) -> tuple[str | None, tuple[str, ...]]:
    """Return the MAC and the addresses that one interface claims."""
    if not isinstance(facts, dict):
        return None, ()
    mac, addresses = facts.get("mac"), facts.get("addresses")
    plain = tuple(str(text).partition("/")[0] for text in addresses) if isinstance(addresses, list) else ()
    return (mac.lower() if isinstance(mac, str) else None), plain


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
