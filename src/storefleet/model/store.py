"""Stores and hosts as the inventory gives them to every other layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from storefleet.model.base import Json, Value

StoreStatus = Literal["planned", "open", "renovating", "closed"]
HostStatus = Literal["in_service", "in_repair", "spare", "replaced"]


class Connect(Value, frozen=True):
    """How a host is reached, where that differs from the address at which it must stand.

    ``via`` names the host (``S0003-router``) whose connection is tunnelled through; ``host`` is then resolved and
    reached from there.
    """

    host: str | None = None
    port: int = 22
    via: str | None = None


class LegacySsh(Value, frozen=True):
    """An explicit, expiring permission to use algorithms that the modern set refuses."""

    algorithms: tuple[str, ...]
    expires: str
    ticket: str | None = None


class Store(Value, frozen=True):
    """One row of ``stores.csv`` with what is intended for it.

    ``columns`` holds every cell of the row as text except the typed ones (``number``, lane cells as lists of int);
    ``intended`` is the numbering plan evaluated for this store. Both are template roots (``store``, ``intended``).
    """

    id: str
    name: str
    region: str
    timezone: str
    format: str
    number: int
    status: StoreStatus = "open"
    columns: Mapping[str, Json] = {}
    intended: Mapping[str, Json] = {}


class Host(Value, frozen=True):
    """One device of one store: who it is, where it must stand, how it is reached.

    ``platform`` picks the collector (``linux``, ``busybox``, ``frr``); ``connection`` is ``ssh``, or ``none`` for a
    device that is counted and never contacted. ``n`` is the lane or running number in its row of devices.
    """

    name: str
    store: str
    device: str
    role: str
    platform: str
    address: str | None = None
    connect: Connect = Connect()
    connection: Literal["ssh", "none"] = "ssh"
    n: int | None = None
    label: str | None = None
    kind: str | None = None
    groups: tuple[str, ...] = ()
    status: HostStatus = "in_service"
    until: str | None = None
    ticket: str | None = None
    serial: str | None = None
    mac: str | None = None
    model: str | None = None
    charset: str = "utf-8"
    legacy_ssh: LegacySsh | None = None
    data: Mapping[str, Json] = {}


def template_roots(host: Host, store: Store) -> dict[str, Any]:
    """Return what every template may use of a host: ``store`` with all its columns, ``host``, ``intended``."""
    own = {name: getattr(store, name) for name in ("id", "name", "region", "timezone", "format", "number", "status")}
    return {
        "store": {**store.columns, **own},
        "host": msgspec.to_builtins(host),
        "intended": store.intended,
    }
