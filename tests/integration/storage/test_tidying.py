"""Many packs become few while others read, and whatever happens in between nothing that was kept is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from storefleet.errors import StorageError
from storefleet.storage.git import Trailer
from storefleet.storage.snapshots import APPROVED, OBSERVED
from storefleet.storage.tidying import MANY_PACKS, tidy
from storefleet.storage.versions import changes, differing, versions


def git(archive, *words):
    command = ["git", f"--git-dir={archive.folder}", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def write(archive, folders, at, ref=OBSERVED):
    with archive.begin(ref) as night:
        for folder, files in folders.items():
            night.keep(folder, files)
        archive.end(night, f"audit {at}", (Trailer("Run", str(at)),), at)


def nights(archive, many, hosts=3):
    for number in range(many):
        folders = {f"S{n:04}/a": {"x": f"{n} {number}\n" * 20, "y": f"{n}\n"} for n in range(hosts)}
        write(archive, folders, 1_764_000_000 + number)


def packs(archive):
    return sorted(archive.folder.glob("objects/pack/*.pack"))


def everything(archive):
    objects = git(archive, "cat-file", "--batch-all-objects", "--batch-check")
    return set(objects.splitlines()), git(archive, "log", "-p", "--full-index", "--all")


def test_few_packs_are_left_alone(archive):
    nights(archive, MANY_PACKS)
    before = packs(archive)
    assert tidy(archive) is False
    assert packs(archive) == before


def test_many_packs_become_few_and_hold_what_they_held_loose_ones_included(archive):
    nights(archive, MANY_PACKS + 10)
    write(archive, {"S0000/a": {"x": "y"}}, 1_764_000_050, APPROVED)
    loose = subprocess.run(
        ["git", f"--git-dir={archive.folder}", "hash-object", "-w", "--stdin"], input=b"loose", check=True, timeout=60
    )
    assert loose.returncode == 0
    before = everything(archive)
    assert tidy(archive) is True
    assert everything(archive) == before
    assert len(packs(archive)) <= 2
    git(archive, "fsck", "--strict")
    assert tidy(archive) is False


def test_an_old_pack_is_not_written_again_for_a_few_young_ones(archive):
    nights(archive, 1, hosts=2000)
    (first,) = packs(archive)
    for number in range(MANY_PACKS + 1):
        write(archive, {"S0000/a": {"x": f"{number}\n"}}, 1_764_000_100 + number)
    assert tidy(archive) is True
    assert first in packs(archive)
    assert len(packs(archive)) == 2


def test_every_run_is_a_pack_however_little_it_wrote(archive):
    nights(archive, 5)
    assert len(packs(archive)) == 5
    assert git(archive, "count-objects").startswith("0 objects")


KILLED = """
import sys
from pathlib import Path
from storefleet.storage.snapshots import Snapshots
from storefleet.storage.tidying import tidy
print("begins", flush=True)
tidy(Snapshots(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("after_s", [0.0, 0.01, 0.03, 0.06, 0.1, 0.2])
def test_whatever_moment_it_is_killed_at_nothing_is_lost(archive, after_s):
    nights(archive, MANY_PACKS + 5, hosts=150)
    before = everything(archive)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, archive.folder], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    assert everything(archive) == before
    assert "missing" not in git(archive, "fsck")
    nights(archive, MANY_PACKS + 1, hosts=1)
    assert tidy(archive) is True
    assert len(packs(archive)) <= 3


def test_a_git_that_outlives_us_keeps_others_out(archive):
    """The lock is git's as well: who comes next must not pack beside one that was left."""
    nights(archive, MANY_PACKS + 1)
    slow = archive.folder.parent / "bin"
    slow.mkdir()
    (slow / "git").write_text("#!/bin/sh\nsleep 2\n")
    (slow / "git").chmod(0o755)
    environment = {**os.environ, "PATH": f"{slow}{os.pathsep}{os.environ['PATH']}"}
    process = subprocess.Popen([sys.executable, "-c", KILLED, archive.folder], stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.7)
    process.kill()
    process.wait(60)
    began = time.monotonic()
    with archive.alone():
        assert time.monotonic() - began > 0.3


def test_who_reads_meanwhile_finds_everything(archive):
    nights(archive, MANY_PACKS + 30, hosts=40)
    names = [line.split()[0] for line in everything(archive)[0]]
    found: list[str] = []
    over = threading.Event()

    def read():
        while not over.is_set():
            with archive.begin() as night:
                for name in list(night.known.values())[:20]:
                    night.content(name["x"])
                for name in names[::37]:
                    if git(archive, "cat-file", "-t", name).strip() == "blob":
                        night.content(name)
            found.append(git(archive, "rev-parse", OBSERVED))

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        for number in range(3):
            assert tidy(archive) is True
            for more in range(MANY_PACKS + 1):
                write(archive, {"S0000/a": {"x": f"{number} {more}\n"}}, 1_764_001_000 + number * 100 + more)
        over.set()
        reading.result(60)
    assert len(found) > 0


def test_a_reader_that_began_before_reads_on_after(archive):
    nights(archive, MANY_PACKS + 5, hosts=50)
    with archive.begin() as night:
        first = night.content(night.known["S0000/a"]["x"])
        assert tidy(archive) is True
        for files in night.known.values():
            night.content(files["x"])
        assert night.content(night.known["S0000/a"]["x"]) == first
        night.keep("S0000/a", {"x": "later\n"})
        archive.end(night, "audit", (), 1_764_009_000)
    assert git(archive, "show", "observed:S0000/a/x") == "later\n"
    assert git(archive, "fsck", "--strict") == ""


def test_what_a_killed_git_left_is_removed_once_it_is_old(archive):
    nights(archive, MANY_PACKS + 1)
    folder = archive.folder / "objects" / "pack"
    old, young = folder / ".tmp-12-pack-ab.pack", folder / "tmp_pack_cd"
    for path in (old, young):
        path.write_text("x")
    week_ago = time.time() - 7 * 86_400
    os.utime(old, (week_ago, week_ago))
    tidy(archive)
    assert (old.exists(), young.exists()) == (False, True)


def test_a_git_that_cannot_is_told_and_harms_nothing(archive, monkeypatch):
    nights(archive, MANY_PACKS + 1)
    before = everything(archive)
    for path in packs(archive)[:1]:
        whole = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(whole[:-30])
    with pytest.raises(StorageError, match="git repack: "):
        tidy(archive)
    path.write_bytes(whole)
    assert everything(archive) == before
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StorageError, match="git repack: "):
        tidy(archive)


