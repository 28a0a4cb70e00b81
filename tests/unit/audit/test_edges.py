"""Small promises that no larger test would notice if they broke."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import ends_within

from storefleet.audit.compliance import compliance_diff
from storefleet.audit.text import json_text
from storefleet.audit.typed import check_audits
from storefleet.audit.waivers import load_waivers
from storefleet.collect.facts import pointer
from storefleet.documents.regexes import MAX_TEXT, pattern_fault
from storefleet.model.state import Missing

CONTROL = "  - {{id: C, title: t, severity: low, at: '{at}', schema: {schema}}}"
WAIVERS = """waivers:
  - {id: W-wide, control: T-LST-01, hosts: x, reason: r, risk: r, requested_by: a, approved_by: b, expires: 2027-01-31}
  - id: W-one
    control: T-LST-01
    hosts: x
    finding: "/ports/listening[tcp,0.0.0.0,4444]"
    reason: r
    risk: r
    requested_by: a
    approved_by: b
    expires: 2027-01-31
"""


def test_what_does_not_print_is_escaped_and_letters_stay():
    assert json_text("Lübeck\x1b[2J\u2028\u202e") == '"Lübeck\\u001b[2J\\u2028\\u202e"'


SLOW = [
    r"(a)\1",
    "^.*a.*b.*c",
    "(a+)+",
    "(a+)+$",
    "(a|ab)*",
    "(a{1,9}){2,}",
    "x" * 301,
    r"^\w*\w*\w*!$",
    r"\d+\d+x",
    "(.*)(.*)x",
    "a{0,90}a{0,90}a{0,90}x",
    "a?" * 30 + "a" * 30,
    r"^(?:\w+|x)\w*\w*!",
    r"^(?=\w*\w*\w*!)",
    "[^x]*x*?a*+b+q",
]


@pytest.mark.parametrize("pattern", SLOW)
def test_a_pattern_that_could_search_for_hours_is_refused(pattern):
    assert pattern_fault(pattern)


HONEST = [
    "^S[0-9]{4}-",
    "^(ab|cd)+$",
    "^.*-pos[0-9]+$",
    r"^[0-9]+\.[0-9]+\.[0-9]+$",
    "foo.*bar",
    r"version (\S+)",
    "^.*@.*$",
    r"^[a-z]+(-[a-z0-9]+)?\.example$",
    r"^\s*version\s*=\s*(\S+)\s*$",
]


@pytest.mark.parametrize("pattern", HONEST)
def test_an_honest_pattern_is_taken(pattern):
    assert pattern_fault(pattern) is None


PARTS = st.tuples(
    st.sampled_from(["a", "b", r"\w", ".", "[ab]", "(?:a|b)", "(?:ab|cd)", "[^x]", r"\d", "-"]),
    st.sampled_from(["", "*", "+", "?", "{0,9}", "{2,40}", "*?", "+?", "{3}", "*+"]),
).map("".join)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["^", ""]), st.lists(PARTS, max_size=6), st.sampled_from(["$", "!", "q"]))
def test_what_is_taken_ends_soon_on_any_text_of_a_device(start, parts, end):
    """The worst of a thousand such patterns took a third of a second."""
    pattern = "".join((start, *parts, end))
    if pattern_fault(pattern):
        return
    with ends_within(60):
        for text in ("a", "ab", "a-", "1"):
            re.search(pattern, text * (MAX_TEXT // len(text)))


@pytest.mark.parametrize(
    ("at", "schema", "complaint"),
    [
        ("/services/*", "{properties: {pid: {uniqueInFleet: true}}}", "a control of its own"),
        ("/ports/reachable[a:1]/address", "{inSubnet: 0.0.0.0/0}", "every address lies in 0.0.0.0/0"),
    ],
)
def test_an_expectation_that_says_nothing_is_refused(audit_of, at, schema, complaint):
    assert complaint in str(check_audits([audit_of(CONTROL.format(at=at, schema=schema))])[0])


def test_a_value_that_breaks_another_rule_is_not_named(audit_of, judged, till):
    audit = audit_of(CONTROL.format(at="/system/uptime_s", schema="{minimum: 60, not: {const: 60}}"))
    document = msgspec.structs.replace(till.DOCUMENT, facts={"system": {"uptime_s": 5}}, missing=())
    assert not judged(audit, document)[0].findings[0].expected.has_value


def test_a_list_that_cannot_be_rendered_is_an_error_of_the_controls_that_use_it(audit_of, judged):
    at, schema = "/security/authorized_keys", "{subsetOf: '{{ lists.x }}'}"
    audit = audit_of(CONTROL.format(at=at, schema=schema), lists="{x: ['{{ intended.none }}']}")
    assert judged(audit)[0].state == "error"


def test_the_narrowest_waiver_takes_the_credit_and_a_waived_finding_is_in_no_diff(twelve, judged, till, tmp_path):
    (tmp_path / "w.yaml").write_text(WAIVERS)
    waivers = load_waivers(tmp_path / "w.yaml", "w.yaml")
    result = {r.control: r for r in judged(twelve, waivers=waivers)}["T-LST-01"]
    assert (result.state, result.waiver) == ("waived", "W-one")
    partly = msgspec.structs.replace(result, state="fail")
    assert compliance_diff(till.DOCUMENT, [partly]).diff == ""


@pytest.mark.parametrize("path", ["/ports/listening[tcp,0.0.0.0,4444]/process", "/ports/listening[tcp,0.0.0.0,4444]"])
def test_an_element_that_was_itself_only_partly_read_is_unknown_and_no_finding(twelve, judged, till, path):
    document = msgspec.structs.replace(till.DOCUMENT, missing=(Missing(path, "no permission"),))
    result = {r.control: r for r in judged(twelve, document)}["T-LST-01"]
    assert (result.state, result.reason, result.findings) == ("unknown", "no permission", ())


@pytest.mark.parametrize(
    ("at", "place"),
    [
        ("/network/interfaces/*/addresses", ("network", "interfaces", "x[y]", "addresses")),
        ("/network/interfaces/*/addresses", ("network", "interfaces", "x[y", "addresses")),
        ("/network/interfaces/*/addresses", ("network", "interfaces", 'x"y~/', "addresses")),
        ('/files["/opt/pos[1].ini"]/mode', ("files", "/opt/pos[1].ini", "mode")),
        ('/files["/opt/pos[1].ini"]/mode', ("files", "/opt/pos[1].ini")),
        ('/services["a[b=c]"]/active', ("services", "a[b=c]", "active")),
    ],
)
def test_a_gap_is_found_whatever_the_device_calls_the_thing(audit_of, judged, till, at, place):
    """An interface can be named `x[y]`, and a watched file `pos[1].ini`: neither hides what could not be read."""
    audit = audit_of(f"  - {{id: C, title: t, severity: low, at: '{at}', absent: pass, schema: {{minLength: 1}}}}\n")
    document = msgspec.structs.replace(till.DOCUMENT, facts={}, missing=(Missing(pointer(*place), "cut"),))
    assert [(result.state, result.reason) for result in judged(audit, document)] == [("unknown", "cut")]
