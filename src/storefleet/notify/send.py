"""Emptying the spool, for so long and no longer."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from storefleet.notify.channels import ChannelFault, PartlyTaken, Secrets, deliver
from storefleet.notify.config import Notify
from storefleet.notify.spool import GIVEN_UP_S, KEPT_S, SKEW_S, Memory, Spool, Waiting, key_of

BUDGET_S = 20.0
"""How long a run waits for its messages: what is left goes with the next one."""

MOST_PAUSE_S = 3600.0
_FIRST = ("nightly", "incident", "wave.halted", "store-dark", "weekly")
"""What leaves first where a channel takes only so many a minute; single findings come after."""


@dataclass
class Sent:
    """What became of the messages; ``faults`` are fit for a log, ``tickets`` are event → ticket."""

    delivered: int = 0
    left: int = 0
    lost: int = 0
    faults: list[str] = field(default_factory=list)
    tickets: dict[str, str] = field(default_factory=dict)


@dataclass
class Sender:
    """Sends what waits; ``clock`` gives seconds since 1970, ``steady`` seconds that only go forward.

    ``lost_told`` is how many lost messages the digest of this run tells of.
    """

    spool: Spool
    notify: Notify
    secret: Secrets
    attached: Path | None = None
    clock: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    budget_s: float = BUDGET_S
    lost_told: int = 0

    def send(self) -> Sent:
        """Send everything that may leave now; a channel that failed is left alone for this time."""
        ends = self.steady() + self.budget_s
        with self.spool.locked(self.budget_s) as ours:
            if not ours:
                return Sent(left=len(self.spool.waiting()), faults=["another process is still sending"])
            return _Round(self, self.spool.memory(), ends).run()


@dataclass
class _Round:
    """One emptying, under the lock."""

    sender: Sender
    memory: Memory
    ends: float
    sent: Sent = field(default_factory=Sent)
    broken: set[str] = field(default_factory=set)

    def run(self) -> Sent:
        """Send until nothing is left that may leave, what others put meanwhile included."""
        spool = self.sender.spool
        self.sent.lost = spool.trim()
        seen: set[Path] = set()
        while fresh := spool.waiting(seen):
            for path, waiting in sorted(fresh, key=_turn):
                seen.add(path)
                self._one(path, waiting, self.sender.clock())
        lost = max(0, self.memory.lost - self.sender.lost_told) + self.sent.lost
        spool.remember(msgspec.structs.replace(self.memory, lost=lost), self.sender.clock())
        return self.sent

    def _one(self, path: Path, waiting: Waiting, now: float) -> None:
        age = now - waiting.made
        if waiting.channel not in self.sender.notify.channels or age > KEPT_S:
            self._lose(path)
        elif self.memory.told(waiting.channel, waiting.event, now, self.sender.notify.quiet_s):
            path.unlink(missing_ok=True)  # two runs put it, or a death came between remembering and removing
        elif waiting.channel in self.broken:
            self._keep(path, age)
        elif self._must_wait(waiting, now) or self.sender.steady() >= self.ends:
            self.sent.left += 1
        else:
            self._try(path, waiting, now)

    def _lose(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.sent.lost += 1

    def _keep(self, path: Path, age: float) -> None:
        """Keep a message of a channel that has just failed, unless it waited for a day."""
        if age > GIVEN_UP_S:
            self._lose(path)
        else:
            self.sent.left += 1

    def _must_wait(self, waiting: Waiting, now: float) -> bool:
        paused = now < waiting.not_before < now + MOST_PAUSE_S + SKEW_S
        lately = self.memory.lately_by(waiting.channel, now)
        return paused or len(lately) >= self.sender.notify.channels[waiting.channel].per_minute

    def _try(self, path: Path, waiting: Waiting, now: float) -> None:
        """Note the attempt before it is made, so that no death lets a channel hear more in a minute than it may."""
        lately = [*self.memory.lately_by(waiting.channel, now), now]
        self._remember(lately={**self.memory.lately, waiting.channel: lately})
        try:
            ticket = self._bounded(waiting)
        except PartlyTaken as fault:  # sent again it would come twice to those who have it
            ticket = None
            self.sent.faults.append(str(fault))
        except ChannelFault as fault:
            self.broken.add(waiting.channel)
            self.sent.faults.append(str(fault))
            pause = random.uniform(0.75, 1.0) * min(MOST_PAUSE_S, 60.0 * 2.0 ** min(waiting.attempts, 10))  # noqa: S311 - jitter
            self.sender.spool.again(path, waiting, now + pause)
            self._keep(path, now - waiting.made)
            return
        if ticket:
            self.sent.tickets[waiting.event.id] = ticket
        sent = {**self.memory.sent, key_of(waiting.channel, waiting.event): now}
        self._remember(sent=sent, tickets={**self.memory.tickets, **self.sent.tickets})
        path.unlink(missing_ok=True)
        self.sent.delivered += 1

    def _remember(self, **changed: object) -> None:
        self.memory = msgspec.structs.replace(self.memory, **changed)
        self.sender.spool.remember(self.memory, self.sender.clock())

    def _bounded(self, waiting: Waiting) -> str | None:
        """Deliver in a thread of its own: a library that hangs costs its deadline and not the run.

        What was begun has its whole time, also where the round is over meanwhile: given up early it would go on all the
        same, and be sent again.
        """
        channel = self.sender.notify.channels[waiting.channel]
        most = channel.timeout_s + 1.0
        answer: queue.SimpleQueue[str | ChannelFault | None] = queue.SimpleQueue()

        def work() -> None:
            try:
                attached = self.sender.attached if waiting.attach else None
                answer.put(deliver(channel, waiting.event, attached, self.sender.secret))
            except ChannelFault as fault:
                answer.put(fault)
            except Exception as fault:  # noqa: BLE001 - whatever a channel does, the run goes on
                answer.put(ChannelFault(f"{channel.name}: {type(fault).__name__}"))

        threading.Thread(target=work, name=f"notify {channel.name}", daemon=True).start()
        try:
            found = answer.get(timeout=most)
        except queue.Empty:
            raise ChannelFault(f"{channel.name}: no answer within {most:.0f} s") from None
        if isinstance(found, ChannelFault):
            raise found
        return found


def _turn(item: tuple[Path, Waiting]) -> tuple[int, str]:
    """Sort the digest and what concerns many before single findings, each the oldest first."""
    path, waiting = item
    kind = waiting.event.event
    return (_FIRST.index(kind) if kind in _FIRST else len(_FIRST), path.name)
