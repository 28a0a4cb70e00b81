"""`db upgrade`, `db backup` and retention as a person meets them; and who ran what is in every run."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import pytest
from command_line import RECORDINGS, ROOT, storefleet

from storefleet.errors import StorageError
from storefleet.storage import Database
from storefleet.storage.tables import SCHEMA_VERSION

MENDED = RECORDINGS / "mended"
OLD = ROOT / "tests" / "unit" / "storage" / "version-1.sql"


def audit(fleet: Path, *words: object):
    return storefleet("audit", "--fleet", fleet, "--replay", MENDED, *words)


@pytest.fixture
def old(fleet: Path) -> Path:
    path = fleet / "var" / "storefleet.db"
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.executescript(OLD.read_text(encoding="utf-8"))
    connection.close()
    return path


def test_an_old_database_ends_with_3_and_the_way_up_which_is_one_command(fleet, old):
    refused = audit(fleet)
    assert refused.code == 3
    assert "run `storefleet db upgrade`" in refused.err
    done = storefleet("db", "upgrade", "--fleet", fleet)
    assert (done.code, done.err) == (0, "")
    assert f"schema 1 is now {SCHEMA_VERSION}; as it was before: " in done.out
    (copy,) = (fleet / "var" / "backups").iterdir()
    assert str(copy) in done.out
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT version FROM schema_version").fetchall() == [(1,)]
    assert audit(fleet).code == 0
    again = storefleet("db", "upgrade", "--fleet", fleet)
    assert (again.code, "nothing to do" in again.out, len(list((fleet / "var" / "backups").iterdir()))) == (0, True, 1)


def test_without_a_backup_only_when_asked_for(fleet, old):
    done = storefleet("db", "upgrade", "--no-backup", "--fleet", fleet)
    assert (done.code, "no backup was made" in done.out, (fleet / "var" / "backups").exists()) == (0, True, False)


def test_a_backup_takes_a_name_and_replaces_nothing(fleet, tmp_path):
    assert storefleet("db", "backup", "--fleet", fleet).code == 3  # there is none yet
    assert not (fleet / "var" / "storefleet.db").exists()
    assert audit(fleet).code == 0
    target = tmp_path / "copy.db"
    done = storefleet("db", "backup", target, "--fleet", fleet)
    assert (done.code, done.out) == (0, f"{target}\n")
    with Database.open(f"sqlite:///{target}") as database:
        assert len(database.runs()) == 1
    for bad in (target, tmp_path / "no" / "such" / "copy.db"):
        assert storefleet("db", "backup", bad, "--fleet", fleet).code == 2
    assert storefleet("db", "backup", "--fleet", fleet).code == 0


def test_a_broken_inventory_is_no_reason_to_go_without_a_backup(fleet):
    assert audit(fleet).code == 0
    (fleet / "inventory" / "stores.csv").write_text("nonsense\n")
    assert storefleet("db", "backup", "--fleet", fleet).code == 0


def test_an_audit_lets_go_of_what_was_kept_long_enough_and_reports_stay_honest(fleet):
    (fleet / "storefleet.yaml").open("a").write("\nkeep: {results: 1s, documents: 1s}\n")
    assert audit(fleet).code == 0
    with sqlite3.connect(fleet / "var" / "storefleet.db") as connection:
        connection.execute("UPDATE runs SET finished_at = '2020-01-01T00:00:00Z', started_at = '2020-01-01T00:00:00Z'")
        connection.execute("UPDATE host_status SET last_reached = '2020-01-01T00:00:00Z'")
    connection.close()
    assert audit(fleet, "-l", "S0001").code == 0
    offline = storefleet("audit", "--offline", "--fleet", fleet, "--format", "json")
    reasons = {host["host"]: host["reason"] for host in offline.document["hosts"]}
    assert "was let go of on 20" in reasons["S0002-pos1"]
    assert "keep.documents" in reasons["S0002-pos1"]
    first, *_ = reversed(storefleet("runs", "list", "--format", "json", "--fleet", fleet).document["runs"])
    refused = storefleet("report", first["info"]["id"], "--fleet", fleet)
    assert (refused.code, "keep.results" in refused.err) == (2, True)


def test_what_cannot_be_let_go_of_is_a_warning(fleet, monkeypatch):
    def fails(*_arguments):
        raise StorageError("letting go: the disk is full")

    monkeypatch.setattr(Database, "prune", fails)
    ended = audit(fleet)
    assert (ended.code, "warning: what is older" in ended.err, "the disk is full" in ended.err) == (0, True, True)


def test_every_run_says_who_behind_sudo_on_which_machine_from_which_commit(fleet, monkeypatch):
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=fleet, check=True)
    commit = subprocess.run(
        ["git", "rev-parse", "--short=7", "HEAD"], cwd=fleet, check=True, capture_output=True, text=True
    ).stdout.strip()
    monkeypatch.setenv("SUDO_USER", "k.meyer")
    monkeypatch.setattr("platform.node", lambda: "ops1")
    assert audit(fleet, "--reason", "why", "--ticket", "INC-1").code == 0
    with (fleet / "inventory" / "stores.csv").open("a") as stream:
        stream.write("\n")
    assert audit(fleet).code == 0
    runs = storefleet("runs", "list", "--format", "json", "--fleet", fleet).document["runs"]
    first, second = sorted(runs, key=lambda run: run["info"]["reason"] or "z")  # both may begin within one second
    for run, dirty in ((first, False), (second, True)):
        assert run["info"]["actor"]["user"].startswith("k.meyer (as ")
        assert run["info"]["actor"]["on"] == "ops1"
        assert run["info"]["inputs"] == {"commit": commit, "dirty": dirty}
    assert (first["info"]["reason"], first["info"]["ticket"]) == ("why", "INC-1")


def test_a_group_that_is_not_there_is_said_by_check_and_refused_before_anything_is_touched(fleet):
    (fleet / "storefleet.yaml").open("a").write("\nvar: {group: no-such-group}\n")
    checked = storefleet("check", "--fleet", fleet)
    assert "there is no group 'no-such-group'" in checked.out + checked.err
    refused = audit(fleet)
    assert (refused.code, (fleet / "var").exists()) == (2, False)
    assert "groupadd no-such-group" in refused.err
