"""What no exception handler can mend: kill -9 at any instant, and a disk that is full."""

import contextlib
import os
import random
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import audit_factory as factory
import pytest

from storefleet.errors import StorageError
from storefleet.model.findings import Expected, Finding, Result
from storefleet.storage import Database

HERE = Path(__file__).parent
PLUGINS = HERE.parents[1] / "plugins"


def writer(url, night):
    paths = os.pathsep.join([str(PLUGINS), *sys.path])
    return subprocess.Popen(
        [sys.executable, str(HERE / "killed_writer.py"), url, str(night)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    )


def test_a_writer_killed_at_any_point_leaves_whole_hosts_and_an_interrupted_run(tmp_path):
    path = tmp_path / "storefleet.db"
    chance = random.Random(20261123)
    night = 0
    for _ in range(5):
        process = writer(f"sqlite:///{path}", night)
        for _ in range(chance.randrange(5, 60)):
            line = process.stdout.readline()
        process.kill()
        process.wait()
        process.stdout.close()
        _check_consistent(path)
        with Database.open(f"sqlite:///{path}") as database:
            newest = database.runs(1)[0]
            assert newest.state in {"interrupted", "finished"}
        night = max(int(line.split()[0]), int(newest.info.id[4:])) + 1


def _check_consistent(path):
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    rows = connection.execute("SELECT host, run FROM host_status").fetchall()
    assert rows
    for host, run in rows:
        night = int(run[4:])
        expected = {f"/a[{key}]" for key in range(8) if (night + key) % 3}
        found = connection.execute("SELECT key, last_run FROM findings WHERE host = ? AND closed_at IS NULL", [host])
        assert {(key, last) for key, last in found} == {(key, run) for key in expected}, "a host was half-written"
    connection.close()


def test_a_run_that_is_at_work_is_running_and_its_dead_process_makes_it_interrupted(tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    process = writer(url, 0)
    process.stdout.readline()
    with Database.open(url) as database:
        assert database.runs(1)[0].state == "running"
        process.kill()
        process.wait()
        process.stdout.close()
        assert database.runs(1)[0].state == "interrupted"


@pytest.fixture
def small_disk():
    """Bound the size of files of this process: SQLite meets it as a disk that takes no more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_an_error_with_a_remedy_and_the_old_content_stays_readable(tmp_path, small_disk):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    with Database.open(url) as database:
        database.begin_run(factory.run_info("run-1"))
        database.record_host("run-1", "S0412-pos1", "S0412", factory.facts(app={"old": 1}), [], factory.NIGHT)
    with Database.open(url) as database:
        small_disk(300_000)
        found = tuple(Finding(f"/a[{number}]{'x' * 500}", Expected("w"), number) for number in range(2000))
        with pytest.raises(StorageError, match=r"x\.db: .*(full|no room).*committed before"):
            database.record_host(
                "run-1", "S0412-pos1", "S0412", factory.facts(app={"new": 2}),
                [Result("T-1", "a", "t", "fail", "high", findings=found)], factory.NIGHT,
            )  # fmt: skip
        assert database.last_document("S0412-pos1").facts == {"app": {"old": 1}}
        with pytest.raises(StorageError):
            _record_although_it_failed(database, found)
        assert database.last_document("S0412-pos2") is None
    with Database.open(url) as database:
        assert database.last_document("S0412-pos1").facts == {"app": {"old": 1}}
        assert database.runs()[0].info.id == "run-1"


def _record_although_it_failed(database, found):
    """The second host must not slip in after the first has lost the transaction."""
    with database.batch("run-1") as batch:
        for findings in (found, ()):
            results = [Result("T-1", "a", "t", "fail", "high", findings=findings)]
            with contextlib.suppress(StorageError):
                batch.record_host("S0412-pos2", "S0412", factory.facts("S0412-pos2"), results, factory.NIGHT)
