"""Random configurations of a router: each line that differs is told once, and what is proposed leads where it says."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storefleet.compliance import lines
from storefleet.compliance.compare import compare_paths
from storefleet.compliance.golden import Feature, Golden, Rendered
from storefleet.documents.nodes import Source
from storefleet.drift.compare import CONFIG, deltas, facts, told
from storefleet.drift.config_lines import changes, keyed, paths_of, taken
from storefleet.drift.golden import golden_view
from storefleet.drift.repair import repair

HIDDEN = "<redacted:0123456789ab>"
FREE = st.sampled_from(["lan", "up / down", "a; b", "lane #2", "uplink #2 / y; shutdown"])


def some(*words, most=4):
    """Return lists of lines of which a router holds one of each kind; ``KIND|REST`` names the kind."""

    def of_one_kind(chosen):
        kinds = {word.partition("|")[0]: word.replace("|", "") for word in chosen}
        return list(kinds.values())

    return st.lists(st.sampled_from(words), unique=True, max_size=most).map(of_one_kind)


TOP = some(
    *("log syslog| informational", "log syslog| debugging", "log stdout", "hostname r1", "no ip forwarding"),
    *("ip route 10.0.0.0/8 10.1.1.1|", "ip route 10.0.0.0/8 10.1.1.1| 200", "ip route 10.0.0.0/8 10.1.1.2"),
    *(
        "ip prefix-list A seq 5| permit 10.0.0.0/8",
        "ip prefix-list A seq 5| deny any",
        "ip prefix-list A seq 10 deny any",
    ),
    *("access-list V seq 5 permit 10.0.0.0/24", "access-list V remark| a / b; c", f"enable password| {HIDDEN}"),
    most=7,
)
PORT = st.tuples(
    FREE.map("description {}".format),
    some("shutdown", "ip address 10.1.0.1/24", "ip ospf cost| 10", "ip ospf cost| 20", "no link-detect", most=3),
    st.booleans(),
).map(lambda parts: [parts[0]] * parts[2] + parts[1])
MAP = some("match ip address prefix-list| A", "match ip address prefix-list| B", "set metric| 10", "set metric| 20")
OSPF = some("ospf router-id| 1.1.1.1", "ospf router-id| 1.1.1.2", "network 10.0.0.0/8 area 0", "redistribute static")
NEIGHBOUR = "neighbor 10.9.0.1"
BGP = some(
    *("bgp router-id| 1.1.1.1", "bgp router-id| 1.1.1.2", "no bgp ebgp-requires-policy"),
    *(f"{NEIGHBOUR} remote-as| 65001", f"{NEIGHBOUR} remote-as| 65002", f"{NEIGHBOUR} description| hq / main"),
    *(f"{NEIGHBOUR} password| {HIDDEN}", f"{NEIGHBOUR} timers| 3 9"),
    most=5,
)
FAMILY = some("network 10.0.0.0/8", f"{NEIGHBOUR} route-map| A in", f"{NEIGHBOUR} route-map| B in")


@st.composite
def configurations(draw):
    found = draw(TOP)
    for name in ("lan0", "wan0"):
        if port := draw(PORT):
            found += [f"interface {name}", *(f" {line}" for line in port), "exit"]
    for name in draw(st.lists(st.sampled_from(["A permit 10", "A permit 20", "B deny 10"]), unique=True)):
        found += [f"route-map {name}", *(f" {line}" for line in draw(MAP)), "exit"]
    if draw(st.booleans()):
        found += ["router ospf", *(f" {line}" for line in draw(OSPF)), "exit"]
    if draw(st.booleans()):
        found += bgp(draw(BGP), draw(FAMILY))
    return "".join(f"{line}\n" for line in [*found, "end"])


def bgp(own, family):
    if not any("remote-as" in line for line in own):  # of a neighbour nothing runs before it has one
        own, family = ([line for line in each if NEIGHBOUR not in line] for each in (own, family))
    inside = [" address-family ipv4 unicast", *(f"  {line}" for line in family), " exit-address-family"]
    return ["router bgp 65000", *(f" {line}" for line in own), *(inside if family else []), "exit"]


often = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@often
@given(configurations(), configurations())
def test_each_line_that_differs_is_told_once_and_as_it_is(before, now):
    found = changes(before, now)
    keys = [key for one in found for key in one.keys]
    assert sorted(keys) == sorted({*keyed(before)} ^ {*keyed(now)})
    assert len({one.key for one in found}) == len(found), "a name stands for one difference"
    for one in deltas({CONFIG: before}, {CONFIG: now}):
        assert (told(one, facts(CONFIG, before)), told(one, facts(CONFIG, now))) == (one.approved, one.observed)


@often
@given(configurations(), configurations())
def test_one_difference_that_is_accepted_is_taken_alone_or_refused(before, now):
    for one in changes(before, now):
        try:
            text = taken(before, now, frozenset(one.keys))
        except ValueError:
            continue
        assert {*paths_of(text)} == ({*keyed(before)} - {*one.keys}) | ({*keyed(now)} & {*one.keys})


def printed(paths):
    return {path for path in paths if not lines.is_unseen(path)}


def after(start, typed):
    return printed(lines.merged(frozenset(start), lines.ordered("\n".join(typed)))[0])


@often
@given(configurations(), configurations())
def test_what_is_proposed_leads_to_what_was_approved_and_back(before, now):
    runs = lines.ordered(now)
    defaults = {(*path[:-1], path[-1].removeprefix("no ")) for path in (*lines.ordered(before), *runs)} - {*runs}
    defaults -= {*lines.ordered(before)}  # what takes a `no` back is not printed, which our rules need not know
    for one in deltas({CONFIG: before}, {CONFIG: now}):
        found = repair(runs, one.came, one.went)
        wanted = ({*runs} - {*one.came}) | {*one.went}
        if found.todo:
            assert after(runs, found.todo) - defaults == printed(wanted)
            assert after(wanted, found.undo) - defaults == printed(runs)
        else:
            is_bgp = "router bgp" in one.key  # its families come and go with what stands in them
            assert HIDDEN in f"{one.approved} {one.observed}" or is_bgp, "nothing else is beyond us"


@pytest.mark.parametrize("line", ["no link-detect", "no ip redirects"])
def test_a_line_that_only_a_no_prints_is_taken_back_all_the_same(line):
    port = ("interface lan0", line)
    found = repair([port[:1], port], [port[:1], port], ())
    assert found.todo == ("interface lan0", f" {line.removeprefix('no ')}")
    assert found.undo == ("interface lan0", f" {line}")


def test_what_our_rules_cannot_follow_is_not_proposed(monkeypatch):
    port = ("interface lan0", "shutdown")
    assert repair([port[:1], port], [port], ()).todo
    monkeypatch.setattr(lines, "steps", lambda *_: (("interface lan0", "no description"),))
    assert repair([port[:1], port], [port], ()).todo == ()


HERE = Source("x", 1)
FEATURES = (
    Feature("logging", HERE, ("log",), extra="fail"),
    Feature("lists", HERE, ("ip prefix-list", "access-list"), ordered=True, extra="fail"),
    Feature("interfaces", HERE, ("interface",), extra="fail"),
    Feature("rest", HERE, extra="fail"),
)


@often
@given(configurations(), configurations(), configurations())
def test_all_that_is_told_of_a_golden_text_leads_to_it_and_each_thing_is_told_once(before, now, intended):
    rendered = Rendered(Golden("g", "all", "x.j2", FEATURES, HERE), lines.ordered(intended))
    some = deltas({CONFIG: before}, {CONFIG: now})
    view = golden_view("r", rendered, now, some)
    names = [one.name("r") for one in (*some, *(delta for delta, _ in view.behind))]
    assert len({*names}) == len(names)
    intents = [one for one in (*view.of.values(), *(one for _, one in view.behind)) if one.state != "equal"]
    gone, come = (
        {path for one in intents for path in side(one)} for side in (lambda one: one.gone, lambda one: one.paths)
    )
    left = frozenset(path for path in lines.ordered(now) if not any(path[: len(one)] == one for one in gone - come))
    then = lines.merged(left, [path for one in intents for path in one.paths])[0]
    assert [one.feature.name for one in compare_paths(rendered, then).features if one.missing or one.extra] == []
    for one in some:
        if one.key in view.of and view.of[one.key].state == "equal":
            assert {*one.came} <= {*rendered.paths}
