"""A change that takes long keeps its stores, and gives them back however it ends."""

import datetime
import threading
import time

import audit_factory as factory
import pytest

from storefleet.errors import BusyError, StorageError
from storefleet.storage import Database
from storefleet.storage.leases import Guards
from storefleet.workflows import clock, leasing

START = datetime.datetime(2026, 11, 24, 1, 0, tzinfo=datetime.UTC)


@pytest.fixture
def database(tmp_path, monkeypatch):
    at = [START]

    def now():
        at[0] += datetime.timedelta(seconds=1)
        return at[0]

    monkeypatch.setattr(clock, "now", now)
    monkeypatch.setattr(leasing, "BEAT_S", 0.02)
    with Database.open(f"sqlite:///{tmp_path / 'storefleet.db'}") as opened:
        yield opened


def beats(database, count):
    """Wait until the lease was renewed so often."""
    seen = set()
    until = time.monotonic() + 20
    while len(seen) < count and time.monotonic() < until:
        seen |= {one.heartbeat_at for one in database.guards.leases(START)}
        time.sleep(0.01)
    return len(seen)


def test_a_lease_is_renewed_while_a_store_takes_long(database):
    with leasing.holding(database, ["S0001"], factory.run_info("r1")):
        assert beats(database, 4) == 4


def test_a_renewal_that_fails_is_tried_again(database, monkeypatch):
    real, failed = Guards.renew, threading.Event()

    def renew(*arguments):
        if not failed.is_set():
            failed.set()
            raise StorageError("the connection was lost")
        return real(*arguments)

    monkeypatch.setattr(Guards, "renew", renew)
    with leasing.holding(database, ["S0001"], factory.run_info("r1")):
        assert beats(database, 3) == 3
    assert failed.is_set()


def test_the_stores_are_given_back_also_when_the_change_breaks(database):
    with pytest.raises(ZeroDivisionError), leasing.holding(database, ["S0001"], factory.run_info("r1")):
        raise ZeroDivisionError
    assert database.guards.leases(START) == ()
    assert not [thread for thread in threading.enumerate() if thread.name == "leases"]


def test_what_was_not_taken_is_not_given_back(database):
    with leasing.holding(database, ["S0001"], factory.run_info("r1")):
        with pytest.raises(BusyError), leasing.holding(database, ["S0001"], factory.run_info("r2")):
            pass
        assert [one.run for one in database.guards.leases(START)] == ["r1"]


def test_a_fault_of_the_database_at_the_end_hides_nothing(database, monkeypatch):
    def give_back(*_arguments):
        raise StorageError("the connection was lost")

    monkeypatch.setattr(Guards, "give_back", give_back)
    with leasing.holding(database, ["S0001"], factory.run_info("r1")) as held:
        assert held.why_no_further(["S0001"]) == ""
