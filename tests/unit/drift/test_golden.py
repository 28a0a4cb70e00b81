"""A router between what was approved, what is intended and what runs: each thing once, with what would mend it."""

from __future__ import annotations

import pytest

from storefleet.compliance import lines
from storefleet.compliance.golden import Feature, Golden, Rendered
from storefleet.documents.nodes import Source
from storefleet.drift.compare import CONFIG, deltas
from storefleet.drift.golden import golden_view
from storefleet.drift.repair import may_cut, repair

HERE = Source("x", 1)
FEATURES = (
    Feature("logging", HERE, ("log",), extra="fail"),
    Feature("lists", HERE, ("ip prefix-list",), ordered=True, extra="fail", risk="path"),
    Feature("interfaces", HERE, ("interface",), extra="warn", risk="service"),
    Feature("rest", HERE, extra="ignore"),
)
WANTED = """\
log syslog informational
ip prefix-list A seq 5 permit 10.0.0.0/8
ip prefix-list A seq 10 deny any
interface lan0
 description store LAN
 no shutdown
"""
RUNS = """\
log syslog informational
ip prefix-list A seq 5 permit 10.0.0.0/8
ip prefix-list A seq 10 deny any
interface lan0
 description store LAN
exit
end
"""


STRICT = (*FEATURES[:2], Feature("interfaces", HERE, ("interface",), extra="fail", risk="service"), FEATURES[3])


def view(observed, approved=RUNS, wanted=WANTED, features=FEATURES):
    golden = Golden("g", "all", "x.j2", features, HERE)
    some = deltas({CONFIG: approved}, {CONFIG: observed})
    return golden_view("r", Rendered(golden, lines.ordered(wanted)), observed, some), some


def test_what_runs_as_it_is_intended_says_nothing():
    found, some = view(RUNS)
    assert (found.features, dict(found.of), found.behind, some) == ((), {}, (), [])


def test_where_the_golden_text_moved_the_line_is_behind_once_with_both_sides():
    found, _ = view(RUNS, wanted=WANTED.replace("informational", "warnings"))
    ((delta, intent),) = found.behind
    assert (delta.key, delta.approved, delta.observed, intent.value) == (
        "log syslog",
        "log syslog informational",
        "log syslog informational",
        "log syslog warnings",
    )
    assert (intent.state, intent.feature, intent.source) == ("missing", "logging", "golden g")
    assert [(one.feature, one.state, one.missing) for one in found.features] == [("logging", "fail", 1)]


def test_a_missing_section_is_one_difference_with_its_lines():
    found, _ = view(RUNS, wanted=WANTED + "router ospf\n ospf router-id 1.1.1.1\n")
    assert found.behind[0][1].value == "router ospf; ospf router-id 1.1.1.1"
    assert len(found.behind) == 1


@pytest.mark.parametrize(
    ("before", "now", "state", "value"),
    [
        ("log syslog informational", "log syslog debugging", "missing", "log syslog informational"),
        ("permit 10.0.0.0/8", "permit 10.0.0.0/9", "missing", "ip prefix-list A seq 5 permit 10.0.0.0/8"),
        (" description store LAN\n", " description store LAN\n shutdown\n", "missing", "no shutdown"),
    ],
)
def test_a_change_by_hand_is_told_beside_what_is_intended_and_not_again_as_behind(before, now, state, value):
    found, some = view(RUNS.replace(before, now))
    assert len(some) == 1
    intent = found.of[some[0].key]
    assert (intent.state, intent.value) == (state, value)
    assert found.behind == ()


def test_a_line_that_nobody_wanted_is_extra_where_the_feature_cares():
    found, some = view(RUNS.replace("end\n", "log stdout\nend\n"))
    intent = found.of[some[0].key]
    assert (intent.state, intent.value, intent.paths) == ("extra", None, ())
    found, some = view(RUNS.replace("exit\nend", "exit\nrouter ospf\n ospf router-id 1.1.1.1\nexit\nend"))
    assert found.of == {}, "what belongs to the rest is nobody's business"


def test_a_line_that_a_feature_only_warns_of_is_not_intended_to_go():
    before, now = (RUNS.replace("exit\n", f"exit\ninterface k\n description {word}\nexit\n") for word in ("a", "b"))
    found, some = view(now, approved=before)
    assert (len(some), dict(found.of)) == (1, {})
    assert [(one.feature, one.state) for one in found.features] == [("interfaces", "warn")]


def test_what_holds_the_line_is_typed_before_what_lets_go_of_it():
    runs = RUNS.replace("exit\n", " ip address 10.0.1.2/16\nexit\n")
    approved = runs.replace("/16", "/24")
    (delta,) = deltas({CONFIG: approved}, {CONFIG: runs})
    found = repair(lines.ordered(runs), delta.came, delta.went)
    assert [line.strip() for line in found.todo] == [
        "interface lan0",
        "ip address 10.0.1.2/24",
        "no ip address 10.0.1.2/16",
    ]
    assert may_cut(found.todo)
    assert may_cut(found.undo)
    assert not may_cut(("interface lan0", " description x", " no shutdown"))


