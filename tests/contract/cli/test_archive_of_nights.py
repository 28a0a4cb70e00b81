"""What an audit leaves in `var/snapshots.git`, as somebody who has nothing but git reads it."""

import json
import os
import shutil
import subprocess

import pytest
from command_line import RECORDINGS, storefleet

from storefleet.storage import tidying


def night(fleet, recordings="mended", *words):
    return storefleet("audit", "--fleet", fleet, "--replay", RECORDINGS / recordings, *words)


def git(fleet, *words):
    archive = f"--git-dir={fleet / 'var' / 'snapshots.git'}"
    return subprocess.run(["git", archive, *words], capture_output=True, text=True, check=True, timeout=60).stdout


def test_each_audit_is_a_commit_and_a_quiet_night_changes_nothing(fleet):
    for _ in range(3):
        assert night(fleet, "mended", "--reason", "nightly", "--ticket", "CHG-1").code == 0
    assert len(git(fleet, "log", "--format=%s", "observed").split("\n")) == 4
    assert git(fleet, "diff", "observed~2", "observed") == ""
    assert "Ticket: CHG-1" in git(fleet, "log", "-1", "observed")
    hosts = {path.stem for path in (RECORDINGS / "mended").glob("*.txt")}
    assert {path.split("/")[1] for path in git(fleet, "ls-tree", "-r", "--name-only", "observed").split()} == hosts


def test_what_changed_between_two_nights_is_a_diff_of_single_facts(fleet):
    night(fleet)
    night(fleet, "broken")
    changed = git(fleet, "diff", "--unified=0", "observed^", "observed")
    assert "nameserver" not in changed
    assert "+/network/dns/servers" in changed
    assert len(git(fleet, "diff", "--numstat", "observed^", "observed").splitlines()) < 30


def test_offline_nights_are_no_evidence(fleet):
    night(fleet)
    storefleet("audit", "--fleet", fleet, "--offline")
    assert len(git(fleet, "log", "--format=%s", "observed").splitlines()) == 1


@pytest.mark.parametrize("hinder", ["no git", "broken"])
def test_an_archive_that_cannot_be_written_is_a_warning_and_the_night_is_judged(fleet, monkeypatch, hinder):
    if hinder == "no git":
        monkeypatch.setenv("PATH", "/nowhere")
    else:
        (fleet / "var" / "snapshots.git").mkdir(parents=True)
        (fleet / "var" / "snapshots.git" / "HEAD").write_text("nothing\n")
    ended = night(fleet, "mended", "--format", "json")
    assert (ended.code, json.loads(ended.out)["verdict"]["exit"]) == (0, 0)
    assert ended.err.count("no snapshots of this run") == 1


def test_a_night_packs_what_many_nights_left(fleet, monkeypatch):
    monkeypatch.setattr(tidying, "MANY_PACKS", 3)
    for recordings in ("mended", "broken", "mended", "broken"):
        night(fleet, recordings)
    assert len(list((fleet / "var" / "snapshots.git" / "objects" / "pack").glob("*.pack"))) < 4
    assert len(git(fleet, "log", "--format=%s", "observed").splitlines()) == 4


def test_packing_that_fails_is_a_warning_and_the_night_is_kept(fleet, monkeypatch, tmp_path):
    monkeypatch.setattr(tidying, "MANY_PACKS", 0)
    real = shutil.which("git")
    shim = tmp_path / "bin" / "git"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\ncase " $* " in *" repack "*) echo "no room" >&2; exit 1;; esac\nexec {real} "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    ended = night(fleet, "mended", "--format", "json")
    assert (ended.code, json.loads(ended.out)["verdict"]["exit"]) == (0, 0)
    assert "the snapshots are kept, in ever more files" in ended.err
    assert "git repack: no room" in ended.err
    assert len(git(fleet, "log", "--format=%s", "observed").splitlines()) == 1
