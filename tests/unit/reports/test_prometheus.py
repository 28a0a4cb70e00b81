"""Gauges for the textfile collector: what its own parser reads is what the document says."""

import audit_factory as factory
import pytest
from hostile import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from storefleet.model.findings import SEVERITIES, STATES
from storefleet.reports.prometheus_report import audit_prometheus


def samples(document):
    found = {}
    for family in text_string_to_metric_families(audit_prometheus(document)):
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def value(found, name, **labels):
    return found[f"storefleet_{name}", *sorted({"fleet": "grocery-de", **labels}.items())]


def test_a_night_in_numbers():
    found = samples(factory.many_stores())
    assert value(found, "run_exit") == 1
    assert value(found, "run_timestamp_seconds") == 1795335247.1
    assert value(found, "run_duration_seconds") == pytest.approx(4.1)
    assert value(found, "coverage_expected_hosts") == 120
    assert value(found, "coverage_judged_hosts") == 117
    assert value(found, "coverage_ratio") == 0.975
    assert value(found, "coverage_floor_ratio") == 0.97
    assert value(found, "results", state="unknown") == 3
    assert value(found, "stores", state="dark") == 1
    assert value(found, "findings", severity="high", change="new") == 1
    assert value(found, "findings", severity="critical", change="still") == 26
    assert value(found, "control_findings", audit="till-baseline", control="T-NET-01", severity="critical") == 26
    assert value(found, "findings_gone", how="fixed") == 0


def test_what_did_not_happen_is_a_zero_and_not_absent():
    found = samples(factory.document([(factory.store(), [])]))
    assert all(value(found, "results", state=state) == 0 for state in STATES)
    for severity in SEVERITIES:
        assert value(found, "findings", severity=severity, change="new") == 0


def test_the_findings_by_kind_add_up_to_those_of_the_stores():
    for document in (factory.first_store(), factory.many_stores()):
        found = samples(document)
        total = sum(number for key, number in found.items() if key[0] == "storefleet_findings")
        assert total == sum(store.open for store in document.stores)
        assert total == sum(number for key, number in found.items() if key[0] == "storefleet_control_findings")


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_names_are_labels_and_never_lines(label):
    found = samples(factory.hostile_store(label, HOSTILE[label]))
    assert found[next(key for key in found if key[0] == "storefleet_run_exit")] in {0, 1, 3}


@settings(deadline=None)
@given(st.text(st.characters(), max_size=40))
def test_the_name_of_a_fleet_comes_back_as_one_label(text):
    document = factory.document([(factory.store(), [])], run=factory.run_info(fleet=text))
    exits = [key for key in samples(document) if key[0] == "storefleet_run_exit"]
    assert len(exits) == 1
