from __future__ import annotations

import contextlib
import threading
import time

import pytest

from storefleet.connections.deadline import Deadline
from storefleet.connections.lockout import LockoutGuard
from storefleet.connections.pacing import Pace
from storefleet.errors import CredentialLocked, Dropped, LoginRefused, TimedOut
from storefleet.model.credentials import Lockout


def soon():
    return Deadline.after(5)


def wrong(guard, host, credential="old"):
    with contextlib.suppress(LoginRefused), guard.attempt(host, credential, soon()):
        raise LoginRefused(host)


def right(guard, host, credential="new"):
    with guard.attempt(host, credential, soon()):
        pass


def test_after_so_many_wrong_answers_in_the_fleet_a_credential_is_put_aside():
    guard = LockoutGuard(Lockout(per_host=2, fleet=3))
    for number in range(3):
        wrong(guard, f"S{number}-pos1")
    with pytest.raises(CredentialLocked, match=r"S9-pos1.*old.*put aside after 3"):
        guard._admit("S9-pos1", "old", soon())


def test_another_credential_is_not_put_aside_with_it():
    guard = LockoutGuard(Lockout(per_host=2, fleet=1))
    wrong(guard, "S1-pos1")
    right(guard, "S2-pos1")


def test_a_declared_sibling_that_gets_in_makes_the_older_one_no_wrong_answer():
    guard = LockoutGuard(Lockout(per_host=2, fleet=3))
    for number in range(50):
        wrong(guard, f"S{number}-pos1")
        right(guard, f"S{number}-pos1")
    guard._admit("S99-pos1", "old", soon())


def cut_off(guard, host, credential="old"):
    with contextlib.suppress(Dropped), guard.attempt(host, credential, soon()):
        raise Dropped(host)


def test_servers_that_hang_up_on_a_wrong_password_are_counted_until_the_credential_has_worked_once():
    guard = LockoutGuard(Lockout(per_host=2, fleet=3))
    cut_off(guard, "S1-pos1")
    cut_off(guard, "S1-pos1")
    with pytest.raises(CredentialLocked, match="per_host"):
        guard._admit("S1-pos1", "old", soon())
    cut_off(guard, "S2-pos1")
    with pytest.raises(CredentialLocked, match=r"after 3 logins .* \(S1-pos1, S2-pos1\)"):
        guard._admit("S3-pos1", "old", soon())


def test_a_bad_line_puts_no_credential_aside_that_has_worked():
    guard = LockoutGuard(Lockout(per_host=2, fleet=3))
    right(guard, "S0-pos1", "old")
    for number in range(50):
        cut_off(guard, f"S{number}-pos1")
        cut_off(guard, f"S{number}-pos1")
    guard._admit("S7-pos1", "old", soon())
    wrong(guard, "S8-pos1")


def test_one_host_is_not_asked_more_often_than_allowed():
    guard = LockoutGuard(Lockout(per_host=2, fleet=50))
    wrong(guard, "S1-pos1", "a")
    wrong(guard, "S1-pos1", "b")
    with pytest.raises(CredentialLocked, match="per_host"):
        guard._admit("S1-pos1", "c", soon())
    guard._admit("S2-pos1", "c", soon())


def test_an_unproven_credential_is_never_in_flight_more_often_than_it_may_be_refused():
    guard = LockoutGuard(Lockout(per_host=2, fleet=3))
    for number in range(3):
        guard._admit(f"S{number}-pos1", "x", soon())
    with pytest.raises(TimedOut):
        guard._admit("S9-pos1", "x", Deadline.after(0.05))
    with pytest.raises(TimedOut), guard.attempt("S5-pos1", "y", soon()):
        raise TimedOut
    for _ in range(9):
        with contextlib.suppress(TimedOut), guard.attempt("S9-pos1", "y", soon()):
            raise TimedOut


def test_whoever_waits_hears_at_once_that_the_credential_is_put_aside():
    guard = LockoutGuard(Lockout(per_host=2, fleet=1))
    first = threading.Semaphore(0)
    started = threading.Event()
    found: list[type] = []

    def refuse():
        with contextlib.suppress(LoginRefused), guard.attempt("S1-pos1", "x", soon()):
            started.set()
            first.acquire(timeout=10)
            raise LoginRefused("S1-pos1")

    refusing = threading.Thread(target=refuse)
    refusing.start()
    started.wait(10)

    def wait():
        try:
            guard._admit("S2-pos1", "x", Deadline.after(30))
        except CredentialLocked as fault:
            found.append(type(fault))

    waiting = threading.Thread(target=wait)
    waiting.start()
    first.release()
    waiting.join(10)
    refusing.join(10)
    assert found == [CredentialLocked]


def test_a_proven_credential_may_be_used_everywhere_at_once():
    guard = LockoutGuard(Lockout(per_host=2, fleet=2))
    for number in range(30):
        right(guard, f"S{number}-pos1")
    for number in range(30):
        guard._admit(f"T{number}-pos1", "new", Deadline.after(0))


def test_connections_are_spread_over_time():
    pace = Pace(100)
    started = time.monotonic()
    for _ in range(11):
        pace.take(soon())
    assert time.monotonic() - started >= 0.1


def test_a_deadline_is_not_slept_over():
    pace = Pace(0.01)
    pace.take(soon())
    started = time.monotonic()
    pace.take(Deadline.after(0.05))
    assert time.monotonic() - started < 10
