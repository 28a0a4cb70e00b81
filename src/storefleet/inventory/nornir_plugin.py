"""Our Nornir inventory plugin: hosts come from stores and blueprint, and no secret ever enters Nornir's objects."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nornir.core.inventory import ConnectionOptions, Defaults, Group, Groups, Host, Hosts, Inventory, ParentGroups
from nornir.core.plugins.inventory import InventoryPluginRegister

from storefleet.inventory.contents import Fleet
from storefleet.inventory.load import load_fleet
from storefleet.inventory.nornir_files import ConnectionOption, Element
from storefleet.model import store as model

NAME = "storefleet-inventory"
MODEL = "storefleet_host"
"""The key under which a Nornir host's data holds our own value; ``storefleet_store`` holds its store."""
STORE = "storefleet_store"


class StorefleetInventory:
    """Loads a fleet folder for whoever drives Nornir by hand; storefleet itself calls :func:`to_nornir_inventory`."""

    def __init__(self, folder: str = ".", today: str | None = None) -> None:
        self.folder = Path(folder)
        self.today = datetime.date.fromisoformat(today) if today else datetime.datetime.now(datetime.UTC).date()

    def load(self) -> Inventory:
        """Return every host of the fleet; raises ``InputError`` with all complaints."""
        fleet = load_fleet(self.folder, self.today)
        return to_nornir_inventory(fleet, fleet.hosts.values())


def register() -> None:
    """Make the plugin known to Nornir; doing so twice is harmless."""
    InventoryPluginRegister.register(NAME, StorefleetInventory)


def to_nornir_inventory(fleet: Fleet, hosts: Iterable[model.Host]) -> Inventory:
    """Build Nornir's own objects for some hosts of a fleet, with the groups and defaults of its files."""
    defaults = Defaults(**_common(fleet.defaults))
    chosen = list(hosts)
    names = dict.fromkeys([*fleet.groups, *(name for host in chosen for name in host.groups)])
    groups = Groups(
        {name: Group(name, defaults=defaults, **_common(fleet.groups.get(name, Element()))) for name in names}
    )
    for name, element in fleet.groups.items():
        groups[name].groups = ParentGroups(groups[parent] for parent in element.groups)
    return Inventory(Hosts({host.name: _host(fleet, host, groups, defaults) for host in chosen}), groups, defaults)


def _host(fleet: Fleet, host: model.Host, groups: Groups, defaults: Defaults) -> Host:
    data: dict[str, Any] = {**host.data, MODEL: host}
    store = fleet.store_of(host)
    if store is not None:
        data[STORE] = store
    return Host(
        name=host.name,
        hostname=host.connect.host or host.address,
        port=host.connect.port,
        platform=host.platform or None,
        groups=ParentGroups(groups[name] for name in host.groups),
        data=data,
        defaults=defaults,
    )


def _common(element: Element) -> dict[str, Any]:
    return {
        "hostname": element.hostname,
        "port": element.port,
        "username": element.username,
        "platform": element.platform,
        "data": dict(element.data),
        "connection_options": {name: _options(option) for name, option in element.connection_options.items()},
    }


def _options(option: ConnectionOption) -> ConnectionOptions:
    return ConnectionOptions(
        option.hostname, option.port, option.username, None, option.platform, dict(option.extras) or None
    )