def test_versions_are_told_by_git_s_names_the_newest_first(archive):
    write(archive, {"S0001/a": {"x": "1\n", "y": "1\n"}, "S0002/b": {"x": "1\n"}, "c": {"x": "1\n"}}, 1_764_000_000)
    write(archive, {"S0001/a": {"x": "2\n"}}, 1_764_000_001)
    write(archive, {"S0001/a": {"x": "1\n"}, "c": {"z": "1\n"}}, 1_764_000_002)
    found = versions(archive, OBSERVED)
    assert {path: [commit.at - 1_764_000_000 for commit, _ in some] for path, some in found.items()} == {
        "S0001/a/x": [2, 1, 0],
        "S0001/a/y": [1, 0],
        "S0002/b/x": [0],
        "c/x": [2, 0],
        "c/z": [2],
    }
    assert found["S0001/a/x"][0][1] == found["S0001/a/x"][2][1] != found["S0001/a/x"][1][1]
    assert (found["S0001/a/y"][0][1], found["c/x"][0][1]) == ("", "")
    assert versions(archive, OBSERVED, {"c"}) == {path: found[path] for path in ("c/x", "c/z")}
    many = {f"S9999/{number}" for number in range(300)}
    assert versions(archive, OBSERVED, {*many, "S0001/a"}).keys() == {"S0001/a/x", "S0001/a/y"}
    assert versions(archive, OBSERVED, ()) == versions(archive, APPROVED) == {}
    newest, second = (commit.name for commit in archive.commits()[:2])
    assert {name: change.path for name, change in changes(archive, second)["S0001/a"].items()} == {
        "x": "S0001/a/x",
        "y": "S0001/a/y",
    }
    assert changes(archive, newest)["c"].keys() == {"x", "z"}
    assert changes(archive, archive.commits()[-1].name)["S0002/b"]["x"].before == ""


def test_folders_that_differ_are_told_without_those_that_one_side_lacks(archive):
    write(archive, {"S0001/a": {"x": "1\n", "y": "1\n"}, "S0001/b": {"x": "1\n"}, "c": {"x": "1\n"}}, 1_764_000_000)
    write(archive, {"S0001/a": {"x": "1\n"}, "c": {"x": "2\n"}, "S0002/d": {"x": "1\n"}}, 1_764_000_001)
    newest, first = (commit.name for commit in archive.commits())
    assert differing(archive, first, newest) == {"S0001/a", "c"}
    assert differing(archive, newest, newest) == frozenset()
    assert all(one.at > other.at for one, other in pairwise(archive.commits()))
