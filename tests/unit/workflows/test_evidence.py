"""What our own runs did, out of the plans and journals that are kept."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest
from audit_factory import run_info

from storefleet.model.plan import HostApplied, HostPlan, Plan, PlannedChange
from storefleet.workflows.evidence import Evidence

ROUTER = "S0001-router"
RUN = run_info(id="run-7", verb="apply", started_at="2026-11-27T12:00:00Z", finished_at="2026-11-27T12:05:00Z")
SHUT = "+ interface wan0 / shutdown\n- interface wan0 / description <redacted>"


class Runs:
    def runs(self, _most):
        return [SimpleNamespace(info=RUN)]


def evidence(folder, *changes, ended="changed"):
    planned = tuple(PlannedChange("t", "configure", target, "path", diff, "x") for target, diff in changes)
    plan = Plan(
        run=RUN,
        playbook="p.yaml",
        playbook_sha256="",
        expires_at="",
        hosts=(HostPlan(ROUTER, "S0001", planned, "path", 0, 0),),
        unread={},
        left_out={},
    )
    (folder / "p.json").write_bytes(msgspec.json.encode(plan))
    done = HostApplied(ROUTER, "S0001", ended, kept="/var/lib/storefleet/run-7")
    (folder / "p.journal").write_bytes(msgspec.json.encode(done) + b"\n")
    return Evidence(Runs(), folder)


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ((("running-config", SHUT), ("saved-config", "+ x")), frozenset(SHUT.split("\n"))),
        ((("running-config", SHUT), ("running-config", "(hidden: no_log)")), None),
        ((("/etc/hosts", "+ x"),), frozenset()),
    ],
)
def test_the_lines_that_a_run_wrote_are_those_of_its_plan(tmp_path, changes, lines):
    (run,) = evidence(tmp_path, *changes).ours[ROUTER]
    assert (run.run, run.at, run.until, run.lines) == ("run-7", RUN.started_at, RUN.finished_at, lines)
    assert run.targets == tuple(target for target, _ in changes)


def test_a_run_that_was_undone_touched_the_host_and_made_nothing(tmp_path):
    (run,) = evidence(tmp_path, ("running-config", SHUT), ("/etc/hosts", ""), ended="undone").ours[ROUTER]
    assert (run.targets, run.lines) == ((), frozenset())
