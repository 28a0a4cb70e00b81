"""From a database that version 1 of the schema has really written, up; and copies of it."""

import os
import re
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import audit_factory as factory
import pytest
import sqlalchemy as sa

from storefleet.documents.ownership import PRIVATE
from storefleet.errors import StorageError
from storefleet.model.findings import Expected, Finding, Result
from storefleet.storage import Database
from storefleet.storage.address import sqlite_file, understood
from storefleet.storage.backup import backup, backup_name
from storefleet.storage.tables import SCHEMA_VERSION
from storefleet.storage.upgrade import upgrade

HERE = Path(__file__).parent
OLD = (HERE / "version-1.sql").read_text(encoding="utf-8")
LONG = "/a[" + "x" * 3000 + "ä\ud800]"


@pytest.fixture
def old_url(url, request):
    """Give a database of version 1; for PostgreSQL the same rows, which version 1 would have written there."""
    path = sqlite_file(understood(url))
    if path:
        Path(path).parent.mkdir()
        connection = sqlite3.connect(path)
        connection.executescript(OLD)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
        Path(path).chmod(0o640)
    else:
        text = re.sub(
            r"X'([0-9A-F]*)'", r"'\\x\1'", OLD.replace("BLOB", "BYTEA").replace("BEGIN TRANSACTION;", "BEGIN;")
        )
        text = text.replace("\tid INTEGER NOT NULL", "\tid SERIAL NOT NULL")
        tables = re.findall(r"CREATE TABLE .*?;\n", text, re.DOTALL)
        order = ("schema_version", "runs", "documents", "store_totals", "host_status", "findings")
        tables.sort(key=lambda made: next(n for n, name in enumerate(order) if f"TABLE {name} " in made))
        rest = re.sub(r"CREATE TABLE .*?;\n", "", text, flags=re.DOTALL)
        rows = [line for line in rest.splitlines() if line.startswith("INSERT")]
        rows.sort(key=lambda row: next(n for n, name in enumerate(order) if f'INTO "{name}"' in row))
        indexes = [line for line in re.findall(r"CREATE [^;]*INDEX[^;]*;", rest) if "one_open_finding" not in line]
        server = request.getfixturevalue("postgresql")
        server.sql(url, "\n".join([*tables, *rows, *indexes]))
        unique = "CREATE UNIQUE INDEX one_open_finding ON findings (host, audit, control, key) WHERE closed_at IS NULL;"
        server.sql(url, f"SELECT setval('findings_id_seq', (SELECT max(id) FROM findings)); {unique}")
    return url


def shape(url):
    """Return tables, columns, keys and indexes as the database itself tells them."""
    engine = sa.create_engine(understood(url))
    inspector = sa.inspect(engine)
    found = {
        table: (
            sorted((c["name"], str(c["type"]), c["nullable"], getattr(c["type"], "collation", None))
                   for c in inspector.get_columns(table)),
            sorted((i["name"], i["column_names"], bool(i["unique"])) for i in inspector.get_indexes(table)),
            sorted((k["constrained_columns"], k["referred_table"]) for k in inspector.get_foreign_keys(table)),
            inspector.get_pk_constraint(table)["constrained_columns"],
        )
        for table in inspector.get_table_names()
    }  # fmt: skip
    engine.dispose()
    return found


def rows(url):
    engine = sa.create_engine(understood(url))
    with engine.connect() as connection:
        found = {
            table: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {table}")))
            for table in sa.inspect(engine).get_table_names()
        }
    engine.dispose()
    return found


def test_the_way_up_ends_where_a_new_database_begins(old_url, other_url):
    assert upgrade(old_url, None).after == SCHEMA_VERSION
    Database.open(other_url).close()
    assert shape(old_url) == shape(other_url)


def test_an_old_database_is_refused_until_it_is_brought_up_and_then_remembers_everything(old_url):
    with pytest.raises(StorageError, match="run `storefleet db upgrade`"):
        Database.open(old_url)
    done = upgrade(old_url, None)
    assert (done.before, done.after) == (1, SCHEMA_VERSION)
    with Database.open(old_url) as database:
        assert [run.info.id for run in database.runs()] == [f"2026-0{night}-01-audit" for night in (4, 3, 2, 1)]
        assert database.last_document("S0000-pos1").facts == {"app": {"night": 4}}
        assert database.dark_since("S0002-pos1") == "2026-02-01T01:00:00Z"
        database.begin_run(factory.run_info("next"))
        found = tuple(Finding(key, Expected("w"), 4) for key in ("/a[0]", "/a[3]", LONG))
        results = [Result("T-1", "a", "t", "fail", "high", findings=found)]
        answer = database.record_host(
            "next", "S0000-pos1", "S0000", factory.facts("S0000-pos1"), results, factory.NIGHT
        )
        changes = {life.key: life.change for life in answer.lives}
        assert changes[LONG] == "still", "a key that is stored shorter now is still the same"
        assert {life.first_seen for life in answer.lives if life.key == LONG} == {"2026-01-01T01:00:00Z"}


def test_the_second_time_nothing_changes_and_no_backup_is_made(old_url):
    upgrade(old_url, None)
    before = rows(old_url)
    done = upgrade(old_url, lambda: pytest.fail("a backup was made"))
    assert (done.before, done.after, done.backup) == (SCHEMA_VERSION, SCHEMA_VERSION, None)
    assert rows(old_url) == before


