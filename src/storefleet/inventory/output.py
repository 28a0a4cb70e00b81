"""The inventory as documents: our own, with a published schema, and Ansible's dynamic inventory."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from storefleet.inventory.contents import Fleet
from storefleet.model.base import Json
from storefleet.model.store import Host

INVENTORY_FORMAT = "storefleet.inventory/1"


def inventory_document(fleet: Fleet, hosts: Iterable[Host] | None = None) -> dict[str, Json]:
    """Return ``storefleet.inventory/1``: the hosts (all by default), their stores, and the groups."""
    chosen = list(fleet.hosts.values() if hosts is None else hosts)
    wanted = {host.store for host in chosen}
    stores = [store for store in fleet.stores.values() if hosts is None or store.id in wanted]
    members = _members(chosen)
    encoded = msgspec.json.encode(
        {
            "format": INVENTORY_FORMAT,
            "stores": stores,
            "hosts": chosen,
            "groups": [{"name": name, "hosts": members[name]} for name in sorted(members)],
        }
    )
    document: dict[str, Json] = msgspec.json.decode(encoded)
    return document


def ansible_inventory(fleet: Fleet, hosts: Iterable[Host] | None = None) -> dict[str, Json]:
    """Return what ``ansible-inventory --list`` reads: groups by name, role, store, format and region.

    Only devices that are contacted are in it. A group that is one thing here and another there gets a prefix
    (``store_S0412``), since Ansible has one space of names.
    """
    chosen = [host for host in (fleet.hosts.values() if hosts is None else hosts) if host.connection == "ssh"]
    groups: dict[str, list[Json]] = {}
    for host in chosen:
        for name in _ansible_groups(fleet, host):
            groups.setdefault(name, []).append(host.name)
    hostvars: dict[str, Json] = {host.name: _hostvars(fleet, host) for host in chosen}
    listed: dict[str, Json] = {name: {"hosts": names} for name, names in sorted(groups.items())}
    children: list[Json] = [*sorted(groups)] if groups else ["ungrouped"]
    return {"_meta": {"hostvars": hostvars}, "all": {"children": children}, **listed}


def _members(hosts: list[Host]) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for host in hosts:
        for name in host.groups:
            members.setdefault(name, []).append(host.name)
    return members


def _ansible_groups(fleet: Fleet, host: Host) -> Iterable[str]:
    yield from (_safe(name) for name in host.groups)
    yield f"role_{_safe(host.role)}"
    yield f"platform_{_safe(host.platform)}"
    store = fleet.store_of(host)
    if store is not None:
        yield f"store_{_safe(store.id)}"
        yield f"format_{_safe(store.format)}"
        yield f"region_{_safe(store.region)}"


def _safe(name: str) -> str:
    return "".join(character if character.isalnum() or character == "_" else "_" for character in name)


def _hostvars(fleet: Fleet, host: Host) -> dict[str, Json]:
    store = fleet.store_of(host)
    variables: dict[str, Json] = {
        "ansible_host": host.connect.host or host.address,
        "ansible_port": host.connect.port,
        "storefleet_store": host.store,
        "storefleet_role": host.role,
        "storefleet_platform": host.platform,
        "storefleet_status": host.status,
        "storefleet_via": host.connect.via,
        "intended": dict(store.intended) if store else {},
        **host.data,
    }
    return {name: value for name, value in variables.items() if value is not None}
