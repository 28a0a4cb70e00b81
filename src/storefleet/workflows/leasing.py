"""Holding the stores of a change while it is made, and seeing before each batch whether it may go on."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from storefleet.errors import BusyError, StorageError
from storefleet.model.instants import utc
from storefleet.model.leases import Lease, Stop
from storefleet.model.report import RunInfo
from storefleet.storage.database import Database
from storefleet.storage.leases import LEASE_S, Guards, stopped
from storefleet.workflows import clock
from storefleet.workflows.workspace import Workspace, actor

BEAT_S = LEASE_S / 10
"""How often a lease is renewed: nine renewals may fail before anybody else may take the store."""


@dataclass(frozen=True)
class Held:
    """The stores of a run, and words on those that were taken over from one that is gone."""

    guards: Guards
    run: str
    stores: tuple[str, ...]
    words: tuple[str, ...]

    def why_no_further(self, stores: Sequence[str]) -> str:
        """Renew, and tell why no further store may be begun; empty where these may."""
        beat = self.guards.renew(self.run, self.stores, clock.now())
        if beat.stop is not None:
            return f"not begun: {stopped(beat.stop)}"
        lost = sorted(beat.lost & set(stores))
        return f"not begun: the lease of {', '.join(lost)} was lost to another run; plan again" if lost else ""


@contextlib.contextmanager
def holding(database: Database, stores: Sequence[str], info: RunInfo) -> Iterator[Held]:
    """Hold these stores; raises :class:`BusyError` where changes are stopped or another run holds one of them."""
    guards = database.guards
    held = Held(guards, info.id, tuple(stores), tuple(guards.take(stores, info, clock.now())))
    done = threading.Event()
    beating = threading.Thread(target=_beat, args=(held, done), name="leases", daemon=True)
    beating.start()
    try:
        yield held
    finally:
        done.set()
        beating.join()
        with contextlib.suppress(StorageError):  # the next one sees that this process is gone, and takes over
            guards.give_back(info.id)


def _beat(held: Held, done: threading.Event) -> None:
    while not done.wait(BEAT_S):
        with contextlib.suppress(StorageError):  # asked again in a moment, and before the next batch it is told
            held.guards.renew(held.run, held.stores, clock.now())


def stop_if_frozen(workspace: Workspace) -> None:
    """Raise :class:`BusyError` where all changes are stopped, before anybody is asked anything."""
    stop = current_stop(workspace)
    if stop is not None:
        raise BusyError(f"{stopped(stop)}; nothing was touched")


def current_stop(workspace: Workspace) -> Stop | None:
    """Return what stops all changes on the fleet's database."""
    with workspace.open_database() as database:
        return database.guards.stop()


def set_stop(workspace: Workspace, reason: str, ticket: str | None) -> tuple[Stop, bool]:
    """Stop all changes; returns what stops them now, and whether that is ours."""
    who = actor(os.environ)
    stop = Stop(by=who.user, on=who.on, at=utc(clock.now()), reason=reason, ticket=ticket)
    with workspace.open_database() as database:
        set_ = database.guards.set_stop(stop)
    return set_, set_ == stop


def lift_stop(workspace: Workspace) -> Stop | None:
    """Let changes begin again; returns the stop that was lifted, or ``None``."""
    who = actor(os.environ)
    with workspace.open_database() as database:
        return database.guards.lift_stop(who.user, who.on, utc(clock.now()))


def leases(workspace: Workspace) -> tuple[Lease, ...]:
    """Return who holds which store."""
    with workspace.open_database() as database:
        return database.guards.leases(clock.now())
