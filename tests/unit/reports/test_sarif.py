"""SARIF: valid, one result per finding, and what could not be judged is open and never a pass."""

import hashlib
import json
from pathlib import Path

import audit_factory as factory
import jsonschema
import pytest
from hostile import HOSTILE

from storefleet.model.findings import STATES, Expected, Finding
from storefleet.model.report import Recorded
from storefleet.model.summary import host_report
from storefleet.reports.sarif_report import FINGERPRINT, audit_sarif

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-used.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def parsed(document):
    text = audit_sarif(document)
    assert text.isascii()
    log = json.loads(text, parse_constant=pytest.fail)
    VALIDATOR.validate(log)
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules) or "(cut:" in "".join(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    return run


def one_host(*results, recorded=None):
    report = host_report(factory.host(), results, recorded or Recorded(), judged=True, all_results=True)
    return factory.document([(factory.store(), [report])])


def test_a_finding_is_a_failure_at_its_store_host_and_place():
    run = parsed(factory.first_store())
    found = next(
        item for item in run["results"] if item["ruleId"] == "till-baseline/T-LST-01" and item["kind"] == "fail"
    )
    assert found["level"] == "error"
    assert found["baselineState"] == "new"
    assert [place["name"] for place in found["locations"][0]["logicalLocations"]] == [
        "S0412",
        "S0412-pos2",
        "/ports/listening[tcp,0.0.0.0,4444]",
    ]
    assert run["invocations"][0] == {
        "executionSuccessful": False,
        "exitCode": 3,
        "exitCodeDescription": factory.first_store().verdict.words,
        "startTimeUtc": "2026-11-22T08:14:03Z",
        "endTimeUtc": "2026-11-22T08:14:07Z",
    }


def test_each_state_has_its_kind():
    others = [factory.other(f"T-{state}", state, "why") for state in STATES if state != "fail"]
    failing = factory.failing("T-fail", "medium", "t", Finding("/a", Expected("w"), 1))
    trial = factory.failing("T-trial", "medium", "t", Finding("/a", Expected("w"), 1), trial=True)
    run = parsed(one_host(failing, trial, *others))
    assert {item["ruleId"].rpartition("T-")[2]: (item["kind"], item["level"]) for item in run["results"]} == {
        "pass": ("pass", "none"),
        "fail": ("fail", "warning"),
        "waived": ("fail", "warning"),
        "error": ("open", "none"),
        "unknown": ("open", "none"),
        "na": ("notApplicable", "none"),
        "skipped": ("notApplicable", "none"),
        "trial": ("informational", "none"),
    }


def test_a_waiver_is_a_suppression_with_its_name():
    result = factory.failing("T-1", "low", "t", Finding("/a", Expected("w"), 1, waiver="W-7"))
    found = parsed(one_host(result))["results"][0]
    assert found["suppressions"] == [{"kind": "external", "status": "accepted", "justification": "waived by W-7"}]


@pytest.mark.parametrize(
    ("change", "state"), [("new", "new"), ("reopened", "new"), ("worse", "updated"), ("still", "unchanged")]
)
def test_the_life_of_a_finding_is_its_baseline_state(change, state):
    found = parsed(one_host(factory.LISTENER, recorded=factory.lives([factory.LISTENER], change)))["results"][0]
    assert found["baselineState"] == state


def test_the_fingerprint_is_that_of_the_place_and_not_of_the_value():
    def prints(*findings):
        results = parsed(one_host(factory.failing("T-1", "low", "t", *findings)))["results"]
        return [item["partialFingerprints"][FINGERPRINT] for item in results]

    one, two = prints(Finding("/a", Expected("w"), 1), Finding("/b", Expected("w"), 1))
    assert one != two
    assert prints(Finding("/a", Expected("other"), 9)) == [one]
    identity = ["till-baseline", "T-1", "S0412-pos1", "/a"]
    assert one == hashlib.sha256(json.dumps(identity).encode()).hexdigest(), "a promise to whoever keeps it"


def test_a_message_holds_neither_link_nor_placeholder():
    result = factory.failing("T-1", "low", "see [here](1) {0}", Finding("/a", Expected("w"), 1))
    text = parsed(one_host(result))["results"][0]["message"]["text"]
    assert text == "see \\[here\\](1) {{0}}. Is 1, should be w."


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_text_fits_the_schema_and_loses_no_result(label):
    document = factory.hostile_store(label, HOSTILE[label])
    run = parsed(document)
    expected = sum(max(1, len(result.findings)) for host in document.hosts for result in host.results)
    assert len(run["results"]) == expected
    json.dumps(run, ensure_ascii=False).encode()
