"""Several processes judge as one does; one that dies costs nothing, and none outlives the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import RECORDINGS, ROOT, storefleet

from storefleet.errors import StorageError
from storefleet.workflows import judge, panel
from storefleet.workflows.judging import Judging
from storefleet.workflows.panel import processes_for

BROKEN = RECORDINGS / "broken"
HERE = os.getpid()


@pytest.fixture
def many(monkeypatch):
    """Make twelve hosts many: each store is a chunk, and any fleet is worth a second process."""
    monkeypatch.setattr(panel, "WORTH_IT", 1)
    monkeypatch.setattr(judge, "CHUNK", 1)


def audit(fleet: Path, processes: int, *words: object) -> object:
    settings = fleet / "storefleet.yaml"
    settings.write_text(f"fleet: practice\naudit: {{processes: {processes}}}\n")
    return storefleet("audit", "--fleet", fleet, "--replay", BROKEN, "--format", "json", *words)


def states(document):
    return {
        (host["host"], result["control"]): result["state"] for host in document["hosts"] for result in host["results"]
    }


def test_two_processes_find_what_one_finds(fleet, many):
    alone = audit(fleet, 1, "--all-results")
    (fleet / "var" / "storefleet.db").unlink()
    shared = audit(fleet, 2, "--all-results")
    assert (alone.code, shared.code) == (1, 1)
    assert states(shared.document) == states(alone.document)
    assert shared.document["totals"] == alone.document["totals"]
    assert shared.document["changes"] == alone.document["changes"]


def test_the_judges_are_other_processes(fleet, many, monkeypatch, tmp_path):
    documents = Judging.documents

    def told(self, names, *rest):
        (tmp_path / f"{os.getpid()}").touch()
        return documents(self, names, *rest)

    monkeypatch.setattr(Judging, "documents", told)
    assert audit(fleet, 2).code == 1
    pids = {int(path.name) for path in tmp_path.iterdir() if path.name.isdecimal()}
    assert pids
    assert HERE not in pids


def test_what_a_dying_judge_held_is_judged_here(fleet, many, monkeypatch):
    documents = Judging.documents

    def dies(self, names, *rest):
        if os.getpid() != HERE:
            os.kill(os.getpid(), signal.SIGKILL)
        return documents(self, names, *rest)

    expected = states(audit(fleet, 1, "--all-results").document)
    (fleet / "var" / "storefleet.db").unlink()
    monkeypatch.setattr(Judging, "documents", dies)
    ended = audit(fleet, 2, "--all-results")
    assert ended.code == 1
    assert states(ended.document) == expected


def test_what_went_wrong_beside_us_is_said_here(fleet, many, monkeypatch):
    def fails(self, names, *rest):
        raise StorageError("a stored document is damaged; restore the last backup")

    monkeypatch.setattr(Judging, "documents", fails)
    ended = audit(fleet, 2)
    assert ended.code == 3
    assert "restore the last backup" in ended.err


def test_a_small_fleet_is_judged_in_one_process_and_a_large_one_by_the_setting():
    assert processes_for(panel.WORTH_IT - 1, 4) == 1
    assert processes_for(panel.WORTH_IT, 4) == 4
    assert 1 <= processes_for(panel.WORTH_IT, 0) <= 4


HOLDS = """
import sys, time
from storefleet.workflows.panel import Panel
panel = Panel(None, 2)
print(*(process.pid for _, process in panel._judges), flush=True)
time.sleep(60)
"""


def test_no_judge_outlives_a_run_that_was_killed():
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    run = subprocess.Popen([sys.executable, "-c", HOLDS], stdout=subprocess.PIPE, text=True, env=environment)
    judges = [int(pid) for pid in run.stdout.readline().split()]
    assert len(judges) == 2
    run.kill()
    run.wait()
    run.stdout.close()
    for _ in range(500):
        if not any(running(pid) for pid in judges):
            break
        time.sleep(0.02)
    assert not any(running(pid) for pid in judges)


def running(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text().replace(")", " ")
    except FileNotFoundError:
        return False


def test_a_finding_was_seen_when_its_host_answered_and_not_when_it_was_judged(fleet, monkeypatch):
    instants = iter(f"2026-11-22T01:{minute:02}:00Z" for minute in range(60))
    monkeypatch.setattr(judge, "_now", lambda: next(instants))
    document = audit(fleet, 1).document
    results = [result for host in document["hosts"] for result in host["results"]]
    seen = {finding["first_seen"] for result in results for finding in result["findings"]}
    assert seen
    assert seen <= {f"2026-11-22T01:{minute:02}:00Z" for minute in range(12)}
