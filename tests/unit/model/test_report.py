"""The audit document: what we write fits the published schema, and so does the worked example of the contract."""

import json
from pathlib import Path

import audit_factory as factory
import msgspec
import pytest

from storefleet.documents.published import problems, schema
from storefleet.model.findings import STATES, Expected, Finding
from storefleet.model.report import AuditDocument
from storefleet.model.summary import counted_findings, host_report, store_report, totals

EXAMPLE = json.loads((Path(__file__).parent / "examples" / "audit-store.json").read_text(encoding="utf-8"))
DOCUMENTS = {"one": factory.first_store(), "many": factory.many_stores(), "example": AuditDocument.from_json(EXAMPLE)}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_fits_its_published_schema_and_survives_json(name):
    plain = DOCUMENTS[name].to_json()
    assert problems(plain, "audit-1") == []
    assert AuditDocument.from_json(json.loads(json.dumps(plain))) == DOCUMENTS[name]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_text_written_host_by_host_is_the_document_to_the_byte(name):
    document = DOCUMENTS[name]
    whole = json.dumps(document.to_json(), separators=(",", ":"), ensure_ascii=True)
    pieces = list(document.json_pieces())
    assert "".join(pieces) == whole
    assert len(pieces) > len(document.hosts)


def test_the_worked_example_fits_and_keeps_every_field_it_has():
    assert problems(EXAMPLE, "audit-1") == []
    ours = DOCUMENTS["example"].to_json()
    assert _within(EXAMPLE, ours), "a field of the contract's example was lost or changed"


def _within(small, large):
    if isinstance(small, dict):
        return all(key in large and _within(value, large[key]) for key, value in small.items())
    if isinstance(small, list):
        return len(small) == len(large) and all(map(_within, small, large))
    return small == large


def test_every_object_of_the_schema_is_closed():
    def objects(part):
        if isinstance(part, dict):
            if part.get("type") == "object":
                yield part
            for value in part.values():
                yield from objects(value)
        elif isinstance(part, list):
            for value in part:
                yield from objects(value)

    assert all("additionalProperties" in part for part in objects(schema("audit-1")))


@pytest.mark.parametrize("change", [{"surprise": 1}, {"format": "storefleet.audit/2"}])
def test_another_shape_or_version_is_refused(change):
    with pytest.raises(msgspec.ValidationError):
        AuditDocument.from_json({**EXAMPLE, **change})
    assert problems({**EXAMPLE, **change}, "audit-1")


def test_a_required_null_is_not_the_same_as_no_value():
    null = factory.failing("T-1", "low", "t", Finding("/a", Expected("null", None, has_value=True), 1))
    none = factory.failing("T-1", "low", "t", Finding("/a", Expected("anything else"), 1))
    shown = [
        host_report(factory.host(), [result], judged=True).results[0].findings[0].expected for result in (null, none)
    ]
    assert [msgspec.to_builtins(item) for item in shown] == [
        {"words": "null", "value": None},
        {"words": "anything else"},
    ]


def test_a_failure_without_an_element_is_still_one_finding():
    report = host_report(factory.host(), [factory.failing("T-1", "low", "t")], judged=True)
    assert len(counted_findings([report])) == 1


def test_a_waived_element_is_shown_and_does_not_count():
    finding = Finding("/a", Expected("w"), 1, waiver="W-1")
    report = host_report(factory.host(), [factory.failing("T-1", "low", "t", finding)], judged=True)
    assert report.results[0].findings[0].waiver == "W-1"
    assert counted_findings([report]) == []


@pytest.mark.parametrize("all_results", [True, False])
def test_totals_count_every_pair_once_whether_passes_are_listed_or_not(all_results):
    results = [*factory.passing(7), *(factory.other(f"T-{state}", state, "r") for state in STATES if state != "pass")]
    trial = factory.failing("T-X", "low", "t", trial=True)
    report = host_report(factory.host(), [*results, trial], judged=True, all_results=all_results)
    counted = totals(1, [report])
    assert counted.results == {state: 7 if state == "pass" else 1 for state in STATES}
    assert counted.trial == 1


def _report(*results, judged=True, expected=True):
    return host_report(factory.host(), results, judged=judged, reason=None if judged else "r", expected=expected)


@pytest.mark.parametrize(
    ("host", "state"),
    [
        (_report(*factory.passing(2)), "clean"),
        (_report(*factory.passing(2), factory.other("T-1", "error", "broke")), "incomplete"),
        (_report(factory.PAY), "findings"),
        (_report(factory.other("T-1", "unknown", "timeout"), judged=False), "dark"),
        (_report(factory.other("T-1", "unknown", "timeout"), judged=False, expected=False), "dark"),
        (_report(factory.other("T-1", "skipped", "in repair"), judged=False, expected=False), "skipped"),
    ],
)
def test_a_store_is_clean_only_when_all_of_it_was_judged_and_no_check_broke(host, state):
    assert store_report(factory.store(), [host]).state == state
