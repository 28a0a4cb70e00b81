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


# -- routing protocols

BGP = "router bgp 65001"
V4 = "address-family ipv4 unicast"
PEER = "neighbor 10.0.1.254"
SPEAKS = frozenset(
    lines.ordered("""\
router bgp 65001
 bgp router-id 10.100.1.1
 neighbor 10.0.1.25 remote-as 65000
 neighbor 10.0.1.254 remote-as 65000
 neighbor 10.0.1.254 timers 10 30
 neighbor 10.0.1.254 timers connect 5
 !
 address-family ipv4 unicast
  network 10.100.1.0/24
  neighbor 10.0.1.254 route-map IN in
  neighbor 10.0.1.254 route-map OUT out
 exit-address-family
exit
router ospf
 redistribute connected
exit
route-map IN permit 10
 match ip address prefix-list HQ
 set metric 5
exit
ip prefix-list HQ seq 5 permit 10.0.0.0/24
""")
)


def changed(running, *paths):
    then, _ = lines.merged(running, paths)
    return running - then, then - running


@pytest.mark.parametrize(
    ("section", "old", "new"),
    [
        ((BGP,), "bgp router-id 10.100.1.1", "bgp router-id 1.1.1.1"),
        ((BGP,), f"{PEER} remote-as 65000", f"{PEER} remote-as external"),
        ((BGP,), f"{PEER} timers 10 30", f"{PEER} timers 5 15"),
        ((BGP,), f"{PEER} timers connect 5", f"{PEER} timers connect 6"),
        ((BGP, V4), f"{PEER} route-map IN in", f"{PEER} route-map OTHER in"),
        ((BGP, V4), "network 10.100.1.0/24", "network 10.100.1.0/24 route-map OUT"),
        (("router ospf",), "redistribute connected", "redistribute connected metric 5"),
        (("route-map IN permit 10",), "set metric 5", "set metric 6"),
        (("route-map IN permit 10",), "match ip address prefix-list HQ", "match ip address prefix-list ALL"),
        ((), "ip prefix-list HQ seq 5 permit 10.0.0.0/24", "ip prefix-list HQ seq 5 deny any"),
    ],
)
def test_a_line_of_a_protocol_replaces_the_one_that_it_was_seen_to_replace(section, old, new):
    assert changed(SPEAKS, (*section, new)) == ({(*section, old)}, {(*section, new)})
    assert lines.steps(SPEAKS, lines.merged(SPEAKS, [(*section, new)])[0])[-1] == (*section, new)


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ((BGP,), f"{PEER} password x"),
        ((BGP, V4), f"{PEER} weight 5"),
        ((BGP, V4), f"{PEER} prefix-list IN in"),
        (("route-map IN permit 10",), "match ip address ALL"),
        (("route-map IN permit 20",), "set metric 5"),
        ((), "ip prefix-list HQ seq 10 permit any"),
        ((), "bgp community-list standard OURS seq 5 permit 65001:1"),
        (("interface lan0",), "ip ospf cost 5"),
    ],
)
def test_a_line_of_a_protocol_stands_beside_the_others(section, line):
    gone, come = changed(SPEAKS, (*section, line))
    assert (gone, (*section, line) in come) == (set(), True)


@pytest.mark.parametrize("line", [f"no {PEER}", f"no {PEER} remote-as 65000"])
def test_a_neighbour_goes_with_its_lines_in_every_family_and_no_other_neighbour_does(line):
    gone, come = changed(SPEAKS, (BGP, line))
    assert gone == {path for path in SPEAKS if path[-1].startswith(f"{PEER} ")}
    assert come == set()


def test_of_timers_the_no_takes_one_and_leaves_the_other():
    assert changed(SPEAKS, (BGP, f"no {PEER} timers")) == ({(BGP, f"{PEER} timers 10 30")}, set())
    assert changed(SPEAKS, (BGP, f"no {PEER} timers connect")) == ({(BGP, f"{PEER} timers connect 5")}, set())