@pytest.mark.parametrize(("version", "words"), [(99, "newer than this storefleet knows"), (0, "no way leads up")])
def test_a_version_that_nobody_knows_is_refused_before_anything_is_touched(url, version, words):
    with Database.open(url) as database, database._write("test") as connection:
        connection.exec_driver_sql(f"UPDATE schema_version SET version = {version}")
    before = rows(url)
    with pytest.raises(StorageError, match=words):
        upgrade(url, lambda: pytest.fail("a backup was made"))
    assert rows(url) == before


def test_a_backup_that_fails_stops_the_upgrade(old_url):
    def fails():
        raise StorageError("no room")

    with pytest.raises(StorageError, match="no room"):
        upgrade(old_url, fails)
    with pytest.raises(StorageError, match="run `storefleet db upgrade`"):
        Database.open(old_url)


def test_killed_before_any_statement_it_is_the_old_one_or_the_new_one(old_url):
    old_shape, old_rows, seen = shape(old_url), rows(old_url), set()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for point in range(200):
        words = [sys.executable, str(HERE / "killed_upgrade.py"), old_url, str(point)]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            break
        assert done.returncode == -9, done.stderr
        assert shape(old_url) == old_shape
        assert rows(old_url) == old_rows
        seen.add(point)
    assert len(seen) > 5
    assert upgrade(old_url, None).before == SCHEMA_VERSION


def test_there_is_nothing_to_upgrade_where_there_is_no_database(tmp_path, url):
    with pytest.raises(StorageError, match="no database yet"):
        upgrade(url, None)
    with pytest.raises(StorageError, match="no database yet"):
        backup(url, tmp_path / "copy", PRIVATE)
    assert list(tmp_path.glob("**/*")) == []


def test_a_backup_is_one_whole_file_with_the_mode_of_the_database(tmp_path):
    path = tmp_path / "storefleet.db"
    url = f"sqlite:///{path}"
    with Database.open(url) as database:
        database.begin_run(factory.run_info("r"))
        with database.batch("r") as batch:  # somebody is at work
            batch.record_host("S0412-pos1", "S0412", factory.facts(), [], factory.NIGHT)
            before = os.umask(0o077)
            copy = backup(url, tmp_path / backup_name(url, "20261122T010203Z"), PRIVATE)
            os.umask(before)
    assert copy.name == "storefleet-20261122T010203Z.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [copy.name, "storefleet.db"]
    with Database.open(f"sqlite:///{copy}") as database:
        assert [run.info.id for run in database.runs()] == ["r"]
        assert database.last_document("S0412-pos1") is None, "what was not committed is in no copy"
    with pytest.raises(StorageError, match="is there already"):
        backup(url, copy, PRIVATE)


def test_a_backup_that_finds_no_room_leaves_nothing(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    Database.open(url).close()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("storefleet.storage.backup.os.fsync", full)
    with pytest.raises(StorageError, match="could not be written: No space left"):
        backup(url, tmp_path / "copy.db", PRIVATE)
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.db"]


def test_a_damaged_database_is_not_taken_for_a_backup(tmp_path):
    path = tmp_path / "x.db"
    with Database.open(f"sqlite:///{path}") as database:
        database.begin_run(factory.run_info("r"))
        database.record_host("r", "S0412-pos1", "S0412", factory.facts(app={"x": ["y" * 50] * 4000}), [], factory.NIGHT)
    data = bytearray(path.read_bytes())
    for start in range(4096 * 3, len(data), 4096):
        data[start : start + 64] = b"\xff" * 64
    path.write_bytes(data)
    with pytest.raises(StorageError, match=r"damaged|malformed|backup failed"):
        backup(f"sqlite:///{path}", tmp_path / "copy.db", PRIVATE)
    assert not (tmp_path / "copy.db").exists()


def test_a_dump_of_postgresql_can_be_restored(postgresql, tmp_path):
    url = postgresql.new()
    with Database.open(url) as database:
        database.begin_run(factory.run_info("r"))
        database.record_host("r", "S0412-pos1", "S0412", factory.facts(), [], factory.NIGHT)
    with_secret = url.replace("storefleet@", "storefleet:canary@")
    copy = backup(with_secret, tmp_path / backup_name(url, "20261122T010203Z"), PRIVATE)
    assert re.fullmatch(r"fleet\d+-20261122T010203Z\.dump", copy.name)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    again = postgresql.new()
    subprocess.run(["pg_restore", "--no-owner", "-d", again, copy], check=True)
    assert rows(again) == rows(url)


def test_the_password_of_the_url_is_on_no_command_line(postgresql, tmp_path, monkeypatch):
    url = postgresql.new()
    Database.open(url).close()
    tool = tmp_path / "bin" / "pg_dump"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\nprintf "%s\\n" "$@" "password=$PGPASSWORD"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=os.pathsep)
    copy = backup(url.replace("storefleet@", "storefleet:canary@"), tmp_path / "copy", PRIVATE)
    *words, password = copy.read_text().splitlines()
    assert password == "password=canary"
    assert not any("canary" in word for word in words)
    with pytest.raises(StorageError, match="sslpassword cannot be handed") as caught:
        backup(f"{url}&sslpassword=canary", tmp_path / "other", PRIVATE)
    assert "canary" not in str(caught.value)
    tool.write_text("#!/bin/sh\necho aborting because of server version mismatch >&2\nexit 1\n")
    with pytest.raises(StorageError, match="pg_dump failed: aborting because of server version mismatch"):
        backup(url, tmp_path / "other", PRIVATE)
    tool.unlink()
    monkeypatch.setenv("PATH", str(tool.parent))
    with pytest.raises(StorageError, match=r"install postgresql-client.*--no-backup"):
        backup(url, tmp_path / "other", PRIVATE)
    assert not (tmp_path / "other").exists()
