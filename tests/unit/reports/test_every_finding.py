"""A law: each finding that is not waived stands in every format that lists findings, whatever the run looked like."""

import csv
import io
import json
from collections import Counter

import audit_factory as factory
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from storefleet.model.findings import SEVERITIES, STATES, Expected, Finding, Result
from storefleet.model.report import Recorded
from storefleet.model.summary import host_report, without_passes
from storefleet.reports.csv_report import audit_csv
from storefleet.reports.junit_report import audit_junit
from storefleet.reports.sarif_report import audit_sarif
from storefleet.reports.values import observed

TEXTS = st.one_of(st.text(st.characters(), max_size=8), st.sampled_from(["=1+1", "a;b", "]]>", "<b>", "|", "`"]))
FINDINGS = st.builds(
    lambda number, text, waived: Finding(
        f"/{number}", Expected(text), text, present=number % 3 > 0, waiver="W-1" if waived else None
    ),
    st.integers(0, 99),
    TEXTS,
    st.booleans(),
)


@st.composite
def results(draw):
    state = draw(st.sampled_from(STATES))
    found = draw(st.lists(FINDINGS, max_size=4, unique_by=lambda item: item.key)) if state in {"fail", "waived"} else []
    return Result(
        control=f"C-{draw(st.integers(0, 99))}",
        audit=draw(st.sampled_from(["one", "two"])),
        title=draw(TEXTS),
        state=state,
        severity=draw(st.sampled_from(SEVERITIES)),
        reason=draw(st.none() | TEXTS),
        trial=draw(st.booleans()),
        findings=tuple(found),
        waiver="W-2" if state == "waived" else None,
    )


@st.composite
def documents(draw):
    stores = []
    for number in range(draw(st.integers(1, 3))):
        name = f"S{number:04}"
        hosts = []
        for device in ("pos1", "pos2"):
            kept = draw(st.lists(results(), max_size=5, unique_by=lambda item: (item.audit, item.control)))
            change = draw(st.sampled_from(["new", "worse", "still", "reopened"]))
            lives = factory.lives(kept, change) if draw(st.booleans()) else Recorded()
            report = host_report(factory.host(name, device), kept, lives, judged=draw(st.booleans()), all_results=True)
            hosts.append(report)
        stores.append((factory.store(name), hosts))
    return factory.document(stores)


def open_findings(document):
    """Return host, audit, control and key of every finding that nobody waived."""
    return Counter(
        (host.host, result.audit, result.control, finding.key)
        for host in document.hosts
        for result in host.results
        if result.state == "fail"
        for finding in result.findings
        if finding.waiver is None
    )


@settings(deadline=None)
@given(documents())
def test_every_finding_that_is_not_waived_is_in_csv_junit_and_sarif(document):
    expected = open_findings(document)
    table = csv.DictReader(io.StringIO(audit_csv(document).removeprefix("\ufeff"), newline=""), strict=True)
    rows = Counter(
        (row["host"], row["audit"], row["control"], row["key"])
        for row in table
        if row["state"] == "fail" and row["key"]
    )
    assert rows == expected

    log = json.loads(audit_sarif(document))["runs"][0]["results"]
    places = Counter(
        (item["locations"][0]["logicalLocations"][1]["name"], *item["ruleId"].split("/", 1), place["name"])
        for item in log
        if item["properties"]["state"] == "fail" and "suppressions" not in item
        for place in item["locations"][0]["logicalLocations"][2:]
    )
    assert places == expected

    tree = etree.fromstring(audit_junit(document).encode())
    cases = {(case.get("classname"), case.get("name")): case for case in tree.iter("testcase")}
    for host in document.hosts:
        for result in host.results:
            case = cases[f"{result.audit}.{host.store}", f"{result.control} {host.host}"]
            tag = case[0].tag if len(case) else "pass"
            assert tag == "failure" or result.state != "fail" or result.trial
            assert tag in {"error", "skipped"} or result.state not in {"unknown", "error"}
            for finding in result.findings:
                assert f"{finding.key}   is {observed(finding)}" in case[0].text


@settings(deadline=None)
@given(documents())
def test_leaving_the_passes_out_changes_no_count_and_no_finding(document):
    short = without_passes(document)
    assert open_findings(short) == open_findings(document)
    assert short.totals == document.totals
    assert [host.passed for host in short.hosts] == [host.passed for host in document.hosts]
    assert all(result.state != "pass" or result.trial for host in short.hosts for result in host.results)
    assert without_passes(short) == short
