"""The seven states, each where it belongs, and no pass without evidence."""

from __future__ import annotations

import datetime

import msgspec
import pytest

from storefleet.audit.waivers import load_waivers
from storefleet.errors import InputError
from storefleet.model.state import Missing

SERVICE = """  - id: S
    title: t
    severity: low
    at: /services/posd.service
    schema: {properties: {active: {const: active}, enabled: {const: enabled}}}
"""


def with_facts(till, facts, *missing):
    return msgspec.structs.replace(till.DOCUMENT, facts=facts, missing=tuple(Missing(*gap) for gap in missing))


def only(results):
    assert len(results) == 1
    return results[0]


def test_an_unreachable_host_is_unknown_with_the_reason_and_never_a_pass(twelve, judged):
    results = judged(twelve, None, unreachable="no answer from 10.101.156.12:22 (timeout 5 s)")
    assert {(r.state, r.reason) for r in results} == {("unknown", "no answer from 10.101.156.12:22 (timeout 5 s)")}


def test_no_document_and_no_reason_is_still_unknown(twelve, judged):
    assert {result.state for result in judged(twelve, None)} == {"unknown"}


def test_an_old_document_of_an_unreachable_host_does_not_pass(twelve, judged, till):
    assert {result.state for result in judged(twelve, till.DOCUMENT, unreachable="dark")} == {"unknown"}


def test_the_document_of_another_host_is_an_error(twelve, judged, till):
    document = msgspec.structs.replace(till.DOCUMENT, host="S0413-pos1")
    assert {result.state for result in judged(twelve, document)} == {"error"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"status": "in_repair", "until": "2026-12-04", "ticket": "INC-20551"},
            "in repair until 2026-12-04, INC-20551",
        ),
        ({"connection": "none"}, "counted, never contacted (connection: none)"),
    ],
)
def test_what_is_left_out_on_purpose_is_skipped_with_the_reason(twelve, judged, till, changes, reason):
    results = judged(twelve, till.DOCUMENT, host=msgspec.structs.replace(till.HOST, **changes))
    assert {(result.state, result.reason) for result in results} == {("skipped", reason)}


@pytest.mark.parametrize("path", ["/services", "/services/posd.service", "/services/posd.service/enabled"])
def test_what_was_not_read_is_unknown_above_at_and_below_the_place(audit_of, judged, till, path):
    facts = {"services": {"posd.service": {"active": "active"}}}
    result = only(judged(audit_of(SERVICE), with_facts(till, facts, (path, "sudo refused"))))
    assert (result.state, result.reason) == ("unknown", "sudo refused")
    assert result.findings == ()


def test_a_gap_beside_what_is_read_does_not_matter(audit_of, judged, till):
    facts = {"services": {"posd.service": {"active": "active", "enabled": "enabled"}}}
    gaps = (("/services/posd.service/restarts", "x"), ("/services/other.service", "x"), ("/ports", "x"))
    assert only(judged(audit_of(SERVICE), with_facts(till, facts, *gaps))).state == "pass"


def test_a_failing_element_that_was_seen_fails_although_the_list_is_partly_unread(twelve, judged, till):
    document = with_facts(till, till.FACTS, ("/ports/listening", "ss: no permission for 3 sockets"))
    result = {result.control: result for result in judged(twelve, document)}["T-LST-01"]
    assert [finding.key for finding in result.findings] == ["/ports/listening[tcp,0.0.0.0,4444]"]


def test_an_element_lacking_from_a_list_that_is_partly_unread_is_unknown(audit_of, judged, till):
    control = "  - {id: C, title: t, severity: low, at: /network/ntp/servers, schema: {containsAll: [b]}}"
    document = with_facts(till, {"network": {"ntp": {"servers": ["a"]}}}, ("/network/ntp/servers", "cut"))
    assert only(judged(audit_of(control), document)).state == "unknown"


@pytest.mark.parametrize(("absent", "state"), [("fail", "fail"), ("pass", "pass"), ("na", "na")])
def test_what_is_not_there_is_judged_by_absent(audit_of, judged, till, absent, state):
    result = only(judged(audit_of(SERVICE + f"    absent: {absent}\n"), with_facts(till, {"services": {}})))
    assert result.state == state
    if state == "fail":
        assert [(f.key, f.present) for f in result.findings] == [("/services/posd.service", False)]


def test_a_property_that_a_control_names_must_be_there(audit_of, judged, till):
    facts = {"services": {"posd.service": {"active": "active"}}}
    result = only(judged(audit_of(SERVICE), with_facts(till, facts)))
    assert [(f.key, f.expected.words) for f in result.findings] == [("/services/posd.service/enabled", '"enabled"')]


def test_schema_false_means_that_it_must_not_exist(audit_of, judged, till):
    control = "  - {id: C, title: t, severity: low, at: '/services/*[active=failed]', schema: false}"
    audit = audit_of(control)
    assert only(judged(audit, with_facts(till, {"services": {"a": {"active": "active"}}}))).state == "pass"
    result = only(judged(audit, with_facts(till, {"services": {"a": {"active": "failed"}}})))
    assert [(f.key, f.expected.words, f.expected.remove) for f in result.findings] == [("/services/a", "absent", True)]


def test_when_false_is_na_and_when_unreadable_is_unknown(audit_of, judged, till):
    audit = audit_of(SERVICE + "    when: facts.software.package_system == 'rpm'\n")
    result = only(judged(audit))
    assert (result.state, result.reason) == ("na", "when: facts.software.package_system == 'rpm'")
    document = with_facts(till, till.FACTS, ("/software", "no tool"))
    assert only(judged(audit, document)).state == "unknown"


