"""Causes are told from evidence: what is not saved, and what our own runs did in the meantime."""

from __future__ import annotations

import pytest
from drift_factory import config_delta

from storefleet.drift.cause import Known, OwnRun, cause
from storefleet.drift.compare import CONFIG, Delta, deltas
from storefleet.drift.signature import signature
from storefleet.model.drift import Sighting

BEFORE, FIRST = Sighting("r1", "2026-11-27T02:00:00Z"), Sighting("r2", "2026-11-28T02:00:00Z")
HOSTS = Delta("files", "/files[/etc/hosts]", "sha256 a", "sha256 b")


def run(at, *targets):
    return OwnRun("run-7", at, "op", targets)


@pytest.mark.parametrize(
    ("at", "target", "why"),
    [
        ("2026-11-27T12:00:00Z", "/etc/hosts", "ours"),
        ("2026-11-27T12:00:00Z", "/etc/motd", "unknown"),
        ("2026-11-26T12:00:00Z", "/etc/hosts", "manual"),
        ("2026-11-28T12:00:00Z", "/etc/hosts", "manual"),
    ],
)
def test_what_a_run_of_ours_did_in_between_is_ours_and_nothing_else(at, target, why):
    found, ours = cause(HOSTS, Known(FIRST, BEFORE, "", (), [run(at, target)]))
    assert (found, ours is not None) == (why, why == "ours")


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("/etc/resolv.conf", "/network/dns/servers"),
        ("pos.service", "/services/pos.service"),
        ("pos-client", "/software/packages/pos-client"),
        ("/etc/hosts", "/network/hosts_file/10.0.0.1[x]"),
    ],
)
def test_a_file_a_unit_and_a_package_decide_their_facts(target, key):
    delta = Delta("x", key, "a", "b")
    assert cause(delta, Known(FIRST, BEFORE, "", (), [run("2026-11-27T12:00:00Z", target)]))[0] == "ours"


def test_a_name_that_only_begins_like_another_decides_nothing():
    delta = Delta("services", "/services/pos.service", "a", "b")
    assert cause(delta, Known(FIRST, BEFORE, "", (), [run("2026-11-27T12:00:00Z", "pos")]))[0] == "unknown"


@pytest.mark.parametrize(("side", "sign"), [("observed", "+"), ("approved", "-")])
def test_a_line_that_is_not_saved_is_unsaved_whoever_wrote_it(side, sign):
    line = "interface wan0 / shutdown"
    delta = config_delta(line, *(("shutdown", None) if side == "approved" else (None, "shutdown")))
    ours = [run("2026-11-27T12:00:00Z", "running-config")]
    assert cause(delta, Known(FIRST, BEFORE, "", {f"{sign}{line}"}, ours))[0] == "unsaved"
    assert cause(delta, Known(FIRST, BEFORE, "", {f"{'-' if sign == '+' else '+'}{line}"}, ours))[0] == "ours"


def test_what_was_approved_before_is_reverted_unless_we_did_it():
    assert cause(HOSTS, Known(FIRST, BEFORE, was_approved=True))[0] == "reverted"
    ours = [run("2026-11-27T12:00:00Z", "/etc/hosts")]
    assert cause(HOSTS, Known(FIRST, BEFORE, "", (), ours, was_approved=True))[0] == "ours"


def test_all_of_another_device_is_replaced():
    assert cause(HOSTS, Known(FIRST, BEFORE, is_another=True))[0] == "replaced"


def test_equal_drift_of_two_stores_has_one_signature():
    told = [
        signature(
            Delta("network", "/network/dns/servers", f'["10.100.{n}.1"]', '["8.8.8.8"]'),
            {"intended.gateway": f"10.100.{n}.1"},
        )
        for n in (1, 2)
    ]
    assert told == ['network /network/dns/servers: ["{intended.gateway}"] → ["8.8.8.8"]'] * 2


def test_a_value_inside_another_is_not_replaced():
    delta = Delta("network", "/x", "10.100.1.11", "10.100.1.1")
    assert signature(delta, {"gw": "10.100.1.1"}) == "network /x: 10.100.1.11 → {gw}"


def test_short_values_are_everybodys():
    assert signature(Delta("p", "/x", "1", None), {"number": "1"}) == "p /x: 1 → absent"


@pytest.mark.parametrize("text", ["lane #3", "up / down", "open; shut", "lane #3 / 4; old"])
def test_a_line_that_holds_what_parts_lines_is_unsaved_all_the_same(text):
    before = "interface lan0\n description store LAN\nexit\nend\n"
    (delta,) = deltas({CONFIG: before}, {CONFIG: before.replace("store LAN", text)})
    assert cause(delta, Known(FIRST, BEFORE, "", {f"+interface lan0 / description {text}"}))[0] == "unsaved"
    assert cause(delta, Known(FIRST, BEFORE, "", {f"+interface lan1 / description {text}"}))[0] == "manual"


@pytest.mark.parametrize(
    ("begin", "end", "until", "why"),
    [
        ("2026-11-28T02:30:00Z", "2026-11-28T02:31:00Z", "2026-11-28T05:00:00Z", "ours"),
        ("2026-11-28T02:30:00Z", "2026-11-28T02:31:00Z", "", "manual"),
        ("2026-11-28T05:30:00Z", "2026-11-28T05:31:00Z", "2026-11-28T05:00:00Z", "manual"),
        ("2026-11-26T23:00:00Z", "2026-11-27T03:00:00Z", "", "ours"),
        ("2026-11-26T23:00:00Z", "2026-11-27T01:00:00Z", "", "manual"),
    ],
)
def test_a_run_counts_that_was_at_work_between_two_readings_whenever_either_began(begin, end, until, why):
    ours = OwnRun("run-7", begin, "op", ("/etc/hosts",), end)
    assert cause(HOSTS, Known(FIRST, BEFORE, until, (), [ours]))[0] == why


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ({"+ interface wan0 / shutdown"}, "ours"),
        ({"- interface wan0 / shutdown"}, "unknown"),
        ({"+ interface wan1 / shutdown"}, "unknown"),
        (None, "ours"),
    ],
)
def test_a_line_of_a_router_is_ours_only_where_our_run_wrote_that_line(lines, why):
    delta = config_delta("interface wan0 / shutdown", None, "shutdown")
    lines = frozenset(lines) if lines is not None else None
    ours = OwnRun("run-7", "2026-11-27T12:00:00Z", "op", ("running-config",), "", lines)
    assert cause(delta, Known(FIRST, BEFORE, "", (), [ours]))[0] == why


def test_saving_a_router_writes_no_line_of_it():
    delta = config_delta("interface wan0 / shutdown", None, "shutdown")
    assert cause(delta, Known(FIRST, BEFORE, "", (), [run("2026-11-27T12:00:00Z", "saved-config")]))[0] == "unknown"
