"""The contract of the exit codes: 0, 1, 2, 3, 70, 130 and 143, each met on purpose."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import RECORDINGS, ROOT, expected_findings, findings, recordings_without, storefleet

from storefleet.cli.main import Terminated
from storefleet.cli.progress import HostProgress
from storefleet.collect.linux import collector
from storefleet.errors import StorageError

BROKEN, MENDED = RECORDINGS / "broken", RECORDINGS / "mended"


def audit(fleet: Path, replay: Path, *words: object):
    return storefleet("audit", "--fleet", fleet, "--replay", replay, *words)


def test_a_fleet_as_it_should_be_ends_with_0(fleet):
    ended = audit(fleet, MENDED, "--format", "json")
    assert (ended.code, findings(ended.document)) == (0, set())
    assert ended.document["verdict"]["exit"] == 0


def test_a_broken_fleet_ends_with_1_and_has_exactly_the_faults_that_were_made(fleet):
    ended = audit(fleet, BROKEN, "--format", "json")
    assert ended.code == ended.document["verdict"]["exit"] == 1
    assert findings(ended.document) == expected_findings()


REFUSED = {
    "an unknown option": (["--nope"], "--nope"),
    "a selection that matches nothing": (["-l", "role=till:&role=router"], "matches no host"),
    "a name that nothing has": (["-l", "S9999"], "S9999"),
    "an unknown field": (["-l", "colour=red"], "no field 'colour'"),
    "an audit that is not there": (["nightly"], "no audit nightly; there are: kiosk-baseline"),
    "a report of no format": (["--report", "report.json"], "write FORMAT:PATH"),
    "a report of an unknown format": (["--report", "pdf:report.pdf"], "where FORMAT is one of "),
    "a report into a folder that is not there": (["--report", "json:no/such/report.json"], "make it first"),
    "a recording of a recording": (["--record", "again"], "--record and --replay exclude each other"),
    "a severity that is none": (["--fail-on", "fatal"], "'fatal' is none of info"),
    "coverage over 100 %": (["--min-coverage", "101"], "--min-coverage"),
}


@pytest.mark.parametrize(("words", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_stand_on_the_command_line_ends_with_2_before_anything_is_touched(words, said, fleet, no_session):
    ended = audit(fleet, MENDED, *words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert (no_session, (fleet / "var").exists(), Path("again").exists()) == ([], False, False)


def test_recordings_that_are_not_there_end_with_2_before_anything_is_touched(fleet):
    ended = audit(fleet, fleet / "nothing")
    assert ended.code == 2
    assert "there is no such folder" in ended.err
    assert not (fleet / "var").exists()


@pytest.mark.parametrize("verb", ["audit", "collect", "check", "settings", "inventory"])
def test_no_fleet_folder_here_or_above_ends_with_2_and_the_remedy(verb):
    ended = storefleet(verb)
    assert ended.code == 2
    assert "storefleet init" in ended.err


def test_a_folder_that_everyone_may_write_is_never_taken_by_itself(fleet, monkeypatch):
    fleet.chmod(0o777)
    monkeypatch.chdir(fleet / "inventory")
    (fleet / "storefleet.yaml").write_text("fleet: trap\n")
    ended = storefleet("inventory")
    assert ended.code == 2
    assert "everyone may write there" in ended.err
    assert storefleet("inventory", "--fleet", fleet).code == 0  # named, it is the user's own choice


def test_a_folder_of_ones_own_is_found_upwards(fleet, monkeypatch):
    (fleet / "storefleet.yaml").write_text("fleet: mine\n")
    monkeypatch.chdir(fleet / "inventory")
    assert storefleet("inventory").code == 0


def test_one_host_without_an_answer_ends_with_3_while_the_others_are_judged(fleet, tmp_path):
    part = recordings_without(tmp_path / "part", "S0002-pos1")
    ended = audit(fleet, part, "--format", "json")
    assert ended.code == ended.document["verdict"]["exit"] == 3
    hosts = {host["host"]: host for host in ended.document["hosts"]}
    assert "no recording of S0002-pos1" in hosts["S0002-pos1"]["reason"]
    assert {result["state"] for result in hosts["S0002-pos1"]["results"]} == {"unknown"}
    assert ended.document["totals"]["results"]["fail"] == 0
    assert ended.document["totals"]["results"]["pass"] > 100
    assert ended.document["verdict"]["coverage"]["judged"] == 11
    assert "coverage 91.7 % is under the floor of 100 %" in ended.document["verdict"]["words"]


@pytest.mark.parametrize(("recorded", "code"), [("mended", 0), ("broken", 1)])
def test_a_lower_floor_lets_the_findings_decide_again(recorded, code, fleet, tmp_path):
    part = recordings_without(tmp_path / "part", "S0002-kiosk1", of=recorded)
    assert audit(fleet, part).code == 3  # incomplete wins over findings
    ended = audit(fleet, part, "--min-coverage", "50")
    assert ended.code == code
    assert "coverage 11 of 12 hosts" in ended.out


def test_a_selection_without_the_silent_host_is_complete(fleet, tmp_path):
    part = recordings_without(tmp_path / "part", "S0002-pos1")
    assert audit(fleet, part, "-l", "all:!S0002-pos1").code == 0
    assert audit(fleet, part, "-l", "S0002-pos1").code == 3


def test_a_bug_on_one_host_ends_with_70_after_the_report_and_keeps_its_traceback_to_itself(fleet, monkeypatch):
    def broken(_plan, _clock):
        raise KeyError("-".join(("hunter2", "of", "the", "till")))

    whole = collector.collect
    monkeypatch.setattr(
        collector, "collect", lambda plan, clock: (broken if plan.host.name == "S0001-pos1" else whole)(plan, clock)
    )
    ended = audit(fleet, MENDED, "--format", "json")
    assert ended.code == 70
    assert "this is a bug in storefleet (KeyError)" in ended.err
    hosts = {host["host"]: host for host in ended.document["hosts"]}
    assert hosts["S0001-pos1"]["reason"] == "storefleet failed on S0001-pos1: KeyError"
    assert ended.document["verdict"]["coverage"]["judged"] == 11
    (crash,) = (fleet / "var" / "crash").iterdir()
    assert str(crash) in ended.err
    assert stat.S_IMODE(crash.stat().st_mode) == 0o600
    text = crash.read_text()
    assert "KeyError" in text
    assert "test_exit_codes.py" in text
    assert "hunter2-of" not in text + ended.err + ended.out


@pytest.mark.parametrize(("signal", "code"), [(KeyboardInterrupt, 130), (Terminated, 143)])
def test_an_interrupt_while_reading_still_prints_the_report(signal, code, fleet, monkeypatch):
    steps = []

    def step(_self, host, *, answered):
        steps.append(host)
        if len(steps) == 3:
            raise signal

    monkeypatch.setattr(HostProgress, "step", step)
    ended = audit(fleet, MENDED, "--workers", "1", "--format", "json")
    assert ended.code == code
    hosts = {host["host"]: host for host in ended.document["hosts"]}
    assert len(hosts) == 12
    judged = {name for name, host in hosts.items() if all(each["state"] != "unknown" for each in host["results"])}
    assert judged == set(steps[:2])
    for name in set(hosts) - judged:
        assert "interrupted" in hosts[name]["reason"]
        assert {result["state"] for result in hosts[name]["results"]} == {"unknown"}
    assert ended.document["totals"]["results"]["fail"] == 0


def command(*words: object) -> list[str]:
    return [sys.executable, "-c", "from storefleet.cli.main import run; run()", *map(str, words)]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["audit", "--replay", MENDED], 0),
        (["audit", "--replay", BROKEN], 1),
        (["inventory"], 0),
        (["settings"], 0),
    ],
)
def test_a_reader_that_goes_away_changes_neither_words_nor_verdict(words, code, fleet):
    words = command(*words, "--fleet", fleet)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(60) == code
    assert "Traceback" not in err
    assert "bug" not in err


@pytest.mark.parametrize("kind", ["var is a file", "the database is none"])
def test_a_database_that_cannot_be_used_ends_with_3_and_the_remedy(kind, fleet, no_session):
    if kind == "var is a file":
        (fleet / "var").write_text("")
    else:
        (fleet / "var").mkdir()
        (fleet / "var" / "storefleet.db").write_bytes(b"these are not the pages of a database " * 200)
    ended = audit(fleet, MENDED)
    assert ended.code == 3
    assert "opening the database" in ended.err
    assert any(remedy in ended.err for remedy in ("give `database:` a place", "move it away"))
    assert no_session == []


def test_a_database_that_fails_half_way_ends_with_3_and_its_words(fleet, monkeypatch):
    def full(*_arguments, **_options):
        raise StorageError("recording: no room is left on the disk: free some")

    monkeypatch.setattr("storefleet.storage.database.Database.keep_document", full)
    ended = audit(fleet, MENDED)
    assert ended.code == 3
    assert "free some" in ended.err


def test_every_command_line_has_help():
    for words in (["--help"], ["audit", "-h"], ["hostkeys", "--help"], ["hostkeys", "scan", "-h"], ["lab", "-h"]):
        ended = storefleet(*words)
        assert ended.code == 0
        assert "Usage: storefleet" in ended.out


def test_a_recording_that_was_cut_off_is_an_unknown_host_and_no_bug(fleet, tmp_path):
    part = recordings_without(tmp_path / "part")
    text = (part / "S0002-pos1.txt").read_text()
    (part / "S0002-pos1.txt").write_text(text[: len(text) // 2] + "\nnot of the format\n")
    ended = audit(fleet, part, "--format", "json")
    assert ended.code == 3
    hosts = {host["host"]: host for host in ended.document["hosts"]}
    assert "the recording of S0002-pos1 cannot be read" in hosts["S0002-pos1"]["reason"]
