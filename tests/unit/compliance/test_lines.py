"""What lines make of a configuration of FRR: laws, and what FRR 8.4.4 was seen to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.compliance import lines

TEXT = """\
hostname S0001-router
log syslog informational
no ipv6 forwarding
!
ip route 0.0.0.0/0 10.0.1.254
!
interface lan0
 description store LAN
 ip address 10.100.1.1/24
 shutdown
exit
!
route-map OUT permit 10
 match ip address prefix-list ALL
exit
end
"""
RUNNING = frozenset(lines.ordered(TEXT))
LAN = ("interface lan0",)
ROUTE = "ip route 0.0.0.0/0 10.0.1.254"

SECTIONS = st.sampled_from([(), ("interface lan0",), ("interface wan0",), ("router x", "family y")])
LINES = st.sampled_from(
    [
        *("description a", "description b", "shutdown", "ip address 10.1.1.1/24", "no description", "no shutdown"),
        *("no ip address 10.1.1.1/24", "thing 1", "thing 2", "no thing 1"),
    ]
)
PATHS = st.lists(st.builds(lambda section, line: (*section, line), SECTIONS, LINES), max_size=8)
KNOWN = PATHS.filter(lambda paths: all(path[-1] != "no thing 1" for path in paths))
"""Without a `no` of which nothing is known: there the router alone says what it prints."""


@pytest.mark.parametrize(
    ("path", "less", "more"),
    [
        ((*LAN, "no shutdown"), {(*LAN, "shutdown")}, set()),
        ((*LAN, "description x"), {(*LAN, "description store LAN")}, {(*LAN, "description x")}),
        ((*LAN, "no description"), {(*LAN, "description store LAN")}, set()),
        ((*LAN, "ip address 10.2.1.1/24"), set(), {(*LAN, "ip address 10.2.1.1/24")}),
        (("ipv6 forwarding",), {("no ipv6 forwarding",)}, set()),
        (("no ip forwarding",), set(), {("no ip forwarding",)}),
        ((f"{ROUTE} 200",), {(ROUTE,)}, {(f"{ROUTE} 200",)}),
        (("log syslog warnings",), {("log syslog informational",)}, {("log syslog warnings",)}),
        (
            ("no route-map OUT",),
            {("route-map OUT permit 10",), ("route-map OUT permit 10", "match ip address prefix-list ALL")},
            set(),
        ),
        (("interface lo", "description x"), set(), {("interface lo",), ("interface lo", "description x")}),
    ],
)
def test_a_line_does_what_it_was_seen_to_do(path, less, more):
    then, todo = lines.merged(RUNNING, [path])
    assert (RUNNING - then, then - RUNNING, todo) == (less, more, (path,))


@pytest.mark.parametrize(
    "path",
    [
        (*LAN, "shutdown"),
        (*LAN, "no ip address 10.9.9.9/24"),
        ("no ip route 10.9.0.0/16 10.0.1.9",),
        ("interface wan0", "no shutdown"),
        ("no ipv6 forwarding",),
        LAN,
    ],
)
def test_there_is_nothing_to_do_for_what_is_so(path):
    assert lines.merged(RUNNING, [path]) == (RUNNING, ())


def test_a_no_that_is_not_known_to_leave_nothing_is_never_taken_for_done():
    then, todo = lines.merged(RUNNING, [("router bgp 1", "no bgp default ipv4-unicast")])
    assert todo
    assert ("router bgp 1", "no bgp default ipv4-unicast") in then


@given(PATHS, PATHS)
def test_lines_taken_twice_are_lines_taken_once(first, second):
    running = lines.merged(frozenset(), first)[0]
    then, todo = lines.merged(running, second)
    assert lines.merged(running, todo)[0] == then
    if len({path[:-1] for path in second}) == len(second):  # no two lines of one section, which might contradict
        assert lines.merged(then, second) == (then, ())


@given(KNOWN, KNOWN)
def test_the_steps_back_lead_back(first, second):
    running = lines.merged(frozenset(), first)[0]
    then = lines.merged(running, second)[0]
    assert lines.merged(then, lines.steps(then, running))[0] == running


@given(PATHS)
def test_text_and_paths_are_the_same_thing(given_paths):
    paths = lines.merged(frozenset(), given_paths)[0]
    assert frozenset(lines.ordered(lines.indented(paths))) == paths
    assert lines.read(lines.write(paths)) == paths


def test_an_interface_is_never_taken_away_for_having_nothing_to_say():
    then, _ = lines.merged(RUNNING, [("interface lo", "description x")])
    assert lines.steps(then, RUNNING) == (("interface lo", "no description"),)


def test_a_section_that_must_hold_these_lines_and_no_other():
    then, todo = lines.exactly(RUNNING, LAN, [(*LAN, "ip address 10.100.1.1/24"), (*LAN, "no shutdown")])
    assert {path for path in then if path[:1] == LAN} == {LAN, (*LAN, "ip address 10.100.1.1/24")}
    assert set(todo) == {(*LAN, "no description"), (*LAN, "no shutdown")}
    assert lines.exactly(then, LAN, [(*LAN, "ip address 10.100.1.1/24")]) == (then, ())


def test_sections_that_were_opened_are_closed_and_none_besides():
    assert lines.indented({("a",), ("a", "b"), ("a", "b", "c"), ("a", "d"), ("e",)}) == (
        "a\n b\n  c\n exit\n d\nexit\ne\n"
    )


@pytest.mark.parametrize(
    ("path", "daemon"),
    [
        (("router bgp 65000",), "bgpd"),
        (("router bgp 65000", "neighbor 1.2.3.4 remote-as 1"), "bgpd"),
        (("no router ospf",), "ospfd"),
        (("interface lan0", "ip ospf cost 5"), "ospfd"),
        (("router ospf6",), "ospf6d"),
    ],
)
def test_a_line_whose_daemon_does_not_run_is_known(path, daemon):
    assert lines.missing_daemons([path, *RUNNING], ["zebra", "staticd"]) == [(path, daemon)]
    assert lines.missing_daemons([path], ["zebra", daemon]) == []
