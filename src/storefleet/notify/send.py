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

from storefleet.notify.channels import ChannelFault, Secrets, deliver
from storefleet.notify.config import Notify
from storefleet.notify.spool import GIVEN_UP_S, Memory, Spool, Waiting, key_of

BUDGET_S = 20.0
"""How long a run waits for its messages: what is left goes with the next one."""


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
    """Sends what waits; ``clock`` gives seconds since 1970, ``steady`` seconds that only go forward."""

    spool: Spool
    notify: Notify
    secret: Secrets
    attached: Path | None = None
    clock: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    budget_s: float = BUDGET_S

    def send(self) -> Sent:
        """Send everything that may leave now, the oldest first; a channel that failed is left alone for this time."""
        sent = Sent()
        with self.spool.locked() as ours:
            if not ours:
                return sent
            memory = self.spool.memory()
            lost = self.spool.trim()
            ends = self.steady() + self.budget_s
            broken: set[str] = set()
            for path, waiting in self.spool.waiting():
                now = self.clock()
                if now - waiting.made > GIVEN_UP_S or waiting.channel not in self.notify.channels:
                    path.unlink(missing_ok=True)
                    lost += 1
                elif waiting.channel in broken or self._must_wait(waiting, memory, now) or self.steady() >= ends:
                    sent.left += 1
                else:
                    memory = self._one(path, waiting, memory, sent, broken, ends)
            sent.lost = lost
            self.spool.remember(msgspec.structs.replace(memory, lost=memory.lost + lost), self.clock())
        return sent

    def _must_wait(self, waiting: Waiting, memory: Memory, now: float) -> bool:
        lately = [at for at in memory.lately.get(waiting.channel, ()) if now - at < 60]
        return waiting.not_before > now or len(lately) >= self.notify.channels[waiting.channel].per_minute

    def _one(self, path: Path, waiting: Waiting, memory: Memory, sent: Sent, broken: set[str], ends: float) -> Memory:
        now = self.clock()
        lately = {**memory.lately, waiting.channel: [*memory.lately.get(waiting.channel, ()), now]}
        try:
            ticket = self._bounded(waiting, max(0.1, ends - self.steady()))
        except ChannelFault as fault:
            pause = random.uniform(0.75, 1.25) * min(3600.0, 60.0 * 2.0**waiting.attempts)  # noqa: S311 - jitter
            self.spool.again(path, waiting, now + pause)
            broken.add(waiting.channel)
            sent.left += 1
            sent.faults.append(str(fault))
            return msgspec.structs.replace(memory, lately=lately)
        path.unlink(missing_ok=True)
        sent.delivered += 1
        if ticket:
            sent.tickets[waiting.event.id] = ticket
        told = Memory(
            {**memory.sent, key_of(waiting.channel, waiting.event): now},
            lately,
            memory.lost,
            {**memory.tickets, **sent.tickets},
        )
        self.spool.remember(told, now)
        return told

    def _bounded(self, waiting: Waiting, left_s: float) -> str | None:
        """Deliver in a thread of its own: a library that hangs costs its deadline and not the run."""
        channel = self.notify.channels[waiting.channel]
        answer: queue.SimpleQueue[str | ChannelFault | None] = queue.SimpleQueue()

        def work() -> None:
            try:
                attached = self.attached if waiting.attach else None
                answer.put(deliver(channel, waiting.event, attached, self.secret))
            except ChannelFault as fault:
                answer.put(fault)
            except Exception as fault:  # noqa: BLE001 - whatever a channel does, the run goes on
                answer.put(ChannelFault(f"{channel.name}: {type(fault).__name__}"))

        threading.Thread(target=work, name=f"notify {channel.name}", daemon=True).start()
        try:
            found = answer.get(timeout=min(left_s, channel.timeout_s + 1.0))
        except queue.Empty:
            raise ChannelFault(f"{channel.name}: no answer within {min(left_s, channel.timeout_s + 1):.0f} s") from None
        if isinstance(found, ChannelFault):
            raise found
        return found
