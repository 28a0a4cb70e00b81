"""Golden configuration against what runs: laws, and cases after what FRR 8.4.4 prints."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.compliance import lines
from storefleet.compliance.compare import compare, compare_paths, needs_order
from storefleet.compliance.golden import Feature, Golden, Rendered, Secrets
from storefleet.compliance.golden_check import text_faults
from storefleet.compliance.mend import mend
from storefleet.documents.nodes import Source

HERE = Source("g.yaml", 1)


def feature(name, *words, **more):
    return Feature(name, HERE, words, **more)


def golden(*features, volatile=()):
    return Golden("shop", "all", "golden/shop.j2", features, HERE, volatile)


SHOP = golden(
    feature("logging", "log", extra="fail"),
    feature("forwarding", "ip forwarding", "ipv6 forwarding", extra="fail"),
    feature("routes", "ip route", extra="warn"),
    feature("lists", "access-list", extra="fail", ordered=True),
    feature("interfaces", "interface", extra="warn", ignore_children=("description",)),
)
WANTED = """\
log syslog informational
no ipv6 forwarding
ip route 0.0.0.0/0 10.0.1.254
access-list POS seq 5 permit 10.1.0.0/16
access-list POS seq 10 deny any
interface lan0
 ip address 10.100.1.1/24
 no shutdown
"""
RUNNING = """\
Building configuration...

Current configuration:
!
frr version 8.4.4
hostname S0001-router
log syslog informational
no ipv6 forwarding
!
ip route 0.0.0.0/0 10.0.1.254
!
access-list POS seq 5 permit 10.1.0.0/16
access-list POS seq 10 deny any
!
interface lan0
 description store LAN
 ip address 10.100.1.1/24
