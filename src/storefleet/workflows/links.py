"""Which line a store is on tonight, as its router shows it: on a backup line every kilobyte costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from storefleet.model.base import Json
from storefleet.model.state import StateDocument
from storefleet.model.store import Host, Store

Link: TypeAlias = Literal["primary", "backup"]


def backup_interfaces(store: Store) -> frozenset[str]:
    """Return the router's interfaces that the plan calls a backup: ``intended.backup_interfaces``."""
    named = store.intended.get("backup_interfaces")
    return frozenset(name for name in named if isinstance(name, str)) if isinstance(named, list) else frozenset()


def link_of(router: StateDocument, store: Store) -> Link | None:
    """Return the line that the router's way out takes; ``None`` where that was not read, or nothing is planned."""
    backups = backup_interfaces(store)
    network = router.facts.get("network")
    interfaces = network.get("interfaces") if isinstance(network, dict) else None
    if not backups or not isinstance(interfaces, dict):
        return None
    ways = {name for name, facts in interfaces.items() if _is_way_out(facts)}
    if not ways:
        return None
    return "backup" if ways <= backups else "primary"


def _is_way_out(facts: Json) -> bool:
    return isinstance(facts, dict) and facts.get("default_route") is True


def deciders(hosts: Iterable[Host], stores: Mapping[str, Store]) -> tuple[Host, ...]:
    """Return the routers that are to be read before the rest of their store, since they say how much may be read."""
    planned = {name for name, store in stores.items() if backup_interfaces(store)}
    return tuple(host for host in hosts if host.role == "router" and host.store in planned)
