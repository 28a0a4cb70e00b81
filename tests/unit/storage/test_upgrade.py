"""Backup and upgrade: whole or not there, once, and a death in the middle leaves the old or the new."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading

import audit_factory as factory
import pytest

from storefleet.documents.ownership import Ownership
from storefleet.errors import StorageError
from storefleet.storage import Database
from storefleet.storage.backup import backup
from storefleet.storage.upgrade import upgrade

KILLED = """
import os, signal, sys
from storefleet.storage import upgrade
real = upgrade.MIGRATIONS[1]
def dies(connection):
    real(connection)
    os.kill(os.getpid(), signal.SIGKILL)
upgrade.MIGRATIONS = {1: dies}
upgrade.upgrade(sys.argv[1], None)
"""


@pytest.fixture
def old(tmp_path):
    """A database as schema 1 was: the index of schema 2 is all that it lacks."""
    path = tmp_path / "var" / "x.db"
    with Database.open(f"sqlite:///{path}") as database:
        database.begin_run(factory.run_info("r1"))
    with sqlite3.connect(path) as connection:
        connection.execute("DROP INDEX closed_findings")
        connection.execute("UPDATE schema_version SET version = 1")
    return path


def version(path):
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT version FROM schema_version").fetchone()[0]


def test_an_upgrade_makes_a_backup_first_and_runs_once(old, tmp_path):
    url = f"sqlite:///{old}"
    with pytest.raises(StorageError, match="storefleet db upgrade"):
        Database.open(url)
    assert upgrade(url, tmp_path / "backups") == (1, 2)
    (copy,) = (tmp_path / "backups").iterdir()
    assert version(copy) == 1
    assert version(old) == 2
    assert upgrade(url, tmp_path / "backups") == (2, 2)
    assert len(list((tmp_path / "backups").iterdir())) == 1, "nothing to do, nothing to back up"
    with Database.open(url) as database:
        assert [run.info.id for run in database.runs()] == ["r1"]


def test_a_death_in_the_middle_leaves_the_old_schema(old):
    done = subprocess.run([sys.executable, "-c", KILLED, f"sqlite:///{old}"], check=False)
    assert done.returncode == -signal.SIGKILL
    assert version(old) == 1
    with sqlite3.connect(old) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'closed_findings'").fetchall() == []
    assert upgrade(f"sqlite:///{old}", None) == (1, 2)


def test_what_is_newer_or_not_there_is_refused(old, tmp_path):
    with sqlite3.connect(old) as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(StorageError, match="newer than this storefleet"):
        upgrade(f"sqlite:///{old}", tmp_path / "backups")
    assert not (tmp_path / "backups").exists()
    with pytest.raises(StorageError, match="no database of storefleet yet"):
        upgrade(f"sqlite:///{tmp_path / 'none.db'}", None)


def test_a_backup_is_whole_while_others_write(tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    stop = threading.Event()

    def write():
        with Database.open(url) as mine:
            number = 0
            while not stop.is_set():
                number += 1
                mine.begin_run(factory.run_info(f"run-{number}"))

    Database.open(url).close()
    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = [backup(url, tmp_path / f"copy{number}") for number in range(3)]
    finally:
        stop.set()
        writer.join()
    for copy in copies:
        with Database.open(f"sqlite:///{copy}") as database:
            database.runs()
        assert stat.S_IMODE(copy.stat().st_mode) == 0o640


def test_a_backup_never_overwrites_and_leaves_nothing_half(tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    Database.open(url).close()
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(StorageError, match="exists already"):
        backup(url, tmp_path / "copy")
    with pytest.raises(StorageError, match="no database yet"):
        backup(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir() if "tmp" in path.name) == []
    assert (tmp_path / "copy.db").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_with_a_group_files_and_folders_are_its_own_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        url = f"sqlite:///{tmp_path / 'var' / 'x.db'}"
        ownership = Ownership(0o660, 0o2770, 0o660, 100)
        with Database.open(url, ownership=ownership) as database:
            database.begin_run(factory.run_info())
            modes = {
                path.name: (stat.S_IMODE(path.stat().st_mode), path.stat().st_gid)
                for path in (tmp_path / "var").iterdir()
            }
        backup(url, tmp_path / "var" / "backups" / "copy", ownership)
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(["x.db", "x.db-wal", "x.db-shm"], (0o660, 100))
    for folder in (tmp_path / "var", tmp_path / "var" / "backups"):
        assert (stat.S_IMODE(folder.stat().st_mode), folder.stat().st_gid) == (0o2770, 100)