def test_an_extra_line_that_was_approved_is_behind_only_where_the_feature_fails():
    runs = RUNS.replace("end\n", "log stdout\nend\n").replace("exit\n", " ip address 10.0.0.1/24\nexit\n")
    found, some = view(runs, approved=runs)
    assert some == []
    assert [(delta.key, intent.state, intent.value) for delta, intent in found.behind] == [
        ("log stdout", "extra", None)
    ]
    assert {(one.feature, one.state) for one in found.features} == {("logging", "fail"), ("interfaces", "warn")}


def test_what_came_to_be_as_it_is_intended_is_equal():
    found, some = view(RUNS, approved=RUNS.replace("informational", "debugging"))
    assert [(found.of[one.key].state, found.of[one.key].value) for one in some] == [
        ("equal", "log syslog informational")
    ]
    found, some = view(RUNS, approved=RUNS.replace("exit\n", " shutdown\nexit\n"))
    assert [found.of[one.key].state for one in some] == ["equal"]
    found, some = view(RUNS, approved=RUNS.replace("end\n", "log stdout\nend\n"))
    assert [found.of[one.key].state for one in some] == ["equal"]


def test_entries_in_another_order_are_out_of_order():
    runs = RUNS.replace("seq 5 permit 10.0.0.0/8", "seq 15 permit 10.0.0.0/8")
    found, _ = view(runs, approved=runs)
    assert {intent.state for _, intent in found.behind} == {"out of order"}
    assert [one.out_of_order for one in found.features] == [2]


@pytest.mark.parametrize("text", ["", "log syslog informational\n", "interface lan0\n% Unknown command\nend\n"])
def test_what_cannot_be_read_is_no_pass(text):
    found, _ = view(text, approved=text)
    assert [one.state for one in found.features] == ["cannot_parse"]
    assert found.behind == ()


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("log syslog informational", "log syslog debugging"),
        (" description store LAN\n", " description store LAN\n shutdown\n"),
        (" description store LAN\n", " description moved\n"),
        ("end\n", "ip route 10.77.0.0/16 10.0.1.254\nend\n"),
        ("ip prefix-list A seq 10 deny any\n", ""),
        ("exit\nend", "exit\nrouter ospf\n ospf router-id 1.1.1.1\nexit\nend"),
    ],
)
def test_the_repair_leads_to_what_was_approved_and_the_undo_back(before, now):
    observed = RUNS.replace(before, now, 1)
    (delta,) = deltas({CONFIG: RUNS}, {CONFIG: observed})
    there, wanted = lines.ordered(observed), lines.ordered(RUNS)
    found = repair(there, delta.came, delta.went)
    assert found.todo
    then, _ = lines.merged(frozenset(there), lines.ordered("\n".join(found.todo)))
    assert then == frozenset(wanted)
    back, _ = lines.merged(then, lines.ordered("\n".join(found.undo)))
    assert back == frozenset(there)


def test_a_line_with_a_hidden_secret_is_not_proposed():
    runs = RUNS.replace("end\n", "enable password <redacted:0123456789ab>\nend\n")
    (delta,) = deltas({CONFIG: runs}, {CONFIG: RUNS})
    found = repair(lines.ordered(RUNS), delta.came, delta.went)
    assert (found.todo, found.undo) == ((), ())


def test_a_text_that_the_rules_do_not_know_has_no_repair():
    runs = RUNS.replace("end\n", "banner motd hello\nend\n")
    (delta,) = deltas({CONFIG: RUNS}, {CONFIG: runs})
    found = repair(lines.ordered(runs), delta.came, delta.went)
    assert (found.todo, found.undo) == ((), ())


def mended(observed, intent):
    there = lines.ordered(observed)
    found = repair(there, intent.gone, intent.paths)
    return lines.merged(frozenset(there), lines.ordered("\n".join(found.todo)))[0]


PORT = "interface lan9\n description kiosk\n shutdown\nexit\n"


@pytest.mark.parametrize("more", ["", " ip ospf cost 10\n"])
def test_a_section_that_came_with_one_line_too_many_keeps_the_others(more):
    wanted = WANTED + f"interface lan9\n description kiosk\n{more}"
    observed = RUNS.replace("end\n", f"{PORT}end\n")
    found, (delta,) = view(observed, wanted=wanted, features=STRICT)
    intent = found.of[delta.key]
    assert intent.value == "; ".join(["interface lan9", "description kiosk", *([more.strip()] if more else [])])
    assert found.behind == (), "it is told once"
    assert mended(observed, intent) == frozenset(lines.ordered(observed.replace(" shutdown\n", more))), (
        "the section stays"
    )


@pytest.mark.parametrize("text", ["till #3", "up / down", "old; new"])
def test_a_description_may_hold_what_parts_lines(text):
    observed = RUNS.replace("store LAN", text)
    found, (delta,) = view(observed, wanted=WANTED.replace("store LAN", text))
    assert found.of[delta.key].state == "equal"
    found, (delta,) = view(observed)
    assert (found.of[delta.key].state, found.of[delta.key].value) == ("missing", "description store LAN")
    assert found.behind == ()
    assert mended(observed, found.of[delta.key]) == frozenset(lines.ordered(RUNS))
