"""Names that mean two things to a selector: a store id that is also a group, a role whose plural is a region."""

from __future__ import annotations

from collections.abc import Iterator

from storefleet.inventory.contents import Fleet
from storefleet.model.store import Host
from storefleet.model.terms import plurals


def ambiguous_names(fleet: Fleet) -> Iterator[tuple[str, list[str]]]:
    """Yield every name with two meanings that are not the same hosts; a group that is exactly a role is harmless."""
    meanings: dict[str, dict[str, set[str]]] = {}
    for host in fleet.hosts.values():
        for name, meaning in _meanings(fleet, host):
            meanings.setdefault(name, {}).setdefault(meaning, set()).add(host.name)
    for store in fleet.stores:
        meanings.setdefault(store, {}).setdefault("a store", set())
    for name in sorted(meanings):
        found = meanings[name]
        if len(found) > 1 and len({frozenset(hosts) for hosts in found.values()}) > 1:
            yield name, sorted(found)


def _meanings(fleet: Fleet, host: Host) -> Iterator[tuple[str, str]]:
    yield host.name, "a host"
    yield host.role, "a role"
    for plural in plurals(host.role):
        yield plural, f"the role {host.role}"
    if host.platform:
        yield host.platform, "a platform"
    for group in host.groups:
        yield group, "a group"
    store = fleet.store_of(host)
    if store is not None:
        yield store.id, "a store"
        yield store.format, "a format"
        yield store.region, "a region"
