"""Our Nornir runner: a deadline per host, answers as they come, and caps per store and per jump host.

Nornir's own ``ThreadedRunner`` returns when the slowest host has answered, knows no deadline, and one result without a
host ends the whole run. Here a host that does not come back is given up at its deadline and its place is used again;
an answer is kept under the host that was submitted, whatever the task says of itself.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nornir.core.inventory import Host as NornirHost
from nornir.core.plugins.runners import RunnersPluginRegister
from nornir.core.task import AggregatedResult, MultiResult, Result, Task

from storefleet.inventory.nornir_plugin import MODEL
from storefleet.model.limits import Limits
from storefleet.model.store import Host

NAME = "storefleet-threads"
GRACE_S = 2.0
"""How long after its deadline a host may still hand in the answer that its session's own deadline produced."""


def model_of(host: NornirHost) -> Host:
    """Return our own value of a Nornir host."""
    value = host.data[MODEL]
    assert isinstance(value, Host)
    return value


@dataclass(slots=True)
class _Running:
    host: NornirHost
    expires_at: float


@dataclass(slots=True)
class StoreRunner:
    """Runs a task on hosts in threads.

    ``on_done(name, result)`` is called in the caller's thread for every host, as it comes; ``result`` is ``None`` when
    the host was given up at its deadline. After ``stop``, or an interrupt from the keyboard, no new host is started and
    those that run have ``linger_s`` to answer; hosts left over are not reported here. The interrupt is kept in
    ``interrupt`` for the caller to raise; a second one is raised at once.
    """

    limits: Limits
    on_done: Callable[[str, MultiResult | None], None]
    stop: threading.Event = field(default_factory=threading.Event)
    linger_s: float = 5.0
    interrupt: KeyboardInterrupt | None = None

    def run(self, task: Task, hosts: Sequence[NornirHost]) -> AggregatedResult:
        """Run the task on every host; return, in Nornir's shape, how each ended. What it gave went to ``on_done``."""
        done: queue.SimpleQueue[tuple[str, MultiResult]] = queue.SimpleQueue()
        results = AggregatedResult(task.name)
        schedule = _Schedule(list(hosts), self.limits)
        ends_at: float | None = None
        while schedule.running or (schedule.waiting and ends_at is None):
            try:
                if self.stop.is_set() and ends_at is None:
                    ends_at = time.monotonic() + self.linger_s
                if ends_at is None:
                    for host in schedule.startable():
                        self._start(task, host, done)
                elif time.monotonic() >= ends_at:
                    break
                self._hand_on(schedule, done, results)
            except KeyboardInterrupt as fault:
                if self.stop.is_set():
                    raise
                self.interrupt = fault
                self.stop.set()
        return results

    def _hand_on(
        self, schedule: _Schedule, done: queue.SimpleQueue[tuple[str, MultiResult]], results: AggregatedResult
    ) -> None:
        """Hand each answer to the caller and keep only that it came: a fleet's documents would fill the memory."""
        for name, result in self._collect(schedule, done):
            results[name] = _ended(schedule.hosts[name], gave_up=result is None)
            self.on_done(name, result)

    def _start(self, task: Task, host: NornirHost, done: queue.SimpleQueue[tuple[str, MultiResult]]) -> None:
        def work() -> None:
            done.put((host.name, task.copy().start(host)))

        threading.Thread(target=work, name=f"storefleet {host.name}", daemon=True).start()

    def _collect(
        self, schedule: _Schedule, done: queue.SimpleQueue[tuple[str, MultiResult]]
    ) -> list[tuple[str, MultiResult | None]]:
        """Wait for the next answer or the next deadline, whichever is first."""
        ended: list[tuple[str, MultiResult | None]] = []
        try:
            name, result = done.get(timeout=schedule.wait_s())
            while True:
                if schedule.end(name):
                    ended.append((name, result))
                name, result = done.get_nowait()
        except queue.Empty:
            pass
        ended.extend((name, None) for name in schedule.expired() if schedule.end(name))
        return ended


class _Schedule:
    """Which hosts wait, which run, and which may start now; never two answers for one host."""

    def __init__(self, hosts: list[NornirHost], limits: Limits) -> None:
        self.hosts = {host.name: host for host in hosts}
        self._fresh = deque(_one_of_each_store_first(hosts))
        self._held: deque[NornirHost] = deque()
        self.running: dict[str, _Running] = {}
        self.limits = limits
        self._stores: Counter[str] = Counter()
        self._jumps: Counter[str] = Counter()

    def startable(self) -> list[NornirHost]:
        """Take the hosts that may start now; those whose store or jump is full are held and asked again first."""
        chosen: list[NornirHost] = []
        room = self.limits.workers - len(self.running)
        for _ in range(len(self._held)):
            self._take(self._held.popleft(), chosen, room)
        while self._fresh and len(chosen) < room and len(self._held) < self.limits.workers:
            self._take(self._fresh.popleft(), chosen, room)
        return chosen

    def _take(self, host: NornirHost, chosen: list[NornirHost], room: int) -> None:
        if len(chosen) < room and self._fits(model_of(host)):
            self._begin(host)
            chosen.append(host)
        else:
            self._held.append(host)

    @property
    def waiting(self) -> int:
        """How many hosts have not been started."""
        return len(self._held) + len(self._fresh)

    def _fits(self, host: Host) -> bool:
        via = host.connect.via
        return self._stores[host.store] < self.limits.per_store and (
            via is None or self._jumps[via] < self.limits.per_jump
        )

    def _begin(self, host: NornirHost) -> None:
        model = model_of(host)
        self._stores[model.store] += 1
        if model.connect.via is not None:
            self._jumps[model.connect.via] += 1
        self.running[host.name] = _Running(host, time.monotonic() + self.limits.host_s + GRACE_S)

    def end(self, name: str) -> bool:
        """Free the host's place; false when it had been given up before."""
        running = self.running.pop(name, None)
        if running is None:
            return False
        model = model_of(running.host)
        self._stores[model.store] -= 1
        if model.connect.via is not None:
            self._jumps[model.connect.via] -= 1
        return True

    def wait_s(self) -> float:
        """Seconds until the next deadline, and at most half a second, so that a stop is noticed."""
        if not self.running:
            return 0.0
        next_expiry = min(running.expires_at for running in self.running.values())
        return max(0.0, min(0.5, next_expiry - time.monotonic()))

    def expired(self) -> list[str]:
        """Names of the hosts whose deadline has passed."""
        now = time.monotonic()
        return [name for name, running in self.running.items() if running.expires_at <= now]


def _one_of_each_store_first(hosts: list[NornirHost]) -> list[NornirHost]:
    """Order hosts so that neighbours in the list are in different stores: the cap per store then seldom blocks."""
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, int, NornirHost]] = []
    for position, host in enumerate(hosts):
        store = model_of(host).store
        ranked.append((seen[store], position, host))
        seen[store] += 1
    return [host for _, _, host in sorted(ranked, key=lambda entry: entry[:2])]


def _ended(host: NornirHost, *, gave_up: bool) -> MultiResult:
    result = MultiResult("deadline" if gave_up else "done")
    result.append(Result(host=host, failed=gave_up))
    return result


def register() -> None:
    """Enter our runner into Nornir's register, once."""
    RunnersPluginRegister.register(NAME, StoreRunner)
