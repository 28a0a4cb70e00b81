"""Leases of stores, and the stop of all changes: each question and answer in one transaction, so that nobody slips by.

The clock is the database's own where that is a server: the controllers of two machines need not agree on the time.
"""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import sqlalchemy as sa

from storefleet.errors import BusyError
from storefleet.model.instants import utc
from storefleet.model.leases import Lease, LeaseState, Stop
from storefleet.model.report import RunInfo
from storefleet.storage.tables import change_stops, leases

LEASE_S = 600.0
"""How long a lease holds that nobody renews: after that a machine that vanished keeps its stores from nobody."""

Begin = Callable[[str], AbstractContextManager[sa.Connection]]


@dataclass(frozen=True)
class Beat:
    """How it stands after a renewal: the stop of all changes, and the stores that are no longer ours."""

    stop: Stop | None
    lost: frozenset[str]


@dataclass(frozen=True)
class Guards:
    """What keeps two people from changing one store, and everybody from changing any."""

    write: Begin
    read: Begin

    def take(self, stores: Collection[str], info: RunInfo, now: datetime.datetime) -> list[str]:
        """Take every store or none; returns a word for each that was taken over from one that is gone.

        Raises :class:`BusyError` where changes are stopped, or a store is in another hand.
        """
        words = []
        with self.write("taking the leases of stores") as connection:
            stop = current_stop(connection)
            if stop is not None:
                raise BusyError(stopped(stop))
            at = _clock(connection, now)
            held = {one.store: one for one in _leases(connection, at)}
            for store in sorted(set(stores) & held.keys()):
                words.append(_taken_over(held[store]))
                connection.execute(leases.delete().where(leases.c.store == store))
            if stores:
                connection.execute(leases.insert(), [_row(store, info, at) for store in sorted(set(stores))])
        return words

    def renew(self, run: str, stores: Collection[str], now: datetime.datetime) -> Beat:
        """Renew the leases of a run; in the same instant, tell whether changes are stopped."""
        with self.write("renewing the leases of stores") as connection:
            at = _clock(connection, now)
            mine = sa.and_(leases.c.run == run, leases.c.process == this_process()[2])
            connection.execute(leases.update().where(mine).values(**_beat(at)))
            kept = set(connection.scalars(sa.select(leases.c.store).where(mine)))
            return Beat(current_stop(connection), frozenset(stores) - kept)

    def give_back(self, run: str) -> None:
        """Give back every store of a run."""
        with self.write("giving back the leases of stores") as connection:
            connection.execute(leases.delete().where(leases.c.run == run))

    def leases(self, now: datetime.datetime) -> tuple[Lease, ...]:
        """Return who holds what, by store."""
        with self.read("reading the leases of stores") as connection:
            return tuple(_leases(connection, _clock(connection, now)))

    def stop(self) -> Stop | None:
        """Return what stops all changes, or ``None``."""
        with self.read("reading whether changes are stopped") as connection:
            return current_stop(connection)

    def set_stop(self, stop: Stop) -> Stop:
        """Stop all changes; where they are stopped already that stop stays, and is returned."""
        with self.write("stopping all changes") as connection:
            before = current_stop(connection)
            if before is not None:
                return before
            connection.execute(change_stops.insert().values(**msgspec.to_builtins(stop)))
            return stop

    def lift_stop(self, by: str, on: str, at: str) -> Stop | None:
        """Let changes begin again; returns the stop that was lifted, which stays on record with who lifted it."""
        with self.write("letting changes begin again") as connection:
            before = current_stop(connection)
            lifted = {"lifted_at": at, "lifted_by": by, "lifted_on": on}
            connection.execute(change_stops.update().where(change_stops.c.lifted_at.is_(None)).values(**lifted))
            return before


def stopped(stop: Stop) -> str:
    """Say that all changes are stopped, by whom and why."""
    ticket = f", ticket {stop.ticket}" if stop.ticket else ""
    return (
        f"all changes are stopped since {stop.at} by {stop.by} on {stop.on}: {stop.reason}{ticket}; "
        "ask there, and lift it with `storefleet freeze off`"
    )


def current_stop(connection: sa.Connection) -> Stop | None:
    """Return the stop that nobody has lifted."""
    columns = (change_stops.c[name] for name in Stop.__struct_fields__)
    row = connection.execute(sa.select(*columns).where(change_stops.c.lifted_at.is_(None))).mappings().first()
    return None if row is None else Stop(**row)


def this_process() -> tuple[str, str, str]:
    """Return machine, boot and process (``pid:start:namespace``), as a lease names its holder."""
    return platform.node(), _boot(), _mark(os.getpid())


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _mark(pid: int) -> str:
    """Return a process so that neither a reused number nor that of another container is mistaken for it."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return str(pid)
    if len(told) < 20 or told[0] in "ZX":  # a zombie does nothing any more
        return str(pid)
    return f"{pid}:{told[19]}:{_namespace()}"


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return ""


def _leases(connection: sa.Connection, at: datetime.datetime) -> list[Lease]:
    rows = connection.execute(sa.select(leases).order_by(leases.c.store)).mappings()
    return [Lease(**row, state=_state(row, at)) for row in rows]


def _state(row: sa.RowMapping, at: datetime.datetime) -> LeaseState:
    """Only a process of this machine, this boot and our own view of processes can be looked at."""
    machine, boot, _ = this_process()
    pid, _, rest = str(row["process"]).partition(":")
    seen = pid.isdecimal() and rest.endswith(f":{_namespace()}")
    if seen and boot and (row["machine"], row["boot"]) == (machine, boot):
        return "held" if _mark(int(pid)) == row["process"] else "dead"
    return "expired" if row["expires_at"] <= utc(at) else "elsewhere"


def _taken_over(lease: Lease) -> str:
    who = f"run {lease.run} by {lease.owner} on {lease.machine}"
    if lease.state in ("dead", "expired"):
        gone = "whose process is gone" if lease.state == "dead" else f"silent since {lease.heartbeat_at}"
        look = f"look how far it came: storefleet runs show {lease.run}"
        return f"store {lease.store}: taken over from {who}, {gone}; {look}"
    more = f"; unless it is renewed, it ends at {lease.expires_at}" if lease.state == "elsewhere" else ""
    raise BusyError(f"store {lease.store} is being changed: {who}, since {lease.taken_at}{more}; nothing was touched")


def _row(store: str, info: RunInfo, at: datetime.datetime) -> dict[str, str]:
    machine, boot, process = this_process()
    who = {"owner": info.actor.user, "machine": machine, "boot": boot, "process": process}
    return {"store": store, "run": info.id, **who, "taken_at": utc(at), **_beat(at)}


def _beat(at: datetime.datetime) -> dict[str, str]:
    return {"heartbeat_at": utc(at), "expires_at": utc(at + datetime.timedelta(seconds=LEASE_S))}


def _clock(connection: sa.Connection, now: datetime.datetime) -> datetime.datetime:
    if connection.dialect.name != "postgresql":
        return now
    told: datetime.datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return told
