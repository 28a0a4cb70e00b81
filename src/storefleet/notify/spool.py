"""Messages on disk until they are delivered: a run that dies has lost none, and a channel that is down delays none.

A message is a file, written whole before anything is sent. When its channel took it, that is remembered, and then the
file is removed. Killed between the sending and the remembering, it is sent twice: rather twice than never.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import hashlib
import json
import os
import secrets
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from storefleet.documents.files import write_atomically
from storefleet.documents.ownership import Ownership
from storefleet.errors import StorageError
from storefleet.model.base import Value
from storefleet.notify.config import MOST_QUIET_S, Attachment
from storefleet.notify.events import EVENT_FORMAT, Event
from storefleet.notify.routing import Message

MOST = 10_000
"""Files at most; the oldest go first, counted: a channel that is down for weeks must not fill a disk."""

GIVEN_UP_S = 86_400.0
"""From this age on a message is given up when its channel fails once more: nights are a day apart, and each may try."""

KEPT_S = 7 * 86_400.0
"""Older messages go unsent."""

FORGET_S = MOST_QUIET_S
SKEW_S = 3600.0
"""What lies further ahead than this was written while the clock was wrong, and counts for nothing."""


class Waiting(Value, frozen=True):
    """One message that waits; instants are seconds since 1970."""

    channel: str
    event: Event
    made: float
    not_before: float
    attempts: int = 0
    attach: tuple[Attachment, ...] = ()


class Memory(Value, frozen=True):
    """What was sent: event and channel → when; when each channel sent lately; what was lost since the last digest.

    ``tickets`` are event → the ticket that a command made of it.
    """

    sent: Mapping[str, float] = {}
    lately: Mapping[str, list[float]] = {}
    lost: int = 0
    tickets: Mapping[str, str] = {}

    def told(self, channel: str, event: Event, now: float, quiet_s: float) -> bool:
        """Tell whether a channel heard of an event so lately that it shall not again; of a week it hears once."""
        at = self.sent.get(key_of(channel, event))
        return at is not None and -SKEW_S < now - at < (FORGET_S if event.event == "weekly" else quiet_s)

    def lately_by(self, channel: str, now: float) -> list[float]:
        """Return when a channel was tried within a minute."""
        return [at for at in self.lately.get(channel, ()) if -SKEW_S < now - at < 60]


class Spool:
    """The folder of the messages, and the memory beside it."""

    def __init__(self, folder: Path, ownership: Ownership) -> None:
        self.folder = folder
        self._ownership = ownership
        self._memory = folder / "memory.json"

    @contextlib.contextmanager
    def locked(self, wait_s: float = 0.0) -> Iterator[bool]:
        """Hold the spool; ``False`` when another process still has it after ``wait_s`` seconds."""
        self._ownership.make_folder(self.folder)
        path = self.folder / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with contextlib.suppress(OSError):  # another user's file has its mode already
                self._ownership.claim(descriptor)
            yield _lock(descriptor, time.monotonic() + wait_s)
        finally:
            os.close(descriptor)

    def put(self, messages: Iterable[Message], now: datetime.datetime, quiet_s: float) -> int:
        """Write the messages that were not told within ``quiet_s``, or wait already; return how many."""
        self._ownership.make_folder(self.folder)
        memory = self.memory()
        at = now.timestamp()
        waiting = {key_of(one.channel, one.event) for _, one in self.waiting()}
        count = 0
        for message in messages:
            key = key_of(message.channel, message.event)
            if key in waiting or memory.told(message.channel, message.event, at, quiet_s):
                continue
            waiting.add(key)
            self._write(self._name(at, count), Waiting(message.channel, message.event, at, at, attach=message.attach))
            count += 1
        return count

    def waiting(self, known: Collection[Path] = ()) -> list[tuple[Path, Waiting]]:
        """Return what waits without what is known, the oldest first; what nobody can read is set aside by its name."""
        found: list[tuple[Path, Waiting]] = []
        for path in sorted(self.folder.glob("*.msg")):
            if path in known:
                continue
            try:
                found.append((path, _read(path)))
            except OSError:
                continue  # no more descriptors, or somebody else's: it may be read the next time
            except (StorageError, ValueError, msgspec.ValidationError):
                with contextlib.suppress(OSError):
                    path.rename(path.with_suffix(".broken"))
        return found

    def trim(self) -> int:
        """Remove the oldest files above :data:`MOST`; return how many. What a death left half-written goes too."""
        old = time.time() - 3600
        for path in self.folder.glob(".*.tmp"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < old:
                    path.unlink()
        surplus = sorted(self.folder.glob("*.msg"))[:-MOST]
        for path in surplus:
            path.unlink(missing_ok=True)
        return len(surplus)

    def again(self, path: Path, waiting: Waiting, not_before: float) -> None:
        """Note one more attempt, and when the next may be."""
        self._write(path, msgspec.structs.replace(waiting, attempts=waiting.attempts + 1, not_before=not_before))

    def memory(self) -> Memory:
        """Return what was sent; a memory that cannot be read is none."""
        try:
            return msgspec.convert(json.loads(self._memory.read_text(encoding="utf-8")), Memory)
        except (OSError, ValueError, msgspec.ValidationError):
            return Memory()

    def remember(self, memory: Memory, now: float) -> None:
        """Write the memory, without what is too old to matter."""
        sent = {key: at for key, at in memory.sent.items() if now - at < FORGET_S}
        lately = {name: [at for at in times if now - at < 60] for name, times in memory.lately.items()}
        told = {key.split(" ", 2)[-1] for key in sent}
        tickets = {event: ticket for event, ticket in memory.tickets.items() if event in told}
        kept = Memory(sent, {name: times for name, times in lately.items() if times}, memory.lost, tickets)
        self._store(self._memory, msgspec.to_builtins(kept))

    def _name(self, at: float, number: int) -> Path:
        return self.folder / f"{at:017.3f}-{number:05}-{secrets.token_hex(3)}.msg"

    def _write(self, path: Path, waiting: Waiting) -> None:
        body = msgspec.to_builtins(waiting)
        self._store(path, {**body, "event": {"format": EVENT_FORMAT, **body["event"]}})

    def _store(self, path: Path, body: dict[str, Any]) -> None:
        write_atomically(path, json.dumps(body, ensure_ascii=True), owner=self._ownership)


def _lock(descriptor: int, until: float) -> bool:
    """Take the kernel's lock, which goes with its process however that ends."""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.1)
        else:
            return True


def key_of(channel: str, event: Event) -> str:
    """Return the name under which an event was told to a channel.

    New findings of one cause in one store and day share an id, so that a ticket system gathers them; what they say is
    part of the name, or the second of them would never be told.
    """
    name = f"{channel} {event.event} {event.id}"
    if event.event not in ("finding.new", "incident"):
        return name
    said = f"{event.severity} {event.title} {event.text}".encode("utf-8", "replace")
    return f"{name} {hashlib.sha256(said).hexdigest()[:12]}"


def _read(path: Path) -> Waiting:
    body = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(body, dict) or not isinstance(body.get("event"), dict):
        raise StorageError(f"{path} is no message")
    body["event"].pop("format", None)
    return msgspec.convert(body, Waiting)
