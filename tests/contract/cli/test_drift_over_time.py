"""What `drift` tells of nights that follow each other: how a difference lives, the trend, a key that was replaced."""

import datetime
import os
import shutil
import subprocess

import pytest
from command_line import RECORDINGS, recordings_without, storefleet

from storefleet.documents.published import problems
from storefleet.storage.snapshots import Night, Snapshots
from storefleet.workflows import clock

DNS = "/network/dns/servers"


class Nights:
    """A fleet that is audited once a day, and may be accepted in between."""

    def __init__(self, fleet, monkeypatch):
        self.fleet, self.monkeypatch, self.first, self.hours = fleet, monkeypatch, clock.now(), 0
        self.archive = fleet / "var" / "snapshots.git"

    def pass_hours(self, hours):
        self.hours += hours
        now = self.first + datetime.timedelta(hours=self.hours)
        self.monkeypatch.setattr(clock, "now", lambda: now)

    def audit(self, recordings="mended", *words):
        self.pass_hours(24)
        folder = recordings if not isinstance(recordings, str) else RECORDINGS / recordings
        ended = storefleet("audit", "--fleet", self.fleet, "--replay", folder, *words)
        assert ended.code in (0, 1, 3), ended.err
        return ended

    def accept(self, *words):
        self.pass_hours(1)
        ended = storefleet("drift", "accept", *words, "--reason", "so it is", "--fleet", self.fleet)
        assert ended.code == 0, ended.err

    def drift(self, *words):
        ended = storefleet("drift", *words, "--format", "json", "--fleet", self.fleet)
        assert problems(ended.document, "drift-1") == []
        return ended.document

    def git(self, *words):
        command = ["git", f"--git-dir={self.archive}", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture
def nights(fleet, monkeypatch):
    found = Nights(fleet, monkeypatch)
    found.audit()
    found.accept("all", "--as-found")
    return found


def at(document, host="S0001-pos2", key=DNS, what="differences"):
    return [one for store in document["stores"] for one in store[what] if (one["host"], one["key"]) == (host, key)]


def life(nights):
    (one,) = at(nights.drift("S0001"))
    assert one == at(nights.drift())[0] | {"same_in_stores": one["same_in_stores"]}
    return one["life"], one["flaps"]


def test_a_difference_is_new_then_still_then_gone_then_reopened(nights):
    nights.audit("broken")
    assert life(nights) == ("new", 0)
    nights.audit("broken")
    assert life(nights) == ("still", 0)
    nights.audit()
    assert at(nights.drift()) == []
    nights.audit("broken")
    assert life(nights) == ("reopened", 1)
    nights.audit("broken")
    assert life(nights) == ("still", 1)
    nights.audit()
    nights.audit("broken")
    assert life(nights) == ("reopened", 2)


def test_what_ended_is_told_by_the_run_that_found_it_and_by_no_later_one(nights):
    nights.audit("broken")
    (was,) = at(nights.drift())
    assert at(nights.drift(), what="ended") == []
    nights.audit()
    document = nights.drift("S0001")
    (one,) = at(document, what="ended")
    assert one["was"] == was["observed"]
    assert one["at"] == document["run"]
    assert document["exit"] if "exit" in document else document["summary"]["manual"] == 0
    nights.audit()
    assert nights.drift()["stores"] == []


def test_what_an_acceptance_ended_did_not_end(nights):
    nights.audit("broken")
    nights.accept("all", "--as-found")
    assert nights.drift()["stores"] == []
    nights.audit("broken")
    assert nights.drift()["stores"] == []
    nights.audit()
    (one,) = at(nights.drift())
    assert (one["life"], one["flaps"], one["class"]) == ("new", 0, "adopted"), "it was so, but as it should be"
    assert at(nights.drift(), what="ended") == []


def test_a_run_that_did_not_read_the_host_neither_ends_nor_ages_anything(nights, tmp_path):
    nights.audit("broken")
    seen = at(nights.drift())[0]["last_seen"]
    nights.audit("broken", "-l", "S0002")
    assert life(nights) == ("new", 0)
    assert at(nights.drift())[0]["last_seen"] == seen
    nights.audit()
    nights.audit("mended", "-l", "S0002")
    (one,) = at(nights.drift(), what="ended")
    nights.audit(recordings_without(tmp_path / "some", "S0001-pos2"))
    assert at(nights.drift(), what="ended") == []
    assert one["at"]["run"] in nights.git("log", "observed~2", "-1")


def test_of_a_quiet_fleet_only_who_is_who_and_what_has_a_golden_configuration_is_read_however_many_nights_there_were(
    nights, monkeypatch
):
    nights.audit("broken")
    nights.audit()
    nights.audit()
    read = []
    content = Night.content
    monkeypatch.setattr(Night, "content", lambda self, name: read.append(name) or content(self, name))
    assert nights.drift()["stores"] == []
    observed = Snapshots(nights.fleet / "var" / "snapshots.git").tree()
    read_once = {"running-config", "system"}
    expected = (content for files in observed.values() for part, content in files.items() if part in read_once)
    assert sorted(read) == sorted(expected)


def processes(nights, tmp_path, monkeypatch, *words):
    told = tmp_path / "told"
    told.write_text("")
    real = shutil.which("git")
    (tmp_path / "bin").mkdir(exist_ok=True)
    shim = tmp_path / "bin" / "git"
    shim.write_text(f'#!/bin/sh\necho "$@" >>{told}\nexec {real} "$@"\n')
    shim.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
        nights.drift(*words)
    return len(told.read_text().splitlines())


@pytest.mark.parametrize("words", [(), ("all",), ("S0001",)])
def test_more_differences_and_more_nights_start_no_more_programs(nights, tmp_path, monkeypatch, words):
    nights.audit("broken")
    first = processes(nights, tmp_path, monkeypatch, *words)
    for recordings in ("mended", "broken", "broken"):
        nights.audit(recordings)
    later = processes(nights, tmp_path, monkeypatch, *words)
    trend = 3 if not words else 0
    assert later <= first + trend, "only the trend asks once for each run"


def test_the_trend_tells_each_run_of_the_fleet_by_what_was_approved_then(nights, tmp_path):
    nights.audit()
    nights.audit("broken")
    document = nights.drift()
    hosts = {one["host"] for store in document["stores"] for one in store["differences"]}
    stores = {store["store"] for store in document["stores"] if store["differences"]}
    nights.audit("broken", "-l", "S0001")
    nights.audit(recordings_without(tmp_path / "some", "S0001-pos2", of="broken"))
    nights.accept("all", "--as-found")
    nights.audit("broken")
    trend = nights.drift()["trend"]
    many = (len(stores), len(hosts))
    assert [(one["stores"], one["hosts"]) for one in trend] == [(0, 0), many, (many[0], many[1] - 1), (0, 0)]
    assert [one["at"] for one in trend] == sorted(one["at"] for one in trend)
    assert nights.drift("S0001")["trend"] == []


def test_the_trend_holds_two_weeks(nights):
    for number in range(16):
        nights.audit("broken" if number == 1 else "mended")
    trend = nights.drift()["trend"]
    assert [one["hosts"] for one in trend] == [0] * 14


def test_a_host_that_was_never_approved_is_in_no_trend(fleet, monkeypatch):
    nights = Nights(fleet, monkeypatch)
    nights.audit()
    nights.accept("S0001", "--as-found")
    nights.audit("broken")
    hosts = {one["host"] for store in nights.drift()["stores"] for one in store["differences"]}
    assert [one["hosts"] for one in nights.drift()["trend"]] == [len(hosts)]


@pytest.fixture
def secrets(nights, tmp_path):
    """A fleet whose routers have a password, and whose tills have terminal numbers, both hidden in what is kept."""

    def recordings(password="zebra7", of="mended"):
        folder = tmp_path / f"{of}-{password}"
        shutil.copytree(RECORDINGS / of, folder)
        for path in folder.glob("*-router.txt"):
            text = path.read_text()
            assert text.count("\n| hostname ") == 2, "what runs and what is saved"
            path.write_text(text.replace("\n| hostname ", f"\n| password {password}\n| hostname "))
        return folder

    nights.audit(recordings("before"))
    nights.accept("all", "--as-found")
    return recordings


def replace_key(nights):
    (nights.fleet / "var" / "redaction.key").unlink()


def test_a_key_that_was_replaced_is_no_change_of_anything_and_no_pass(nights, secrets):
    same = secrets()
    nights.audit(same)
    nights.accept("all", "--as-found")
    nights.audit(same)
    replace_key(nights)
    nights.audit(same)
    document = nights.drift()
    assert [one for store in document["stores"] for one in store["differences"]] == []
    gaps = {gap["host"]: gap["reason"] for store in document["stores"] for gap in store["not_compared"]}
    assert {"S0001-router", "S0001-pos1"} <= gaps.keys()
    runs = nights.git("log", "-2", "--format=%cI", "observed").replace("+00:00", "Z").split()
    assert gaps["S0001-router"] == (
        "1 hidden value cannot be compared: the redaction key was replaced "
        f"between {runs[1]} and {runs[0]}; look at them and accept --as-found"
    )
    assert document["coverage"]["compared"] == document["coverage"]["expected"] - len(gaps)
    assert storefleet("drift", "S0001-router", "--fleet", nights.fleet).code == 3
    nights.accept("all", "--as-found")
    assert nights.drift()["stores"] == []
    nights.audit(same)
    assert nights.drift()["stores"] == []
    nights.audit(secrets("other"))
    found = [one for store in nights.drift()["stores"] for one in store["differences"]]
    assert {one["observed"] or one["approved"] for one in found}, "under one key a changed secret is told again"


def test_with_one_key_a_secret_that_changed_is_told(nights, secrets):
    nights.audit(secrets("other"))
    found = nights.drift("S0001-router")["stores"][0]
    assert found["not_compared"] == []
    assert [one["class"] for one in found["differences"]] == ["manual"]
    assert all("<redacted:" in str(one["observed"] or one["approved"]) for one in found["differences"])


def test_what_else_differs_is_told_beside_what_cannot_be_compared(nights, secrets):
    replace_key(nights)
    nights.audit(secrets("before", of="broken"))
    assert life(nights) == ("new", 0)
    (store,) = nights.drift("S0002-router")["stores"]
    assert [one["key"] for one in store["differences"]] == ["interface wan0 / bandwidth 2000"]
    assert [gap["host"] for gap in store["not_compared"]] == ["S0002-router"]


def test_a_host_that_was_dark_when_the_key_was_replaced_is_judged_by_its_own_key(nights, secrets, tmp_path):
    same = secrets()
    nights.audit(same)
    nights.accept("all", "--as-found")
    replace_key(nights)
    (same / "S0001-router.txt").rename(tmp_path / "kept.txt")
    nights.audit(same)
    nights.accept("S0001", "--as-found")
    shutil.copy(tmp_path / "kept.txt", same / "S0001-router.txt")
    nights.audit(same)
    (store,) = nights.drift("S0001-router")["stores"]
    assert (store["differences"], len(store["not_compared"])) == ([], 1)


def test_the_commits_name_the_key_and_tell_nothing_of_it(nights):
    def named(ref):
        return nights.git("log", "-1", "--format=%(trailers:key=Redaction-Key,valueonly)", ref).strip()

    key = (nights.fleet / "var" / "redaction.key").read_text()
    name = named("observed")
    assert named("approved") == name
    assert len(name) == 8
    assert name not in key
    replace_key(nights)
    nights.audit()
    assert named("observed") != name
