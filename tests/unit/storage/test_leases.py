"""Leases of stores and the stop of all changes, over SQLite and PostgreSQL."""

import datetime
import os
import subprocess
import sys
import threading
from pathlib import Path

import audit_factory as factory
import pytest

from storefleet.errors import BusyError
from storefleet.model.leases import Stop
from storefleet.storage import Database, leases

NOW = datetime.datetime.now(datetime.UTC)
LATER = datetime.timedelta(seconds=leases.LEASE_S + 1)
STOP = Stop(by="ada", on="desk", at="2026-11-27T16:00:00Z", reason="the acquirer is down", ticket="INC-7")


def holder(url, store, how):
    words = [sys.executable, str(Path(__file__).with_name("killed_holder.py")), url, store, how]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "taken\n"
    return process


def take(database, *stores, run="r1", now=NOW):
    return database.guards.take(stores, factory.run_info(run), now)


def elsewhere(monkeypatch, **more):
    """Let this process look as one of another machine."""
    monkeypatch.setattr(leases, "this_process", lambda: ("other", more.get("boot", "boot-2"), "77:1:1"))


def age(database, seconds):
    """Let all leases be as if the last renewal were so long ago: PostgreSQL's clock is its own."""
    with database._write("test") as connection:
        for row in connection.execute(leases.leases.select()).mappings().all():
            old = {
                name: leases.utc(datetime.datetime.fromisoformat(row[name]) - datetime.timedelta(seconds=seconds))
                for name in ("heartbeat_at", "expires_at")
            }
            connection.execute(leases.leases.update().where(leases.leases.c.store == row["store"]).values(**old))


def test_a_store_is_in_one_hand_and_all_are_taken_or_none(database):
    assert take(database, "S0001", "S0002") == []
    with pytest.raises(BusyError, match=r"store S0002 is being changed: run r1 by .* nothing was touched"):
        take(database, "S0002", "S0003", run="r2")
    assert [one.store for one in database.guards.leases(NOW)] == ["S0001", "S0002"]
    database.guards.give_back("r1")
    assert take(database, "S0002", "S0003", run="r2") == []


def test_of_eight_that_want_one_store_one_gets_it(url):
    ends = []

    def work(number):
        with Database.open(url) as database:
            try:
                ends.append(take(database, "S0001", f"S001{number}", run=f"r{number}"))
            except BusyError:
                ends.append("busy")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, ends)) == ["[]", *["busy"] * 7]


def test_a_lease_whose_process_died_on_this_boot_is_taken_over_with_a_word(url, database):
    holder(url, "S0001", "dies").wait(30)
    assert [one.state for one in database.guards.leases(NOW)] == ["dead"]
    (word,) = take(database, "S0001", run="r2")
    assert "taken over from run r-holder" in word
    assert "whose process is gone; look how far it came: storefleet runs show r-holder" in word
    assert [(one.run, one.state) for one in database.guards.leases(NOW)] == [("r2", "held")]


def test_a_process_that_lives_here_keeps_its_store_however_long_it_was_silent(url, database):
    process = holder(url, "S0001", "lives")
    age(database, 7200)
    with pytest.raises(BusyError, match="run r-holder"):
        take(database, "S0001", run="r2")
    process.kill()
    process.wait(30)
    assert len(take(database, "S0001", run="r2")) == 1


def test_a_lease_of_another_machine_is_taken_over_only_after_its_expiry(database, monkeypatch):
    with monkeypatch.context() as other:
        elsewhere(other)
        take(database, "S0001")
    with pytest.raises(BusyError, match=r"unless it is renewed, it ends at 20"):
        take(database, "S0001", run="r2")
    age(database, leases.LEASE_S + 1)
    assert [one.state for one in database.guards.leases(NOW)] == ["expired"]
    (word,) = take(database, "S0001", run="r2")
    assert "silent since 20" in word


def test_an_earlier_boot_of_this_machine_counts_as_another_machine(database, monkeypatch):
    machine, _, process = leases.this_process()
    with monkeypatch.context() as before:
        before.setattr(leases, "this_process", lambda: (machine, "an-earlier-boot", process))
        take(database, "S0001")
    with pytest.raises(BusyError):
        take(database, "S0001", run="r2")


def test_a_container_beside_ours_is_not_taken_for_dead(database, monkeypatch):
    machine, boot, _ = leases.this_process()
    with monkeypatch.context() as beside:
        beside.setattr(leases, "this_process", lambda: (machine, boot, "999999:1:42"))
        take(database, "S0001")
    with pytest.raises(BusyError):
        take(database, "S0001", run="r2")


def test_a_renewed_lease_does_not_expire_and_one_that_was_taken_over_is_told_as_lost(database, monkeypatch):
    with monkeypatch.context() as other:
        elsewhere(other)
        take(database, "S0001", "S0002")
        age(database, leases.LEASE_S - 10)
        assert database.guards.renew("r1", ["S0001", "S0002"], NOW).lost == frozenset()
    with pytest.raises(BusyError):
        take(database, "S0001", run="r2")
    age(database, leases.LEASE_S + 1)
    take(database, "S0001", run="r2")
    with monkeypatch.context() as other:
        elsewhere(other)
        assert database.guards.renew("r1", ["S0001", "S0002"], NOW).lost == {"S0001"}


def test_sqlite_goes_by_the_clock_that_is_given_and_a_server_by_its_own(url, database, monkeypatch):
    with monkeypatch.context() as other:
        elsewhere(other)
        take(database, "S0001")
    states = {one.state for one in database.guards.leases(NOW + LATER)}
    assert states == ({"expired"} if url.startswith("sqlite") else {"elsewhere"})


def test_a_stop_lets_nobody_begin_and_says_who_when_and_why(database):
    take(database, "S0001")
    assert database.guards.set_stop(STOP) == STOP
    said = r"stopped since 2026-11-27T16:00:00Z by ada on desk: the acquirer is down, ticket INC-7; .*freeze off"
    with pytest.raises(BusyError, match=said):
        take(database, "S0009", run="r2")
    beat = database.guards.renew("r1", ["S0001"], NOW)
    assert (beat.stop, beat.lost) == (STOP, frozenset())


def test_a_second_stop_changes_nothing_and_names_the_first(database):
    database.guards.set_stop(STOP)
    assert database.guards.set_stop(Stop(by="bob", on="desk", at="2026-11-28T00:00:00Z", reason="x")) == STOP


def test_a_stop_that_is_lifted_lets_changes_begin_and_stays_on_record(database):
    assert database.guards.lift_stop("bob", "desk", "2026-11-27T17:00:00Z") is None
    database.guards.set_stop(STOP)
    assert database.guards.lift_stop("bob", "desk", "2026-11-27T17:00:00Z") == STOP
    assert database.guards.stop() is None
    assert take(database, "S0001") == []
    with database._read("test") as connection:
        (row,) = connection.execute(leases.change_stops.select()).mappings().all()
    assert (row["by"], row["lifted_by"]) == ("ada", "bob")
