"""Where devices stand, compared over the whole fleet: overlapping networks, addresses twice, addresses outside.

The same private network may exist in many stores, as long as storefleet never has to tell two of its addresses apart:
each such store is reached through its own jump, or under other addresses (NAT).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TypeAlias

from storefleet.inventory.contents import Fleet
from storefleet.inventory.faults import Faults
from storefleet.inventory.plan import SUBNETS
from storefleet.model.store import Host, Store

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
DOCKER = ipaddress.ip_network("172.17.0.0/16")


def check_addresses(fleet: Fleet, errors: Faults, warnings: Faults) -> None:
    """Compare networks and addresses of all stores that are not closed."""
    open_stores = [store for store in fleet.stores.values() if store.status != "closed"]
    networks = {store.id: tuple(store_networks(store)) for store in open_stores}
    overlapping = _check_overlaps(fleet, networks, errors)
    for store in open_stores:
        source = fleet.places.stores[store.id]
        for network in networks[store.id]:
            if network.version == 4 and network.overlaps(DOCKER):
                message = (
                    f"{network} overlaps Docker's own 172.17.0.0/16; a machine with Docker will not reach the store"
                )
                warnings.add(source, message, store.id, store.id)
        _check_inside(fleet, store, networks[store.id], errors)
    _check_twice(fleet, overlapping, errors)


def store_networks(store: Store) -> Iterator[Network]:
    """Yield the networks of a store's plan (``subnet``, and all of ``subnets``)."""
    for name in SUBNETS:
        value = store.intended.get(name)
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
        for part in parts:
            if isinstance(part, str):
                yield ipaddress.ip_network(part)


def _check_overlaps(fleet: Fleet, networks: dict[str, tuple[Network, ...]], errors: Faults) -> set[str]:
    """Compare the networks that are reached on one way; sorted by address, so that 10,000 stores cost only a sort.

    Returns the stores that were complained about.
    """
    complained: set[str] = set()
    spans: dict[tuple[str, int], list[tuple[int, int, str, Network]]] = {}
    for store, each in networks.items():
        for way in _ways(fleet, store, each):
            for network in each:
                span = (int(network.network_address), int(network.broadcast_address), store, network)
                spans.setdefault((way or "", network.version), []).append(span)
    order = {store: index for index, store in enumerate(fleet.stores)}
    for found in spans.values():
        found.sort(key=lambda span: span[:3])
        widest = found[0]
        for span in found[1:]:
            if span[0] <= widest[1] and span[2] != widest[2]:
                earlier, later = sorted((widest, span), key=lambda each: order[each[2]])
                message = (
                    f"intended.subnet: {later[3]} overlaps {earlier[3]} of {earlier[2]}; "
                    "renumber one, or reach its devices through a jump of the store (connect.via)"
                )
                errors.add(fleet.places.stores[later[2]], message, later[2], later[2])
                complained.add(later[2])
            widest = max(widest, span, key=lambda each: each[1])
    return complained


def _ways(fleet: Fleet, store: str, networks: tuple[Network, ...]) -> set[str | None]:
    """Return the ways on which addresses of the store's own network are dialled; ``None`` is the direct one."""
    hosts = [host for host in fleet.hosts_of(store) if host.connection == "ssh"]
    if not hosts:
        return {None}
    return {host.connect.via for host in hosts if _is_inside(_dialled(host), networks)}


def _check_inside(fleet: Fleet, store: Store, networks: tuple[Network, ...], errors: Faults) -> None:
    for host in fleet.hosts_of(store.id) if networks else ():
        if host.address is not None and not _is_inside(host.address, networks):
            listed = ", ".join(map(str, networks))
            message = f"address: {host.address} is outside the store's {listed}"
            errors.add(fleet.places.hosts[host.name], message, host.name, "outside")


def _check_twice(fleet: Fleet, overlapping: set[str], errors: Faults) -> None:
    """Two hosts of a store at one address, or two hosts anywhere that are dialled alike.

    In a store whose network overlaps another's the second follows from the first, and is not said again.
    """
    standing: dict[tuple[str, str], str] = {}
    dialled: dict[tuple[str | None, str, int], str] = {}
    for host in fleet.hosts.values():
        store = fleet.store_of(host)
        if host.status in {"spare", "replaced"} or (store is not None and store.status == "closed"):
            continue
        source = fleet.places.hosts[host.name]
        first = standing.setdefault((host.store, host.address), host.name) if host.store and host.address else host.name
        if first != host.name:
            errors.add(source, f"address: {host.address} is also that of {first}", host.name, f"twice {host.store}")
            continue
        way = _dialled(host)
        if host.connection == "ssh" and way is not None and host.store not in overlapping:
            first = dialled.setdefault((host.connect.via, way, host.connect.port), host.name)
            if first != host.name:
                message = f"is reached at {way} port {host.connect.port} like {first}; one of them is wrong"
                errors.add(source, message, host.name, f"dialled {host.store}")


def _dialled(host: Host) -> str | None:
    return host.connect.host or host.address


def _is_inside(address: str | None, networks: tuple[Network, ...]) -> bool:
    if address is None:
        return False
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
