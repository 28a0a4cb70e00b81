"""Who changes which store, and whether anybody may: what all processes on one database must agree on."""

from __future__ import annotations

from typing import Literal, TypeAlias

from storefleet.model.base import Value

LEASES_FORMAT = "storefleet.leases/1"
FREEZE_FORMAT = "storefleet.freeze/1"

LeaseState: TypeAlias = Literal["held", "dead", "elsewhere", "expired"]
"""``held``: its process lives on this machine; ``dead``: it does not any more; ``elsewhere``: of another machine or
boot, of which nobody here can tell; ``expired``: of such a one, and nobody has renewed it in time."""


class Lease(Value, frozen=True, kw_only=True):
    """One store in one hand. Instants are UTC; ``process`` is ``pid:start:namespace``, so that no other is mistaken."""

    store: str
    run: str
    owner: str
    machine: str
    boot: str
    process: str
    taken_at: str
    heartbeat_at: str
    expires_at: str
    state: LeaseState = "elsewhere"


class Stop(Value, frozen=True, kw_only=True):
    """What ``storefleet freeze on`` sets: nobody on this database begins a change, until it is lifted."""

    by: str
    on: str
    at: str
    reason: str
    ticket: str | None = None


class LeasesDocument(Value, frozen=True, kw_only=True):
    """What ``storefleet leases --format json`` prints."""

    format: str = LEASES_FORMAT
    leases: tuple[Lease, ...]


class FreezeDocument(Value, frozen=True, kw_only=True):
    """What ``storefleet freeze status --format json`` prints; ``stop`` is null where changes may begin."""

    format: str = FREEZE_FORMAT
    stop: Stop | None
