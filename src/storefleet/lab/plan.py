"""What a practice fleet consists of: stores, devices, addresses. Pure arithmetic, and the same plan as the blueprint's.

The blueprint of the fleet computes each address from the store's number; this module computes it a second time to
build the device. A test holds the two against each other, so that the lab cannot drift from what it is audited by.
"""

from __future__ import annotations

from typing import Literal

from storefleet.errors import LabError
from storefleet.model.base import Value

Kind = Literal["router", "till", "kiosk"]

HEAD_OFFICE = "10.0.0.10"
"""Where ``storefleet`` itself stands when it is run by ``lab exec``."""

SERVICES = {
    "ns.hq.example": "10.0.0.53",
    "pay.hq.example": "10.0.0.80",
    "pay2.hq.example": "10.0.0.81",
    "price.hq.example": "10.0.0.82",
    "update.hq.example": "10.0.0.90",
}
WAN_PREFIX = 24
WAN_HUB = "10.0.1.254"
FLAT_STORE = 3
"""The store that uses the first store's LAN prefix and is reachable only through its router."""

_STORE_NAMES = ("Harbour", "Old Town", "Hill Road", "Station", "Riverside", "Market Hall")


class Device(Value, frozen=True):
    """One machine of a store; ``n`` is the lane of a till or the running number of a kiosk, 0 for the router."""

    name: str
    store: str
    kind: Kind
    n: int
    address: str
    gateway: str
    mac: str

    @property
    def key(self) -> str:
        """The device's name inside its store (``pos1``)."""
        return self.name.partition("-")[2]

    @property
    def port(self) -> str:
        """The router's interface that this device is plugged into."""
        return f"port-{self.key}"


class LabStore(Value, frozen=True):
    """One store with its WAN address and its devices, the router first."""

    id: str
    number: int
    title: str
    subnet: str
    wan: str
    lanes: tuple[int, ...]
    kiosks: int
    flat: bool
    devices: tuple[Device, ...]

    @property
    def router(self) -> Device:
        """The store's router."""
        return self.devices[0]

    @property
    def wan_port(self) -> str:
        """The interface at head office that the store's line ends in."""
        return f"wan-{self.id}"

    @property
    def wan_mac(self) -> str:
        """The hardware address of the router's line; its LAN has the router's own."""
        return f"{self.router.mac[:-2]}f0"

    @property
    def lane_cell(self) -> str:
        """The lanes as ``stores.csv`` writes them: ``2``, or ``1-2,4`` where there is a hole."""
        if self.lanes == tuple(range(1, len(self.lanes) + 1)):
            return str(len(self.lanes))
        unbroken = len(self.lanes) - 1
        head = {0: "", 1: "1,"}.get(unbroken, f"1-{unbroken},")
        return f"{head}{self.lanes[-1]}"


class LabPlan(Value, frozen=True):
    """The whole fleet."""

    stores: tuple[LabStore, ...]

    @property
    def devices(self) -> tuple[Device, ...]:
        """Every device, store by store."""
        return tuple(device for store in self.stores for device in store.devices)

    def device(self, name: str) -> Device:
        """Return the device called ``name``; a :class:`LabError` names those there are."""
        found = {device.name: device for device in self.devices}.get(name)
        if found is None:
            raise LabError(f"no device {name} in this lab; there are {', '.join(d.name for d in self.devices)}")
        return found

    def store(self, name: str) -> LabStore:
        """Return the store called ``name``; a :class:`LabError` names those there are."""
        found = {store.id: store for store in self.stores}.get(name)
        if found is None:
            raise LabError(f"no store {name} in this lab; there are {', '.join(s.id for s in self.stores)}")
        return found


def build_plan(stores: int = 3, tills: int = 2, kiosks: int = 1) -> LabPlan:
    """Return the fleet of ``stores`` stores; refuses numbers that the addresses or one machine cannot carry."""
    for word, number, low, high in (("stores", stores, 1, 50), ("tills", tills, 1, 28), ("kiosks", kiosks, 0, 9)):
        if not low <= number <= high:
            raise LabError(f"a lab has {low} to {high} {word}; {number} were asked for")
    return LabPlan(stores=tuple(_store(number, tills, kiosks) for number in range(1, stores + 1)))


def _store(number: int, tills: int, kiosks: int) -> LabStore:
    flat = number == FLAT_STORE
    network = _network(1 if flat else number)
    lanes = tuple(range(1, tills + 1))
    if number == 2:
        lanes = (*range(1, tills), tills + 1)
    name = f"S{number:04d}"
    devices = [_device(name, number, network, "router", 0)]
    devices += [_device(name, number, network, "till", lane) for lane in lanes]
    devices += [_device(name, number, network, "kiosk", n) for n in range(1, kiosks + 1)]
    return LabStore(
        id=name,
        number=number,
        title=_STORE_NAMES[(number - 1) % len(_STORE_NAMES)],
        subnet=f"{network}.0/24",
        wan=f"10.0.1.{number}",
        lanes=lanes,
        kiosks=kiosks,
        flat=flat,
        devices=tuple(devices),
    )


def _network(number: int) -> str:
    return f"10.{100 + number // 256}.{number % 256}"


def _device(store: str, number: int, network: str, kind: Kind, n: int) -> Device:
    key, last, code = {
        "router": ("router", 1, 0),
        "till": (f"pos{n}", 10 + n, n),
        "kiosk": (f"kiosk{n}", 60 + n, 0x60 + n),
    }[kind]
    return Device(
        name=f"{store}-{key}",
        store=store,
        kind=kind,
        n=n,
        address=f"{network}.{last}",
        gateway=f"{network}.1",
        mac=f"52:54:00:{number // 256:02x}:{number % 256:02x}:{code:02x}",
    )
