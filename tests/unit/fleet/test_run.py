"""Many hosts at once: each under its own name, its own deadline, its own failure."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from nornir.core.inventory import Defaults, Groups, Hosts, Inventory
from nornir.core.inventory import Host as NornirHost

from storefleet.errors import Dropped, HostError, TimedOut
from storefleet.fleet import run as fleet_run
from storefleet.inventory.nornir_plugin import MODEL
from storefleet.model.effects import Effect, Output, RunScript, Step, ask
from storefleet.model.limits import Limits
from storefleet.model.outcome import Answer
from storefleet.model.store import Connect, Host


def inventory(hosts: list[Host]) -> Inventory:
    nornir_hosts = {host.name: NornirHost(name=host.name, data={MODEL: host}) for host in hosts}
    return Inventory(hosts=Hosts(nornir_hosts), groups=Groups(), defaults=Defaults())


def fleet(stores: int, devices: int = 3, via: bool = False) -> list[Host]:
    return [
        Host(
            name=f"S{store:04d}-pos{n}",
            store=f"S{store:04d}",
            device=f"pos{n}",
            role="till",
            platform="linux",
            connect=Connect(via="hub") if via else Connect(),
        )
        for store in range(stores)
        for n in range(devices)
    ]


class FakeSessions:
    """Sessions that answer by a function of the host, and count what runs at once."""

    def __init__(self, answer: Callable[[Host], Output]) -> None:
        self.answer_of = answer
        self.lock = threading.Lock()
        self.running: Counter[str] = Counter()
        self.peak: Counter[str] = Counter()
        self.opened: Counter[str] = Counter()
        self.closed: Counter[str] = Counter()

    def session(self, host: Host, expires_at: float) -> Any:
        self.opened[host.name] += 1
        return _FakeSession(self, host)


class _FakeSession:
    def __init__(self, sessions: FakeSessions, host: Host) -> None:
        self.sessions, self.host = sessions, host

    def answer(self, effect: Effect[Any]) -> Any:
        keys = ["all", self.host.store, self.host.connect.via or "direct"]
        with self.sessions.lock:
            for key in keys:
                self.sessions.running[key] += 1
                self.sessions.peak[key] = max(self.sessions.peak[key], self.sessions.running[key])
        try:
            time.sleep(0.002)
            return self.sessions.answer_of(self.host)
        finally:
            with self.sessions.lock:
                for key in keys:
                    self.sessions.running[key] -= 1

    def close(self) -> None:
        self.sessions.closed[self.host.name] += 1


def step(host: Host) -> Step[str]:
    output = yield from ask(RunScript("hostname"))
    return output.stdout.decode()


def gather(hosts: list[Host], sessions: Any, limits: Limits, **more: Any) -> dict[str, Answer[str]]:
    answers: dict[str, Answer[str]] = {}

    def keep(answer: Answer[str]) -> None:
        assert answer.host not in answers, "one host answered twice"
        answers[answer.host] = answer

    fleet_run.run(inventory(hosts), step, sessions, limits, keep, **more)
    return answers


def test_every_host_gives_its_own_answer_and_every_session_is_closed() -> None:
    hosts = fleet(20)
    sessions = FakeSessions(lambda host: Output(host.name.encode()))
    answers = gather(hosts, sessions, Limits(workers=8))
    assert {name: answer.result for name, answer in answers.items()} == {host.name: host.name for host in hosts}
    assert sessions.closed == sessions.opened == Counter({host.name: 1 for host in hosts})


def test_no_more_run_at_once_than_the_caps_per_fleet_store_and_jump_allow() -> None:
    together = threading.Barrier(5)

    def answer(host: Host) -> Output:
        together.wait(timeout=20)  # broken, and so a failure, unless five really run at once
        return Output(b"ok")

    sessions = FakeSessions(answer)
    answers = gather(fleet(5, 6, via=True), sessions, Limits(workers=10, per_store=2, per_jump=5))
    assert all(answer.result == "ok" for answer in answers.values())
    assert sessions.peak["hub"] == 5
    assert max(sessions.peak[store] for store in sessions.peak if store.startswith("S")) <= 2


def test_a_failing_host_is_its_own_failure_and_nobody_elses() -> None:
    def answer(host: Host) -> Output:
        if host.name == "S0001-pos1":
            raise TimedOut("no answer from 10.1.0.11:22 in 5 s")
        return Output(b"ok")

    answers = gather(fleet(3), FakeSessions(answer), Limits(workers=4))
    failed = {name: answer.failure.code for name, answer in answers.items() if answer.failure}
    assert failed == {"S0001-pos1": "timeout"}
    assert len(answers) == 9


def test_a_bug_on_one_host_is_named_a_bug_and_the_others_go_on() -> None:
    def answer(host: Host) -> Output:
        if host.name == "S0000-pos0":
            raise ZeroDivisionError("secret in the message")
        return Output(b"ok")

    answers = gather(fleet(2), FakeSessions(answer), Limits(workers=4))
    failure = answers["S0000-pos0"].failure
    assert failure is not None
    assert failure.code == "bug"
    assert "secret" not in failure.reason
    assert isinstance(failure.error.__cause__, ZeroDivisionError)
    assert sum(answer.failure is None for answer in answers.values()) == 5


def test_a_host_that_never_comes_back_is_given_up_at_its_deadline_and_its_place_is_used_again() -> None:
    release = threading.Event()

    def answer(host: Host) -> Output:
        if host.name == "S0000-pos0":
            release.wait(30)
        return Output(b"ok")

    answers = gather(fleet(3), FakeSessions(answer), Limits(workers=1, host_s=0.2))
    release.set()
    assert answers["S0000-pos0"].failure is not None
    assert answers["S0000-pos0"].failure.code == "deadline"
    assert sum(answer.result == "ok" for answer in answers.values()) == 8


def test_after_a_stop_no_new_host_is_started_and_those_running_still_answer() -> None:
    stop = threading.Event()

    def answer(host: Host) -> Output:
        stop.set()
        return Output(b"ok")

    answers = gather(fleet(10), FakeSessions(answer), Limits(workers=2), stop=stop)
    assert 1 <= len(answers) <= 4
    assert all(answer.result == "ok" for answer in answers.values())


def test_a_dropped_connection_is_tried_again_and_a_refused_one_is_not() -> None:
    tries: Counter[str] = Counter()

    def answer(host: Host) -> Output:
        tries[host.name] += 1
        if host.name == "S0000-pos0" and tries[host.name] == 1:
            raise Dropped("closed by the device during the banner")
        if host.name == "S0000-pos1":
            raise HostError("no")
        return Output(b"ok")

    answers = gather(fleet(1), FakeSessions(answer), Limits())
    assert answers["S0000-pos0"].result == "ok"
    assert tries["S0000-pos0"] == 2
    assert tries["S0000-pos1"] == 1


def test_a_host_that_may_have_been_changed_is_not_asked_again():
    tries: Counter[str] = Counter()

    def answer(host: Host) -> Output:
        tries[host.name] += 1
        raise Dropped("closed by the device")

    second = "S0000-pos1"
    answers = gather(fleet(1, 2), FakeSessions(answer), Limits(), retries=1, may_retry=lambda name: name == second)
    assert tries == {"S0000-pos0": 1, second: 2}
    assert all(isinstance(one.failure.error, Dropped) for one in answers.values() if one.failure)


def test_healthy_hosts_are_handed_on_while_the_dead_ones_still_wait():
    """Thirty of a hundred never answer before all the others have: nobody stands behind them in a queue."""
    hosts = fleet(stores=100, devices=1)
    dead = {host.name for host in hosts if int(host.store[1:]) % 10 < 3}
    everyone_else = threading.Event()
    order = []

    def answer(host):
        if host.name in dead:
            everyone_else.wait(30)
            raise TimedOut(f"{host.name}: no TCP answer")
        return Output(b"")

    def keep(found):
        order.append(found.host)
        if len([name for name in order if name not in dead]) == 70:
            everyone_else.set()

    limits = Limits(workers=40, host_s=60, connects_per_second=100_000)
    fleet_run.run(inventory(hosts), step, FakeSessions(answer), limits, keep)
    assert len(order) == 100
    assert set(order[:70]).isdisjoint(dead)
    assert set(order[70:]) == dead


def test_deadlines_of_dead_hosts_run_side_by_side_as_far_as_there_are_workers():
    """With w workers no more than n / w dead hosts can wait one after the other."""
    hosts = fleet(stores=60, devices=1)
    waiting = Counter()
    lock = threading.Lock()
    peak = [0]

    def answer(_host):
        with lock:
            waiting["now"] += 1
            peak[0] = max(peak[0], waiting["now"])
        time.sleep(0.05)
        with lock:
            waiting["now"] -= 1
        raise TimedOut("no TCP answer")

    limits = Limits(workers=20, host_s=60, connects_per_second=100_000)
    fleet_run.run(inventory(hosts), step, FakeSessions(answer), limits, lambda _found: None)
    assert peak[0] == 20


def test_a_clock_that_is_set_back_or_forward_in_the_midst_moves_no_deadline(monkeypatch):
    hosts = fleet(stores=4, devices=1)
    wall = iter([10**9, 0, 2 * 10**9, -5] * 1000)
    monkeypatch.setattr(time, "time", lambda: float(next(wall)))
    found = []
    limits = Limits(workers=2, host_s=30, connects_per_second=100_000)
    fleet_run.run(inventory(hosts), step, FakeSessions(lambda _host: Output(b"")), limits, found.append)
    assert [each.failure for each in found] == [None] * 4
    assert all(0 <= each.duration_s < 30 for each in found)
