"""The archive of snapshots in a real git: one commit for each run, whole or not there, whoever writes beside it."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from storefleet.errors import StorageError
from storefleet.storage.git import Trailer
from storefleet.storage.snapshots import OBSERVED


def git(archive, *words):
    done = subprocess.run(
        ["git", f"--git-dir={archive.folder}", *words], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def write(archive, folders, subject="audit run-1", at=1_764_000_000, trailers=()):
    night = archive.begin()
    for folder, files in folders.items():
        night.keep(folder, files)
    changed = dict(night.changed)
    archive.end(night, subject, trailers, at)
    return changed


def test_a_night_is_one_commit_that_git_alone_can_read(archive):
    write(
        archive,
        {"S0001/S0001-pos1": {"system": "a = 1\n", "files": "ü\n"}, "S0001/S0001-router": {"running-config": "end\n"}},
        trailers=(Trailer("Run", "run-1"), Trailer("Reason", "two\nlines")),
    )
    assert git(archive, "show", "observed:S0001/S0001-pos1/files") == "ü\n"
    assert git(archive, "log", "--format=%s|%cI|%(trailers:key=Reason,valueonly)", OBSERVED).strip() == (
        "audit run-1|2025-11-24T16:00:00+00:00|two lines"
    )
    assert git(archive, "fsck", "--strict") == ""
    assert archive.tree()["S0001/S0001-pos1"].keys() == {"system", "files"}


def test_a_night_without_a_change_writes_no_file_and_is_told_all_the_same(archive):
    files = {"S0001/S0001-pos1": {"system": "a = 1\n"}}
    assert write(archive, files) != {}
    assert write(archive, files, "audit run-2") == {}
    assert git(archive, "log", "--format=%s").split("\n")[:2] == ["audit run-2", "audit run-1"]
    assert git(archive, "diff", "--stat", "observed^", "observed") == ""


def test_only_what_changed_is_written_and_hosts_that_were_not_seen_stay(archive):
    write(archive, {"S0001/a": {"x": "1\n", "y": "1\n"}, "S0002/b": {"x": "1\n"}})
    assert write(archive, {"S0001/a": {"x": "2\n"}}).keys() == {"S0001/a/x", "S0001/a/y"}
    assert git(archive, "ls-tree", "-r", "--name-only", "observed").split() == ["S0001/a/x", "S0002/b/x"]


def test_what_was_before_is_read_back(archive):
    write(archive, {"S0001/a": {"x": "one\n", "y": ""}})
    with archive.begin() as night:
        assert night.before("S0001/a") == {"x": "one\n", "y": ""}
        assert night.before("S0001/b") == {}


def test_a_night_that_is_given_up_leaves_nothing(archive):
    write(archive, {"S0001/a": {"x": "1\n"}})
    head = git(archive, "rev-parse", OBSERVED)
    with archive.begin() as night:
        night.keep("S0001/a", {"x": "2\n"})
    assert git(archive, "rev-parse", OBSERVED) == head
    assert write(archive, {"S0001/a": {"x": "3\n"}}) != {}


def test_a_run_that_is_killed_leaves_nothing_half_written(archive):
    write(archive, {"S0001/a": {"x": "1\n"}})
    head = git(archive, "rev-parse", OBSERVED)
    text = f"""
import os, signal
from pathlib import Path
from storefleet.storage.snapshots import Snapshots
night = Snapshots(Path({str(archive.folder)!r})).begin()
for number in range(2000):
    night.keep(f"S0001/h{{number}}", {{"x": "y" * 2000 + str(number)}})
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", text], check=False, timeout=60)
    assert done.returncode == -9
    assert git(archive, "rev-parse", OBSERVED) == head
    assert write(archive, {"S0001/a": {"x": "2\n"}}) != {}
    assert "error" not in git(archive, "fsck")


def test_two_runs_at_once_are_two_commits_with_what_each_saw(archive):
    nights = [archive.begin() for _ in range(2)]
    for number, night in enumerate(nights):
        night.keep(f"S000{number}/a", {"x": "1\n"})
    threads = [
        threading.Thread(target=archive.end, args=(night, f"audit {number}", (), 1_764_000_000 + number))
        for number, night in enumerate(nights)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert git(archive, "ls-tree", "-r", "--name-only", "observed").split() == ["S0000/a/x", "S0001/a/x"]
    assert len(git(archive, "rev-list", OBSERVED).split()) == 2


@pytest.mark.parametrize("name", ["../x", "a/../b", ".git", "a b", "x\ny", "", "a\0"])
def test_no_name_leaves_the_archive(archive, name):
    with archive.begin() as night, pytest.raises(StorageError, match="no name for a snapshot"):
        night.keep("S0001/a", {name: "x"})


def test_a_git_that_refuses_is_told(archive, monkeypatch):
    night = archive.begin()
    night.keep("S0001/a", {"x": "1\n"})
    (archive.folder / "refs" / "heads" / "observed.lock").write_text("")
    with pytest.raises(StorageError, match="git refuses the snapshots"):
        archive.end(night, "audit", (), 1_764_000_000)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StorageError, match="install git"):
        archive.begin()


def test_what_the_environment_says_of_git_sends_it_nowhere(archive, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "objects"))
    write(archive, {"S0001/a": {"x": "1\n"}})
    assert not (tmp_path / "elsewhere").exists()
    assert archive.tree() == {"S0001/a": archive.tree()["S0001/a"]}
