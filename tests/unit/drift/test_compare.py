"""Two pictures of a host: each thing that differs once, by its key; what is accepted is taken and nothing else."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.drift.compare import CONFIG, accepted, deltas, facts

FILE = "/files[/etc/hosts]/mode = {mode}\n/files[/etc/hosts]/sha256 = {sha}\n"


def told(before, now):
    return [(one.key, one.approved, one.observed) for one in deltas(before, now)]


def test_what_is_alike_is_not_told():
    files = {"system": '/system/hostname = "a"\n', CONFIG: "hostname a\nend\n"}
    assert deltas(files, dict(files)) == []


def test_a_thing_of_several_facts_is_told_once_with_those_that_differ():
    before, now = FILE.format(mode="0644", sha="a"), FILE.format(mode="0600", sha="b")
    assert told({"files": before}, {"files": now}) == [
        ("/files[/etc/hosts]", "mode 0644, sha256 a", "mode 0600, sha256 b")
    ]
    assert told({"files": before}, {"files": FILE.format(mode="0644", sha="c")}) == [
        ("/files[/etc/hosts]", "sha256 a", "sha256 c")
    ]


@pytest.mark.parametrize(
    ("empty", "element"),
    [
        ("/security/jobs = []", '/security/jobs[/etc/cron.d/a,@reboot,]/user = "root"'),
        ("/services = {}", '/services/x/active = "active"'),
    ],
)
def test_the_first_of_a_list_is_told_and_not_that_the_list_is_no_longer_empty(empty, element):
    part = empty.split("/")[1].split(" ")[0]
    ((key, before, now),) = told({part: f"{empty}\n"}, {part: f"{element}\n"})
    assert (element.startswith(f"{key}/"), before) == (True, None)
    assert told({part: f"{element}\n"}, {part: f"{empty}\n"}) == [(key, now, None)]
    assert told({part: f"{empty}\n{element}\n"}, {part: f"{element}\n"}) == []
    assert told({part: ""}, {part: f"{empty}\n"}) == []


def test_a_list_that_has_lost_all_is_told_where_it_is_one_value():
    before, now = '/network/dns/servers = ["10.0.0.53"]\n', "/network/dns/servers = []\n"
    assert told({"network": before}, {"network": now}) == [("/network/dns/servers", '["10.0.0.53"]', "[]")]


def test_what_came_and_what_went_is_absent_on_one_side():
    unit = '/services/x.service/active = "active"\n/services/x.service/enabled = "enabled"\n'
    assert told({"services": ""}, {"services": unit}) == [
        ("/services/x.service", None, 'active "active", enabled "enabled"')
    ]
    assert told({"security": "/security/authorized_keys[SHA256:x]\n"}, {}) == [
        ("/security/authorized_keys[SHA256:x]", "", None)
    ]


def test_lines_of_a_configuration_stand_behind_their_sections_and_their_order_means_nothing():
    before = "hostname r\ninterface a\n ip address 10.0.0.1/24\nexit\ninterface b\n shutdown\nexit\nend\n"
    now = "hostname r\ninterface b\nexit\ninterface a\n ip address 10.0.0.1/24\n description x\nexit\nend\n"
    assert told({CONFIG: before}, {CONFIG: now}) == [
        ("interface a / description x", None, "description x"),
        ("interface b / shutdown", "shutdown", None),
    ]


def test_a_line_in_the_place_of_another_is_one_difference():
    before = "interface a\n description x\nexit\nlog syslog informational\n"
    now = "interface a\n description y\nexit\nlog syslog warnings\n"
    assert told({CONFIG: before}, {CONFIG: now}) == [
        ("interface a / description", "description x", "description y"),
        ("log syslog", "log syslog informational", "log syslog warnings"),
    ]
    (shut,) = deltas({CONFIG: "no ipv6 forwarding\n"}, {CONFIG: "ipv6 forwarding\n"})
    assert (shut.approved, shut.observed) == ("no ipv6 forwarding", "ipv6 forwarding")


def test_an_address_in_the_place_of_another_is_one_difference_and_two_for_one_are_not():
    text = "interface wan0\n{} description x\nexit\n"
    one, other, third = (f" ip address 10.0.1.{last}/24\n" for last in (2, 3, 4))
    assert told({CONFIG: text.format(one)}, {CONFIG: text.format(other)}) == [
        ("interface wan0 / ip address", "ip address 10.0.1.2/24", "ip address 10.0.1.3/24")
    ]
    assert len(told({CONFIG: text.format(one)}, {CONFIG: text.format(other + third)})) == 3
    assert len(told({CONFIG: "ip route 10.1.0.0/16 lan0\n"}, {CONFIG: "ip route 10.2.0.0/16 lan0\n"})) == 2


def test_an_entry_of_a_list_is_told_with_the_one_that_has_its_number():
    before = "ip prefix-list A seq 5 permit 10.0.0.0/8\nip prefix-list A seq 10 permit 10.1.0.0/16\n"
    now = "ip prefix-list A seq 5 deny 10.0.0.0/8\nip prefix-list A seq 10 permit 10.1.0.0/16\n"
    assert [(one[1], one[2]) for one in told({CONFIG: before}, {CONFIG: now})] == [
        ("ip prefix-list A seq 5 permit 10.0.0.0/8", "ip prefix-list A seq 5 deny 10.0.0.0/8")
    ]


def test_a_section_that_came_is_one_difference_with_its_lines():
    now = "a\nrouter ospf\n ospf router-id 1.1.1.1\n network 10.0.0.0/8 area 0\nexit\n"
    assert told({CONFIG: "a\n"}, {CONFIG: now}) == [
        ("router ospf", None, "router ospf; ospf router-id 1.1.1.1; network 10.0.0.0/8 area 0")
    ]


def test_a_line_that_stands_twice_is_told_apart():
    assert told({CONFIG: "a\na\n"}, {CONFIG: "a\n"}) == [("a #2", "a", None)]


def test_only_what_was_named_is_accepted():
    before, now = "/a = 1\n/b = 1\n/c[x]\n", "/a = 2\n/b = 2\n/c[y]\n"
    assert accepted("p", before, now, frozenset({"/a", "/c[y]"})) == "/a = 2\n/b = 1\n/c[x]\n/c[y]\n"
    assert accepted("p", before, now, frozenset({"/c[x]"})) == "/a = 1\n/b = 1\n"


def test_only_what_was_named_of_a_configuration_is_accepted():
    before, now = "a\nb\n", "a\nc\n"
    assert accepted(CONFIG, before, now, frozenset({"b", "c"})) == now
    assert accepted(CONFIG, before, now, frozenset({"c"})) == "a\nb\nc\n"
    assert accepted(CONFIG, before, now, frozenset({"b"})) == "a\n"


def test_a_section_is_accepted_with_its_lines_and_its_end():
    before = "interface a\n description x\nexit\nend\n"
    now = "interface a\n description y\n shutdown\nexit\ninterface b\n description z\nexit\nend\n"
    added = {"interface b", "interface b / description z"}
    assert accepted(CONFIG, before, now, frozenset(added)) == (
        "interface a\n description x\nexit\ninterface b\n description z\nexit\nend\n"
    )
    assert accepted(CONFIG, before, now, frozenset({"interface a / shutdown"})) == (
        "interface a\n description x\n shutdown\nexit\nend\n"
    )


def test_a_line_whose_section_stands_elsewhere_now_is_not_accepted_into_another():
    before = "interface a\n description x\nexit\ninterface b\n description y\nexit\nend\n"
    now = "interface b\n description y\n shutdown\nexit\ninterface a\n description x\n shutdown\nexit\nend\n"
    for key in ("interface a / shutdown", "interface b / shutdown"):
        try:
            text = accepted(CONFIG, before, now, frozenset({key}))
        except ValueError:
            continue
        assert {*facts(CONFIG, text)} == {*facts(CONFIG, before), key}


KEYS = st.sampled_from(["/a", "/b", "/files[x]/mode", "/files[x]/size", "/services/u/active", "/l[1]", "/l[2]"])
SIDES = st.dictionaries(KEYS, st.sampled_from(["1", "2"])).map(
    lambda side: "".join(
        f"{key}\n" if key.startswith("/l[") else f"{key} = {value}\n" for key, value in sorted(side.items())
    )
)


@given(SIDES, SIDES)
def test_accepting_all_that_differs_leaves_nothing_that_differs(before, now):
    found = deltas({"p": before}, {"p": now})
    keys = frozenset(key for delta in found for key in delta.keys)
    assert accepted("p", before, now, keys) == now
    assert {
        key
        for key in {*facts("p", before), *facts("p", now)}
        if facts("p", before).get(key) != facts("p", now).get(key)
    } == keys
    assert deltas({"p": now}, {"p": now}) == []


@given(SIDES, SIDES)
def test_a_difference_has_the_same_name_whoever_asks(before, now):
    names = [[one.name("S0001-pos1") for one in deltas({"p": before}, {"p": now})] for _ in range(2)]
    assert names[0] == names[1]
    assert len(set(names[0])) == len(names[0])


def test_a_long_list_that_was_numbered_anew_is_compared_in_no_time():
    entry = "ip prefix-list A seq {} permit 10.{}.{}.0/24\n"
    sides = [
        "".join(entry.format(number * 5, number // 256, number % 256 ^ bit) for number in range(4000)) + "end\n"
        for bit in (0, 1)
    ]
    begin = time.process_time()
    found = deltas({CONFIG: sides[0]}, {CONFIG: sides[1]})
    assert time.process_time() - begin < 10
    assert len(found) == 4000
    assert all(one.approved and one.observed for one in found)
