"""What only a server can do to us: cut the line, refuse the login, take no writing, speak another alphabet."""

import contextlib
import os
import signal
import threading

import audit_factory as factory
import pytest

from storefleet.errors import StorageError
from storefleet.model.findings import Expected, Finding, Result
from storefleet.storage import Database

LONG = "/a[" + "x" * 5000


def test_a_connection_that_is_cut_says_so_and_the_next_call_has_a_new_one(postgresql):
    url = postgresql.new()
    with Database.open(url) as database:
        database.begin_run(factory.run_info("r"))
        with pytest.raises(StorageError, match=r"connection to the server was lost.*what was committed"):
            _record_over_a_cut_line(database, postgresql, url)
        assert database.last_documents(["S0412-pos1", "S0412-pos2"]) == {}
        _cut(postgresql, url)
        database.record_host("r", "S0412-pos1", "S0412", factory.facts(), [], factory.NIGHT)
        assert database.last_document("S0412-pos1") is not None


def test_the_second_host_cannot_slip_in_after_the_line_was_cut(postgresql):
    url = postgresql.new()
    with Database.open(url) as database:
        database.begin_run(factory.run_info("r"))
        with pytest.raises(StorageError, match="recording S0412-pos2"):
            _record_over_a_cut_line(database, postgresql, url, suppressing=StorageError)
        assert database.last_documents(["S0412-pos1", "S0412-pos2"]) == {}


def _record_over_a_cut_line(database, postgresql, url, suppressing=()):
    with database.batch("r") as batch:
        batch.record_host("S0412-pos1", "S0412", factory.facts(), [], factory.NIGHT)
        _cut(postgresql, url)
        for name in ("S0412-pos2", "S0412-pos1"):
            with contextlib.suppress(suppressing):
                batch.record_host(name, "S0412", factory.facts(name), [], factory.NIGHT)


def _cut(postgresql, url):
    postgresql.sql(
        url,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


def test_a_server_that_goes_and_comes_back_costs_one_error(postgresql):
    url = postgresql.new()
    with Database.open(url) as database:
        database.begin_run(factory.run_info("r"))
        postgresql.stop(signal.SIGINT)
        try:
            with pytest.raises(StorageError, match=r"listing runs.*(lost|check that the server runs)"):
                database.runs()
        finally:
            postgresql.start()
        assert [run.info.id for run in database.runs()] == ["r"]


def test_a_writer_that_hangs_with_the_lock_is_waited_for_no_longer_than_busy(postgresql):
    url = postgresql.new()
    with Database.open(url) as first, Database.open(url, busy_s=0.2) as second:
        first.begin_run(factory.run_info("r"))
        with first.batch("r"), pytest.raises(StorageError, match=r"locked for 0.2 s"):
            second.keep_document("r", factory.facts(), factory.NIGHT)


def test_a_login_that_is_refused_names_the_places_of_the_password(postgresql, monkeypatch):
    rules = postgresql.data / "pg_hba.conf"
    before = rules.read_text()
    url = postgresql.new()
    postgresql.sql(url, "CREATE ROLE guarded LOGIN PASSWORD 'right-canary'; ALTER SCHEMA public OWNER TO guarded;")
    rules.write_text("local all guarded scram-sha-256\n" + before)
    try:
        postgresql.sql(url, "SELECT pg_reload_conf();")
        guarded = url.replace("storefleet@", "guarded@")
        monkeypatch.setenv("PGPASSFILE", os.devnull)
        for wrong in (None, "wrong-canary"):
            if wrong:
                monkeypatch.setenv("PGPASSWORD", wrong)
            with pytest.raises(StorageError, match=r"refuses the login .*PGPASSWORD or ~/\.pgpass") as caught:
                Database.open(guarded)
            assert "canary" not in str(caught.value)
        monkeypatch.setenv("PGPASSWORD", "right-canary")
        with Database.open(guarded) as database:
            database.begin_run(factory.run_info("r"))
    finally:
        rules.write_text(before)
        postgresql.sql(url, "SELECT pg_reload_conf();")


def test_what_is_not_there_or_not_ours_says_how_to_mend_it(postgresql):
    url = postgresql.new()
    with pytest.raises(StorageError, match=r'"nowhere" does not exist.*createdb'):
        Database.open(f"postgresql://storefleet@/nowhere?host={postgresql.folder}")
    Database.open(url).close()
    postgresql.sql(url, "CREATE ROLE guest LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest;")
    with Database.open(url.replace("storefleet@", "guest@")) as database:
        assert database.runs() == ()
        with pytest.raises(StorageError, match=r"user may not do that .*grant it"):
            database.begin_run(factory.run_info("r"))
    postgresql.sql(url, "ALTER ROLE storefleet SET default_transaction_read_only = on;")
    try:
        with Database.open(url) as database, pytest.raises(StorageError, match=r"takes no writing .*primary"):
            database.begin_run(factory.run_info("r"))
    finally:
        postgresql.sql(url, "SET default_transaction_read_only = off; ALTER ROLE storefleet RESET ALL;")


def test_a_database_in_another_alphabet_is_refused(postgresql):
    url = postgresql.new()
    postgresql.sql(
        url, "CREATE DATABASE narrow ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0;"
    )
    with pytest.raises(StorageError, match=r"SQL_ASCII.*--encoding=UTF8"):
        Database.open(f"postgresql://storefleet@/narrow?host={postgresql.folder}")


def test_text_is_compared_as_bytes_whatever_language_the_server_speaks(url, database):
    for name in ("b", "B", "a-2", "a1", "a.1Z"):
        database.begin_run(factory.run_info(name))
    assert [run.info.id for run in database.runs()] == sorted(("b", "B", "a-2", "a1", "a.1Z"), reverse=True)


def test_a_key_of_a_device_may_be_long_and_hold_what_no_text_column_takes(database):
    keys = [f"{LONG}1]", f"{LONG}2]", "/a[\ud800]", "/a[\0]", "/a[ä\u202e]" + "ä" * 3000]
    found = tuple(Finding(key, Expected("w"), key) for key in keys)
    for night, change in (("r", "new"), ("s", "still")):
        database.begin_run(factory.run_info(night))
        results = [Result("T-1", "a", "t", "fail", "high", findings=found)]
        answer = database.record_host(
            night, "S0412-pos1", "S0412", factory.facts(app={"x": keys}), results, factory.NIGHT
        )
        assert [(life.key, life.change) for life in answer.lives] == [(key, change) for key in keys]
        database.finish_run(factory.document([], run=factory.run_info(night)))
    assert database.last_document("S0412-pos1").facts == {"app": {"x": keys}}


def test_a_reader_sees_one_instant_from_its_first_question_on(url, database):
    database.begin_run(factory.run_info("r"))
    names = [f"S{number:04}-pos1" for number in range(501)]
    with database.batch("r") as batch:
        for name in names:
            batch.record_host(name, name[:5], factory.facts(name, app={"night": 1}), [], factory.NIGHT)
    reading = database.each_last_document(names)
    assert next(reading).facts == {"app": {"night": 1}}
    with Database.open(url) as writer:
        writer.record_host("r", names[-1], "S0500", factory.facts(names[-1], app={"night": 2}), [], factory.NIGHT)
    assert {document.facts["app"]["night"] for document in reading} == {1}


def test_many_first_openings_at_once_make_one_schema(url):
    faults = []

    def work():
        try:
            Database.open(url).close()
        except StorageError as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with Database.open(url) as database:
        assert database.runs() == ()