exit
!
end
"""


def found(running, of=SHOP, wanted=WANTED):
    comparison = compare(of, wanted, running)
    assert comparison.cannot_parse == ""
    return {one.feature.name: one for one in comparison.features}


def test_a_router_that_holds_it_passes_and_what_nobody_owns_is_the_rest():
    comparison = compare(SHOP, WANTED, RUNNING)
    assert (comparison.state, {one.state for one in comparison.features}) == ("pass", {"pass"})
    assert comparison.rest == (("hostname S0001-router",),)


@pytest.mark.parametrize(
    ("old", "new", "name", "state", "missing", "extra"),
    [
        ("log syslog informational\n", "", "logging", "fail", [("log syslog informational",)], []),
        (
            "log syslog informational",
            "log syslog warnings",
            "logging",
            "fail",
            [("log syslog informational",)],
            [("log syslog warnings",)],
        ),
        ("no ipv6 forwarding\n", "", "forwarding", "fail", [("no ipv6 forwarding",)], []),
        (
            "!\naccess",
            "ip route 10.9.0.0/16 10.0.1.9\n!\naccess",
            "routes",
            "warn",
            [],
            [("ip route 10.9.0.0/16 10.0.1.9",)],
        ),
        (
            "seq 10 deny any\n",
            "seq 10 deny any\naccess-list X seq 5 deny any\n",
            "lists",
            "fail",
            [],
            [("access-list X seq 5 deny any",)],
        ),
        (
            " ip address",
            " shutdown\n ip address",
            "interfaces",
            "fail",
            [("interface lan0", "no shutdown")],
            [("interface lan0", "shutdown")],
        ),
        ("store LAN", "shop floor", "interfaces", "pass", [], []),
        ("!\nend", "interface wan0\n description x\nexit\n!\nend", "interfaces", "pass", [], []),
    ],
)
def test_each_feature_says_what_it_lacks_and_what_it_has_too_much(old, new, name, state, missing, extra):
    assert old in RUNNING
    results = found(RUNNING.replace(old, new))
    one = results.pop(name)
    assert (one.state, list(one.missing), list(one.extra)) == (state, missing, extra)
    assert {other.state for other in results.values()} == {"pass"}


def test_two_entries_that_changed_places_are_out_of_order_and_nothing_else():
    swapped = RUNNING.replace("seq 5 permit 10.1.0.0/16", "X").replace("seq 10 deny any", "seq 5 deny any")
    one = found(swapped.replace("X", "seq 10 permit 10.1.0.0/16"))["lists"]
    assert (one.state, one.missing, one.extra) == ("fail", (), ())
    assert one.out_of_order == (("access-list POS seq 10 deny any",), ("access-list POS seq 5 permit 10.1.0.0/16",))


def test_entries_in_their_order_under_other_numbers_are_other_lines_and_not_out_of_order():
    one = found(RUNNING.replace("seq 10 deny any", "seq 20 deny any"))["lists"]
    assert (one.out_of_order, one.missing) == ((), (("access-list POS seq 10 deny any",),))


def test_lines_without_numbers_are_in_the_order_of_the_text_where_the_feature_says_so():
    free, bound = (golden(feature("things", "thing", ordered=ordered)) for ordered in (False, True))
    running = "thing 2\nthing 1\nend\n"
    assert found(running, free, "thing 1\nthing 2\n")["things"].state == "pass"
    assert found(running, bound, "thing 1\nthing 2\n")["things"].out_of_order == (("thing 1",), ("thing 2",))
    rendered = Rendered(bound, lines.ordered("thing 1\nthing 2\n"))
    assert (needs_order(rendered), needs_order(dataclasses.replace(rendered, golden=free))) == (True, False)
    assert mend(rendered, lines.ordered(running)).stuck == (("thing 1",), ("thing 2",))
    assert mend(rendered, (("thing 2",),)).stuck == (("thing 1",),)


def test_a_feature_without_lines_owns_the_rest_and_one_with_none_on_either_side_was_not_compared():
    of = golden(feature("logging", "log"), feature("rest", extra="ignore"), feature("ntp", "ntp"))
    results = found(RUNNING, of, "log syslog informational\nhostname S0001-router\n")
    assert {name: one.state for name, one in results.items()} == {"logging": "pass", "rest": "pass", "ntp": "na"}
    assert found(RUNNING.replace("S0001", "S0002"), of, "hostname S0001-router\n")["rest"].state == "fail"


def test_a_section_of_which_only_ignored_lines_are_wanted_is_not_missing():
    running = RUNNING.replace(
        "interface lan0\n description store LAN\n ip address 10.100.1.1/24\n", "interface lan0\n description x\n"
    )
    assert (
        found(running, wanted=WANTED.replace(" ip address 10.100.1.1/24\n no shutdown\n", " description y\n"))[
            "interfaces"
        ].state
        == "pass"
    )


def test_lines_that_change_by_themselves_are_compared_nowhere():
    of = dataclasses.replace(SHOP, volatile=("^ip route 10\\.", "^description "))
    assert found(RUNNING.replace("!\naccess", "ip route 10.9.0.0/16 10.0.1.9\n!\naccess"), of)["routes"].extra == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("hostname a\n", "no `end` at its end: it was cut"),
        (RUNNING.removesuffix("end\n"), "it was cut"),
        (RUNNING[:200], "it was cut"),
        (RUNNING + RUNNING, "goes on behind its `end`"),
        (RUNNING.replace("store", "st\0re"), "line 16 holds characters"),
        (RUNNING.replace("store", "st\x1b[2Kre"), "line 16 holds characters"),
        (RUNNING.replace("store", "st\u2028re"), "line 16 holds characters"),
        (RUNNING.replace("store LAN", "store\tLAN"), "line 16 holds characters"),
        (RUNNING.replace("hostname", "% Command incomplete.\nhostname"), "line 6 begins with `%`"),
        (RUNNING.replace("interface lan0\n", ""), "line 15 is indented, and no section is open"),
        (RUNNING.replace(" ip address", "   x\n  y\n ip address"), "line 18 stands at a depth"),
        ("end\n\ufffd", "line 2 holds"),
        ("x" * 4_000_001, "more than 4,000,000 characters"),
    ],
)
def test_what_was_cut_or_garbled_or_refused_is_never_a_pass(text, why):
    comparison = compare(SHOP, WANTED, text)
    assert (comparison.state, comparison.features) == ("cannot_parse", ())
    assert why in comparison.cannot_parse


@pytest.mark.parametrize(
    ("wanted", "why"), [("", "it has no lines"), ("! nothing\n", "it has no lines"), (" x\n", "line 1")]
)
def test_an_empty_golden_text_is_never_a_pass(wanted, why):
    comparison = compare(SHOP, wanted, RUNNING)
    assert (comparison.state, why in comparison.cannot_parse) == ("cannot_parse", True)


def test_the_router_of_a_line_ending_of_its_own_is_read_all_the_same():
    assert compare(SHOP, WANTED, RUNNING.replace("\n", "\r\n")).state == "pass"


# -- secrets by their place


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("username bob secret hunter2",), ("username bob secret ***",)),
        (("username bob secret 9 $9$hunter2",), ("username bob secret ***",)),
        (("no username bob secret hunter2",), ("no username bob secret ***",)),
        (("username bob",), ("username bob",)),
        (("usernames bob secret hunter2",), ("usernames bob secret hunter2",)),
        (("snmp hunter2 ro", "view hunter2 all"), ("snmp *** ***", "view *** ***")),
    ],
)
def test_words_that_are_secret_by_their_place_are_hidden_and_all_behind_the_last(path, shown):
    of = golden(feature("users", "username ", secret=(3,)), feature("snmp", "snmp", secret=(1, 2)))
    assert of.secrets.hide(path, lambda _word: "***") == shown
    assert (of.secrets.beginnings, SHOP.secrets) == (("username", "snmp"), Secrets())


# -- mending

TOP = st.sampled_from(
    [
        *("log syslog warnings", "log syslog informational", "ip route 10.0.0.0/8 1.1.1.1", "no ipv6 forwarding"),
        *("ip route 10.0.0.0/8 1.1.1.1 200", "ip route 10.9.0.0/16 1.1.1.1", "hostname a"),
    ]
)
NUMBERED = st.builds(
    "access-list {} seq {} {}".format, st.sampled_from("AB"), st.sampled_from([5, 10, 15]), st.sampled_from(["x", "y"])
)
INSIDE = st.sampled_from(
    ["description a", "description b", "shutdown", "ip address 10.1.1.1/24", "ip address 10.2.1.1/24"]
)
SECTIONS = st.sampled_from(["interface lan0", "interface wan0", "route-map M permit 10"])
PATHS = st.lists(
    st.one_of(st.tuples(TOP), st.tuples(NUMBERED), st.tuples(SECTIONS, INSIDE), st.tuples(SECTIONS)), max_size=10
)


@st.composite
def goldens(draw):
    names = ("log", "ip route", "ipv6 forwarding", "access-list", "interface", "route-map")
    features = [
        feature(
            words.replace(" ", "-"),
            words,
            extra=draw(st.sampled_from(["ignore", "warn", "fail"])),
            ordered=words == "access-list" and draw(st.booleans()),
            ignore_children=draw(st.sampled_from([(), ("description",)])),
        )
        for words in names
    ]
    rest = [feature("rest", extra=draw(st.sampled_from(["ignore", "warn", "fail"])))] if draw(st.booleans()) else []
    return golden(*features, *rest)


def consistent(paths):
    """Return a configuration that lines lead to, as a text of it would stand there, each entry of a list once."""
    entries = {}
    for path in lines.merged(frozenset(), paths)[0]:
        numbered = lines.numbered(path[-1])
        entries[(path[:-1], *numbered[::2]) if numbered else path] = path
    return tuple(sorted(entries.values()))


@given(goldens(), PATHS, PATHS)
def test_running_and_the_lines_that_mend_compare_clean_and_the_lines_back_lead_back(of, wanted, running):
    rendered, now = Rendered(of, consistent(wanted)), consistent(running)
    mending = mend(rendered, now)
    assert mending.stuck == ()
    then = lines.merged(frozenset(now), mending.todo)[0]
    assert then == mending.then
    after = compare_paths(rendered, sorted(then))
    assert {one.state for one in after.features} <= {"pass", "na", "warn"}
    assert all(one.missing == () and one.moved == () for one in after.features)
    again = mend(rendered, tuple(sorted(then)))
    assert (again.todo, again.then) == ((), then)
    assert lines.merged(then, mending.undo)[0] == frozenset(now)


@given(goldens(), PATHS, PATHS)
def test_only_a_feature_that_says_fail_loses_lines_that_nobody_replaces(of, wanted, running):
    rendered, now = Rendered(of, consistent(wanted)), consistent(running)
    mending = mend(rendered, now)
    for path in frozenset(now) - mending.then:
        owner = of.owner(path)
        replaced = lines.merged(frozenset(now), rendered.paths)[0]
        moved = {was for one in mending.found.features for was, _ in one.moved}
        numbered = lines.numbered(path[-1])
        assert owner is not None
        assert owner.extra == "fail" or path not in replaced or path in moved or numbered


@given(goldens(), PATHS)
def test_what_runs_already_needs_nothing(of, paths):
    text = consistent(paths)
    assert mend(Rendered(of, text), text).todo == ()


def test_an_entry_under_another_number_goes_before_it_comes_since_the_router_drops_a_second_one():
    rendered = Rendered(SHOP, lines.ordered("access-list POS seq 10 deny any\n"))
    todo = mend(rendered, (("access-list POS seq 5 deny any",),), ["lists"]).todo
    assert todo == (("no access-list POS seq 5 deny any",), ("access-list POS seq 10 deny any",))


def test_only_the_features_that_are_named_are_mended():
    mending = mend(Rendered(SHOP, lines.ordered(WANTED)), (), ["logging", "routes"])
    assert mending.todo == (("log syslog informational",), ("ip route 0.0.0.0/0 10.0.1.254",))


# -- the text, before any router is asked


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (WANTED, []),
        ("! a comment\n\nlog syslog\n", []),
        ("", [(0, "it renders to no line at all")]),
        ("log syslog\nexit\n", [(2, "`exit` only moves between sections")]),
        ("end\n", [(1, "`end` only moves between sections")]),
        ("log syslog\nwrite memory\n", [(2, "`write` begins a command")]),
        ("log syslog\nntp server 1.1.1.1\n", [(2, "no feature owns `ntp server 1.1.1.1`")]),
        ("interface a\n ip address 1\n description x\n", [(3, "`interface a / description x` is volatile or among")]),
        ("log syslog a\nlog syslog b\n", [(1, "`log syslog a` is undone")]),
        ("interface a\n shutdown\n no shutdown\n", [(2, "`interface a / shutdown` is undone")]),
        (" log\n", [(1, "is indented, and no section is open")]),
        ("log " + "x" * 400 + "\n", [(1, "a printable line of at most 400 characters")]),
        ("log a\u200bb\n", [(1, "a printable line")]),
        ("log a\n" * 501, [(0, "it renders to 501 lines")]),
    ],
)
def test_a_golden_text_that_could_not_be_held_is_refused_at_its_line(text, faults):
    said = text_faults(SHOP, text, " / ".join)
    assert [
        (number, message[: len(start)]) for (number, message), (_, start) in zip(said, faults, strict=True)
    ] == faults