def test_an_address_family_without_lines_is_not_printed():
    lone = frozenset({(BGP,), (BGP, V4), (BGP, V4, "network 10.1.0.0/16")})
    assert lines.merged(lone, [(BGP, V4, "no network 10.1.0.0/16")])[0] == {(BGP,)}
    assert lines.merged(frozenset({(BGP,)}), [(BGP, V4)]) == ({(BGP,)}, ())


def test_that_a_neighbour_is_active_is_said_only_where_it_is_not_the_default():
    activate = (BGP, V4, f"{PEER} activate")
    off = (BGP, V4, f"no {PEER} activate")
    assert lines.merged(SPEAKS, [activate]) == (SPEAKS, ())
    assert changed(SPEAKS, off) == (set(), {off})
    assert changed(SPEAKS | {off}, activate) == ({off}, set())
    told = SPEAKS | {(BGP, "no bgp default ipv4-unicast")}
    assert changed(told, activate) == (set(), {activate})
    assert lines.merged(told, [off]) == (told, ())
    six = (BGP, "address-family ipv6 unicast", f"{PEER} activate")
    assert changed(SPEAKS, six) == (set(), {six[:2], six})


@pytest.mark.parametrize(
    "path",
    [
        ("no router bgp 65002",),
        (BGP, "no neighbor 10.0.1.9"),
        (BGP, f"no {PEER} password"),
        (BGP, V4, "no network 10.9.0.0/16"),
        (BGP, V4, f"no {PEER} route-map OTHER in"),
        ("route-map IN permit 10", "no set weight"),
        ("no ip prefix-list NOT seq 5 permit any",),
        ("interface lan0", "no ip ospf cost"),
        ("interface lan0", "ip ospf priority 1"),
        (BGP, "bgp ebgp-requires-policy"),
    ],
)
def test_there_is_nothing_to_do_for_what_no_protocol_prints(path):
    there = SPEAKS | {("interface lan0",), ("interface lan0", "description x")}
    assert lines.merged(there, [path]) == (there, ())


def test_what_must_come_first_does_whatever_the_order_it_was_written_in():
    then = SPEAKS | {
        (BGP, "neighbor A peer-group"),
        (BGP, "neighbor A remote-as 65000"),
        (BGP, "neighbor 1.1.1.1 peer-group A"),
    }
    then |= {(BGP, "neighbor 1.1.1.1 description x"), (BGP, V4, "neighbor 1.1.1.1 weight 5")}
    then |= {(BGP, "no bgp default ipv4-unicast")}
    assert [path[-1] for path in lines.steps(SPEAKS, then)] == [
        "no bgp default ipv4-unicast",
        "neighbor A peer-group",
        "neighbor A remote-as 65000",
        "neighbor 1.1.1.1 peer-group A",
        "neighbor 1.1.1.1 description x",
        "neighbor 1.1.1.1 weight 5",
    ]
    text = lines.indented(then).splitlines()
    assert text.index(" neighbor A remote-as 65000") < text.index(" neighbor 1.1.1.1 peer-group A")
    assert text.index(f" {PEER} remote-as 65000") < text.index(f" {V4}")


def test_what_goes_does_so_before_what_comes_and_a_neighbour_after_its_lines():
    then, todo = lines.exactly(SPEAKS, (BGP,), [(BGP, "neighbor 10.0.1.25 remote-as 65000"), (BGP, "timers bgp 5 15")])
    assert todo[-1] == (BGP, "timers bgp 5 15")
    assert todo.index((BGP, f"no {PEER} timers 10 30")) < todo.index((BGP, f"no {PEER} remote-as 65000"))
    assert todo.index((BGP, V4, f"no {PEER} route-map IN in")) < todo.index((BGP, f"no {PEER} remote-as 65000"))
    assert lines.merged(SPEAKS, todo)[0] == then
    assert lines.exactly(then, (BGP,), [(BGP, "neighbor 10.0.1.25 remote-as 65000"), (BGP, "timers bgp 5 15")]) == (
        then,
        (),
    )