def test_evidence_older_than_max_age_is_unknown(audit_of, judged, till):
    audit = audit_of(SERVICE + "    max_age: 26h\n")
    later = till.NOW + datetime.timedelta(hours=27)
    result = only(judged(audit, till.DOCUMENT, now=later))
    assert (result.state, result.reason) == ("unknown", "the evidence is 1 d 3 h old, older than max_age 26h")


def test_the_new_standard_begins_at_midnight_in_the_store(twelve, judged, till):
    def words(now):
        results = {result.control: result for result in judged(twelve, till.DOCUMENT, now=now)}
        return results["T-APP-01"].findings[0].expected.words

    assert words(datetime.datetime(2026, 11, 30, 22, 59, tzinfo=datetime.UTC)) == "version >=2.3,<3"
    assert words(datetime.datetime(2026, 11, 30, 23, 0, tzinfo=datetime.UTC)) == "version >=2.4.1,<3"


def test_before_a_standard_takes_effect_it_is_na(audit_of, judged):
    assert only(judged(audit_of(SERVICE + "    effective: 2027-01-01\n"))).state == "na"


@pytest.mark.parametrize(
    "control",
    [
        "  - {id: C, title: t, severity: low, at: /system/hostname, schema: {const: '{{ intended.nothing }}'}}",
        "  - {id: C, title: t, severity: low, at: /system/hostname, when: store.nothing, schema: {const: a}}",
        "  - {id: C, title: t, severity: low, at: /system/hostname, schema: {version: '{{ host.name }}'}}",
    ],
)
def test_a_control_that_breaks_is_an_error_with_the_reason_and_no_other_controls_problem(audit_of, judged, control):
    first, second = judged(audit_of(control + "\n" + SERVICE))
    assert first.state == "error"
    assert first.reason
    assert second.state == "fail"


def test_an_empty_for_each_is_na_and_not_a_pass(audit_of, judged):
    control = """  - id: C
    title: t
    severity: low
    for_each: {e: "{{ intended.endpoints[:0] }}"}
    at: "/ports/reachable[{{ e.host }}:{{ e.port }}]/result"
    schema: {const: open}
"""
    result = only(judged(audit_of(control)))
    assert (result.state, result.reason) == ("na", "for_each: there is nothing to repeat it over")


def test_a_control_on_trial_is_marked(audit_of, judged):
    assert only(judged(audit_of(SERVICE + "    trial: true\n"))).trial


def test_a_control_narrowed_to_other_hosts_gives_no_result(audit_of, judged):
    audit = audit_of(SERVICE + "    applies_to: role=router\n")
    assert judged(audit, matches=lambda expression, host: expression != "role=router") == []


WAIVER = """waivers:
  - id: W-1
    control: T-LST-01
    hosts: S0412-pos2
    {finding}
    reason: people counter
    risk: none
    requested_by: op-a
    approved_by: {approver}
    from: 2026-11-01
    expires: {expires}
"""


@pytest.fixture
def waivers(tmp_path):
    def make(finding="", approver="op-b", expires="2027-01-31", controls=None):
        path = tmp_path / "waivers.yaml"
        path.write_text(WAIVER.format(finding=finding, approver=approver, expires=expires))
        return load_waivers(path, "waivers.yaml", controls)

    return make


def listeners(results):
    return {result.control: result for result in results}["T-LST-01"]


def test_a_waived_finding_is_waived_by_name_and_only_that_one(twelve, judged, till, waivers):
    given = waivers('finding: "/ports/listening[tcp,0.0.0.0,4444]"')
    result = listeners(judged(twelve, waivers=given))
    assert (result.state, result.waiver) == ("waived", "W-1")
    facts = {**till.FACTS, "ports": {"listening": [*till.FACTS["ports"]["listening"]]}}
    facts["ports"]["listening"].append({"proto": "tcp", "address": "0.0.0.0", "port": 5555, "process": "nc"})
    result = listeners(judged(twelve, msgspec.structs.replace(till.DOCUMENT, facts=facts), waivers=given))
    assert result.state == "fail"
    assert [finding.waiver for finding in result.findings] == ["W-1", None]


def test_a_waiver_without_a_finding_is_wide_and_says_so(twelve, judged, waivers):
    result = listeners(judged(twelve, waivers=waivers()))
    assert result.reason == "waived by W-1 (wide) until 2027-01-31: people counter"


@pytest.mark.parametrize("expires", ["2026-11-21", "2026-11-22"])
def test_a_waiver_ends_after_its_last_day(twelve, judged, waivers, expires):
    state = listeners(judged(twelve, waivers=waivers(expires=expires))).state
    assert state == ("waived" if expires == "2026-11-22" else "fail")


def test_a_waiver_for_other_hosts_does_not_count(twelve, judged, waivers):
    result = listeners(judged(twelve, waivers=waivers(), matches=lambda expression, host: expression == "role=till"))
    assert result.state == "fail"


def test_nobody_approves_his_own_waiver(waivers):
    with pytest.raises(InputError, match=r"waivers.yaml:2: W-1: requested_by and approved_by are both 'op-a'"):
        waivers(approver="op-a")


def test_a_waiver_for_no_control_is_refused(waivers):
    with pytest.raises(InputError, match="no audit has a control 'T-LST-01'"):
        waivers(controls=["T-NET-01"])
