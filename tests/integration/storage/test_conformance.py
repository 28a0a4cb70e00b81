"""The storage suite of SQLite, over a real PostgreSQL: what is promised of one database holds for the other."""

import importlib.util
import inspect
import threading
from pathlib import Path

import audit_factory as factory
import pytest
import sqlalchemy as sa
from postgres import postgres  # noqa: F401 - a fixture

from storefleet.errors import StorageError
from storefleet.storage import Database
from storefleet.storage.backup import backup
from storefleet.storage.engine import address_of, connect, shown
from storefleet.storage.upgrade import upgrade

UNIT = Path(__file__).parents[2] / "unit" / "storage"
OF_SQLITE = {
    "test_sqlite_is_in_wal_mode_with_foreign_keys",
    "test_a_second_writer_waits_and_then_says_who_it_waited_for",
}
"""What is about the file and its locks, not about the contract."""


def load(name):
    spec = importlib.util.spec_from_file_location(f"conformance_{name}", UNIT / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SUITE, LIVES = load("test_database"), load("test_intervals")


@pytest.fixture
def url(postgres):  # noqa: F811
    return postgres.new_url()


@pytest.fixture
def database(url):
    with Database.open(url) as opened:
        yield opened


@pytest.fixture
def nights(url):
    made = LIVES.Nights(url)
    yield made
    made.database.close()


def _shared(module):
    for name, test in vars(module).items():
        if name.startswith("test_") and callable(test) and name not in OF_SQLITE and not hasattr(test, "hypothesis"):
            needed = set(inspect.signature(test).parameters)
            if needed & {"database", "url", "nights"} and "tmp_path" not in needed:
                yield name, test


TAKEN = dict([*_shared(SUITE), *_shared(LIVES)])
globals().update(TAKEN)


def test_the_suite_is_really_taken_over():
    assert len(TAKEN) >= 25


def test_writers_follow_one_another_and_a_long_one_is_named(url):
    with Database.open(url) as database, Database.open(url, busy_s=0.5) as second:
        database.begin_run(factory.run_info("r1"))
        with database.batch("r1"), pytest.raises(StorageError, match=r"locked for 0\.5 s"):
            second.begin_run(factory.run_info("r2"))
        second.begin_run(factory.run_info("r2"))


def test_many_writers_lose_nothing(url):
    Database.open(url).close()
    faults = []

    def write(number):
        try:
            with Database.open(url) as mine:
                mine.begin_run(factory.run_info(f"run-{number}"))
                facts = factory.facts(f"S0412-pos{number}")
                mine.record_host(f"run-{number}", f"S0412-pos{number}", "S0412", facts, [], factory.NIGHT)
        except Exception as fault:  # noqa: BLE001 - shown below
            faults.append(fault)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    with Database.open(url) as database:
        assert len(database.runs()) == 8
        assert len(database.last_documents([f"S0412-pos{number}" for number in range(8)])) == 8


def test_a_line_that_breaks_is_an_error_in_words(url):
    with Database.open(url) as database:
        engine = connect(url, busy_s=5)
        with engine.connect() as other, other.begin():
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            other.exec_driver_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        engine.dispose()
        with pytest.raises(StorageError, match="the line to the server broke"):
            database.runs()
        assert database.runs() == (), "the next one has a new line"


def test_a_backup_is_whole_and_a_wrong_password_is_never_shown(url, tmp_path):
    with Database.open(url) as database:
        database.begin_run(factory.run_info("r1"))
    copy = backup(url, tmp_path / "copy")
    assert copy.name == "copy.dump"
    assert copy.read_bytes().startswith(b"PGDMP")
    secret = "postgresql://u:hunter2@127.0.0.1:1/x?sslpassword=hunter3&passfile=/x"
    assert "hunter" not in shown(address_of(secret))
    with pytest.raises(StorageError) as caught:
        Database.open(secret, busy_s=2)
    assert "hunter" not in str(caught.value)


def test_a_database_of_schema_1_is_upgraded_once(url):
    Database.open(url).close()
    engine = connect(url, busy_s=5)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("DROP INDEX closed_findings")
        connection.exec_driver_sql("UPDATE schema_version SET version = 1")
    with pytest.raises(StorageError, match="storefleet db upgrade"):
        Database.open(url)
    assert upgrade(url, None) == (1, 2)
    assert upgrade(url, None) == (2, 2)
    with engine.connect() as connection:
        assert "closed_findings" in {index["name"] for index in sa.inspect(connection).get_indexes("findings")}
    engine.dispose()
    Database.open(url).close()
