"""The bench measures what it says: the same hosts for everybody, and no figure out of a run that left something out."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from bench import sides
from bench.big_fleet import write_big_fleet
from bench.compare import Spread, Turns, in_turns, once
from bench.fleet import AUDIT, host_name, write_fleet
from bench.line import Line
from bench.machine import Spent
from bench.sides import STOREFLEET, BenchError, Command, Job, Side, judged
from bench.table import MET, MISSED, Figure
from bench.till import address

from storefleet.audit.load import load_audits
from storefleet.inventory.load import load_fleet

TODAY = datetime.date(2026, 11, 26)


@pytest.fixture
def keys(tmp_path):
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "host.pub").write_text(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ x\n"
    )
    return folder


def job(tmp_path: Path, hosts: int = 3) -> Job:
    return Job(tmp_path / "fleet", hosts, 2, Line("none"), "root", tmp_path / "keys", tmp_path / "scratch")


class Meter:
    """Writes what a command would have printed, and says that it took so long."""

    def __init__(self, *walls: float, text: str = "read 3\n", status: int = 0):
        self.walls, self.text, self.status = list(walls), text, status

    def run(self, argv, *, cwd, env, log):
        log.write_text(self.text)
        return Spent(self.walls.pop(0) if self.walls else 1.0, 1.0, 1.0, self.status)


def side(name: str) -> Side:
    return Side(name, lambda _job: Command(["true"], sides._said))


def test_storefleet_reads_the_very_addresses_that_everybody_else_is_given(tmp_path, keys):
    write_fleet(tmp_path / "fleet", keys, 5000, "root")
    hosts = load_fleet(tmp_path / "fleet", TODAY).hosts
    given = dict(row.split() for row in (tmp_path / "fleet/hosts.txt").read_text().splitlines())
    assert {name: host.address for name, host in hosts.items()} == given
    assert len(set(given.values())) == 5000
    assert given[host_name(4097)] == address(4097)


def test_the_big_fleet_has_five_devices_a_store(tmp_path):
    write_big_fleet(tmp_path / "big", 40)
    assert len(load_fleet(tmp_path / "big", TODAY).hosts) == 200


def test_the_audit_has_thirty_controls():
    (audit,) = load_audits([AUDIT], str)
    assert len(audit.controls) == 30


@pytest.mark.parametrize(("text", "status"), [("read 2\n", 0), ("", 0), ("read 3\n", 1)])
def test_a_side_that_left_a_host_out_is_an_error_of_the_bench(tmp_path, text, status):
    with pytest.raises(BenchError, match="of 3 hosts read"):
        once(Meter(text=text, status=status), job(tmp_path), side("somebody"))


def test_a_control_that_was_not_decided_is_an_error_of_the_bench(tmp_path):
    scratch = job(tmp_path).scratch
    scratch.mkdir()
    count = STOREFLEET.command(job(tmp_path)).count
    result = {"control": "B-SVC-01", "state": "unknown", "reason": "timeout"}
    document = {
        "hosts": [{"host": "S00001-pos1", "results": [result]}],
        "verdict": {"coverage": {"judged": 3}},
    }
    (scratch / "audit.json").write_text(json.dumps(document))
    with pytest.raises(BenchError, match="S00001-pos1 B-SVC-01: timeout"):
        count("")
    result["state"] = "waived"
    (scratch / "audit.json").write_text(json.dumps(document))
    assert count("") == 3


@pytest.mark.parametrize(("failing", "expected"), [(1, 0), (0, 1)])
def test_more_or_fewer_findings_than_the_tills_have_are_an_error_of_the_bench(failing, expected):
    results = [{"control": "B-NET-05", "state": "fail"}] * failing
    document = {"hosts": [{"host": "S00010-pos1", "results": results}], "verdict": {"coverage": {"judged": 1}}}
    with pytest.raises(BenchError, match=f"{failing} controls failed, not {expected}"):
        judged(document, with_finding=expected)


def test_the_report_of_an_earlier_round_is_not_taken_for_this_one(tmp_path):
    scratch = job(tmp_path).scratch
    scratch.mkdir()
    (scratch / "audit.json").write_text("{}")
    STOREFLEET.command(job(tmp_path))
    assert not (scratch / "audit.json").exists()


def test_sides_take_turns_and_a_ratio_is_of_one_round(tmp_path):
    slow, fast = side("slow"), side("fast")
    turns = in_turns(Meter(10, 1, 30, 2), job(tmp_path), (slow, fast), 2)
    assert [spent.wall_s for spent in turns.spent["slow"]] == [10, 30]
    assert turns.ratio(slow, fast) == Spread(12.5, 10, 15)


def test_what_the_line_carried_is_what_it_carried_meanwhile(tmp_path, monkeypatch):
    carried = iter((1000, 4072))
    monkeypatch.setattr(Line, "bytes", lambda _line: next(carried))
    spent = once(Meter(), job(tmp_path), side("somebody"))
    assert Turns(job(tmp_path), {"somebody": [spent]}).carried_kib(side("somebody")).median == 1


@pytest.mark.parametrize(
    ("median", "target", "at_least", "verdict"),
    [
        (1.25, 1.25, False, MET),
        (1.26, 1.25, False, MISSED),
        (50, 50, True, MET),
        (49, 50, True, MISSED),
        (9, None, False, ""),
    ],
)
def test_the_median_decides_whether_a_target_is_met(median, target, at_least, verdict):
    figure = Figure("x", Spread(median, 0, 99), "x", 3, 3, target, at_least=at_least)
    assert figure.verdict == verdict
    assert verdict in figure.row()
