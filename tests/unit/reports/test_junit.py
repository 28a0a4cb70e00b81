"""JUnit XML: valid, one case per control and host, and nothing unseen is green."""

from collections import Counter
from pathlib import Path

import audit_factory as factory
import pytest
from hostile import HOSTILE
from lxml import etree

from storefleet.model.findings import STATES, Expected, Finding
from storefleet.model.summary import host_report
from storefleet.reports.junit_report import audit_junit

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "schemas" / "junit.xsd"))
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)


def parsed(document):
    tree = etree.fromstring(audit_junit(document).encode(), PARSER)
    SCHEMA.assertValid(tree)
    for suite in tree:
        tags = Counter(child.tag for case in suite.iter("testcase") for child in case)
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        assert [int(suite.get(name)) for name in ("failures", "errors", "skipped")] == [
            tags["failure"],
            tags["error"],
            tags["skipped"],
        ]
    assert int(tree.get("tests")) == sum(int(suite.get("tests")) for suite in tree)
    return tree


def one_of_each(**changes):
    results = [
        *factory.passing(2),
        factory.failing("T-F", "high", "The rule", Finding("/a", Expected("one"), 2)),
        *(factory.other(f"T-{state}", state, f"because {state}") for state in STATES if state not in {"pass", "fail"}),
    ]
    report = host_report(factory.host(), results, judged=True, all_results=True)
    return factory.document([(factory.store(), [report])], **changes)


def test_each_state_has_the_element_that_a_build_server_counts():
    tree = parsed(one_of_each())
    cases = {case.get("name"): case for case in tree.iter("testcase")}
    assert {name: [(child.tag, child.get("type")) for child in case] for name, case in cases.items()} == {
        "T-OK-00 S0412-pos1": [],
        "T-OK-01 S0412-pos1": [],
        "T-F S0412-pos1": [("failure", "high")],
        "T-error S0412-pos1": [("error", "error")],
        "T-unknown S0412-pos1": [("error", "unknown")],
        "T-na S0412-pos1": [("skipped", "na")],
        "T-waived S0412-pos1": [("skipped", "waived")],
        "T-skipped S0412-pos1": [("skipped", "skipped")],
    }
    assert cases["T-F S0412-pos1"].get("classname") == "till-baseline.S0412"
    assert "/a   is 2   should be one" in cases["T-F S0412-pos1"][0].text
    assert cases["T-unknown S0412-pos1"][0].get("message") == "unknown: because unknown"
    assert "not listed" not in audit_junit(one_of_each())


def test_a_document_without_its_passes_says_how_many_are_missing():
    tree = parsed(factory.first_store())
    listed = {item.get("name"): item.get("value") for item in tree.iter("property")}
    assert listed["passes counted and not listed"] == "352"
    assert listed["verdict"].startswith("exit 3: ")


def test_a_host_that_was_not_judged_is_an_error_even_where_no_control_is_listed():
    dark = host_report(factory.host(), [], judged=False, reason="timeout")
    case = next(parsed(factory.document([(factory.store(), [dark])])).iter("testcase"))
    assert (case[0].tag, case[0].get("type"), case[0].get("message")) == ("error", "unknown", "unknown: timeout")


def test_a_control_on_trial_never_fails_a_build():
    result = factory.failing("T-1", "high", "t", Finding("/a", Expected("w"), 1), trial=True)
    tree = parsed(factory.document([(factory.store(), [host_report(factory.host(), [result], judged=True)])]))
    case = next(tree.iter("testcase"))
    assert case[0].tag == "skipped"
    assert case[0].get("message").startswith("on trial, not counted: ")


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_text_adds_no_element(label):
    document = factory.hostile_store(label, HOSTILE[label])
    tree = parsed(document)
    assert {item.tag for item in tree.iter()} <= {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure", "error", "skipped",
    }  # fmt: skip
    assert len(list(tree.iter("testcase"))) == sum(len(host.results) for host in document.hosts)
