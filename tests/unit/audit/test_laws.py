"""Laws over arbitrary documents: nothing is lost in flat text, nothing raises, nothing unread passes, patches mend."""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import subprocess
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storefleet.audit.compliance import compliance_diff, store_diff
from storefleet.audit.flat import VOLATILE, flatten
from storefleet.audit.pointer import Pointer, parse
from storefleet.audit.shape import child as below
from storefleet.audit.shape import element_values, keys_of, state_schema
from storefleet.audit.unflatten import FlatFault, unflatten
from storefleet.model.state import Missing

_SPEC = importlib.util.spec_from_file_location("strategies", Path(__file__).with_name("strategies.py"))
shapes = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(shapes)

SHAPE = state_schema()
slow = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def ordered(value, node=SHAPE):
    """The document with keyed lists and sets sorted: their order means nothing."""
    if isinstance(value, dict):
        return {name: ordered(part, below(node, name) or {}) for name, part in value.items()}
    if isinstance(value, list):
        items = [ordered(item, node.get("items", {})) for item in value]
        unordered = keys_of(node) or node.get("x-set")
        return sorted(items, key=lambda item: (str(element_values(node, item)), str(item))) if unordered else items
    return value


@slow
@given(st.one_of(shapes.FACTS, shapes.BROKEN))
def test_flat_text_loses_nothing(facts):
    text = flatten(facts, SHAPE)
    assert ordered(unflatten(text, SHAPE)) == ordered(facts)
    assert flatten(unflatten(text, SHAPE), SHAPE) == text


@slow
@given(st.one_of(shapes.FACTS, shapes.BROKEN))
def test_every_fact_is_one_printable_line_and_the_lines_are_sorted(facts):
    lines = flatten(facts, SHAPE).split("\n")[:-1]
    assert lines == sorted(lines)
    assert all(line.isprintable() for line in lines)
    assert flatten(facts, SHAPE).splitlines() == lines


@slow
@given(st.text(max_size=60))
def test_any_text_is_facts_or_a_fault(text):
    with contextlib.suppress(FlatFault):
        unflatten(text, SHAPE)


def test_a_rule_behind_a_value_is_for_the_reader_but_not_inside_a_string():
    text = '/hardware/storage[/]/use_pct = 94   # below 95\n/system/hostname = "a # b"\n'
    text += "/security/authorized_keys[x]  # y\n"
    assert unflatten(text, SHAPE) == {
        "hardware": {"storage": [{"mount": "/", "use_pct": 94}]},
        "system": {"hostname": "a # b"},
        "security": {"authorized_keys": ["x"]},
    }


def test_what_changes_by_itself_can_be_left_out():
    facts = {
        "system": {"uptime_s": 5, "hostname": "a"},
        "network": {"interfaces": {"e": {"counters": {"rx_bytes": 1}}}},
    }
    assert flatten(facts, SHAPE, VOLATILE) == '/system/hostname = "a"\n'


@slow
@given(facts=st.one_of(shapes.FACTS, shapes.BROKEN), gaps=st.lists(shapes.HOSTILE, max_size=3))
def test_no_document_makes_an_audit_raise(facts, gaps, till, twelve, judged):
    missing = tuple(Missing(f"/{gap}", "cut") for gap in gaps)
    results = judged(twelve, msgspec.structs.replace(till.DOCUMENT, facts=facts, missing=missing))
    assert len(results) == 12
    for result in results:
        assert (result.state == "fail") == bool(result.findings)
        keys = [finding.key for finding in result.findings]
        assert len(keys) == len(set(keys))
        assert all(key.isprintable() for key in keys)


PATHS = {
    "T-NET-01": "/network/dns/servers",
    "T-NET-02": "/network/default_gateways",
    "T-NET-03": "/network/interfaces/eth0/default_route",
    "T-PAY-01": "/ports/reachable[pay.hq.example:19003]/result",
    "T-LST-01": "/ports/listening[tcp,0.0.0.0,22]/process",
    "T-SVC-01": "/services/posd.service/enabled",
    "T-SVC-02": "/services/telnet.socket/active",
    "T-APP-01": "/software/package_system",
    "T-FS-01": "/hardware/storage[/var]/use_pct",
    "T-USR-01": "/security/users[root]/uid",
    "T-KEY-01": "/security/authorized_keys",
    "T-CERT-01": "/security/certificates[/opt/pos/client.crt]/not_after",
}


@pytest.fixture(scope="session")
def sound(till, twelve):
    """A document on which every control passes, so that only what is missing can keep one from passing."""
    facts = copy.deepcopy(till.FACTS)
    facts["network"]["dns"]["servers"] = ["10.101.156.1", "10.0.0.53"]
    facts["ports"]["reachable"]["pay2.hq.example:19003"] = {"result": "open"}
    del facts["ports"]["listening"][1]
    facts["services"]["posd.service"]["enabled"] = "enabled"
    facts["services"]["telnet.socket"] = {"active": "inactive"}
    facts["software"]["packages"]["pos-client"] = "2.4.1-1"
    facts["hardware"]["storage"][1]["use_pct"] = 12
    facts["security"] = {
        "users": [{"name": "root", "uid": 0}],
        "authorized_keys": ["SHA256:aaa"],
        "certificates": [{"path": "/opt/pos/client.crt", "not_after": "2028-01-01T00:00:00Z"}],
    }
    return msgspec.structs.replace(till.DOCUMENT, facts=facts, missing=())


def test_the_sound_document_passes_every_control(twelve, judged, sound):
    assert {result.state for result in judged(twelve, sound)} == {"pass"}


@pytest.mark.parametrize(("control", "path"), sorted(PATHS.items()))
def test_nothing_passes_while_any_part_of_what_it_reads_is_missing(control, path, twelve, judged, sound):
    steps = parse(path).steps
    for depth in range(1, len(steps) + 1):
        gap = str(Pointer(steps[:depth]))
        document = msgspec.structs.replace(sound, missing=(Missing(gap, "cut"),))
        states = {result.control: result.state for result in judged(twelve, document)}
        assert states[control] == "unknown", gap


def test_a_gap_in_one_part_leaves_the_controls_of_other_parts_alone(twelve, judged, sound):
    document = msgspec.structs.replace(sound, missing=(Missing("/security", "sudo refused"),))
    states = {result.control: result.state for result in judged(twelve, document)}
    assert [name for name, state in states.items() if state == "unknown"] == ["T-USR-01", "T-KEY-01", "T-CERT-01"]


@few
@given(facts=shapes.FACTS)
def test_patch_applies_every_diff_and_what_it_mends_passes(facts, till, twelve, judged):
    document = msgspec.structs.replace(till.DOCUMENT, facts=facts, missing=())
    before = judged(twelve, document)
    shown = compliance_diff(document, before, lambda other: judged(twelve, other))
    patched = patch(shown, "S0412-pos2.observed")
    assert patched == shown.required_text
    after = judged(twelve, msgspec.structs.replace(document, facts=unflatten(patched, SHAPE)))
    commented = {comment.split(" ", 1)[0] for comment in shown.comments}
    for old, new in zip(before, after, strict=True):
        if old.control not in commented:
            assert new.state == "pass", (old, new)


def patch(shown, name):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, name)
        file.write_text(shown.observed_text, newline="")
        if "\n@@ " in shown.diff:
            command = ["patch", "-p0", "--no-backup-if-mismatch"]
            subprocess.run(command, input=shown.diff.encode(), cwd=folder, check=True, capture_output=True)
        with file.open(newline="") as stream:
            return stream.read()


def test_one_file_mends_every_host_of_a_store(till, twelve, judged, tmp_path):
    diffs = []
    for name in ("S0412-pos2", "S0412-pos1"):
        host = msgspec.structs.replace(till.HOST, name=name)
        document = msgspec.structs.replace(till.DOCUMENT, host=name)
        diffs.append(compliance_diff(document, judged(twelve, document, host=host)))
        (tmp_path / f"{name}.observed").write_text(diffs[-1].observed_text)
    subprocess.run(["patch", "-p0"], input=store_diff(diffs).encode(), cwd=tmp_path, check=True, capture_output=True)
    for diff in diffs:
        assert (tmp_path / f"{diff.host}.observed").read_text() == diff.required_text


@pytest.mark.parametrize(
    ("controls", "facts", "comment"),
    [
        (
            [("/system/hostname", "{const: a}"), ("/system/hostname", "{const: b}")],
            {"system": {"hostname": "c"}},
            'C0 /system/hostname: is "c", should be "a" (contradicted: C0, C1)',
        ),
        (
            [("/system/hostname", "{pattern: '^S[0-9]+$'}")],
            {"system": {"hostname": "c"}},
            'C0 /system/hostname: is "c", should be text matching "^S[0-9]+$"',
        ),
        (
            [("/services/*[active=failed]", "false"), ("/services/x", "{properties: {enabled: {const: 'on'}}}")],
            {"services": {"x": {"active": "failed", "enabled": "off"}}},
            'C1 /services/x/enabled: is "off", should be "on" (contradicted: what removes it)',
        ),
    ],
)
def test_what_no_diff_can_say_is_a_comment(controls, facts, comment, audit_of, judged, till):
    lines = [f"at: '{at}', schema: {schema}" for at, schema in controls]
    text = "\n".join(f"  - {{id: C{number}, title: t, severity: low, {line}}}" for number, line in enumerate(lines))
    document = msgspec.structs.replace(till.DOCUMENT, facts=facts, missing=())
    audit = audit_of(text)
    shown = compliance_diff(document, judged(audit, document), lambda other: judged(audit, other))
    assert f"# {comment}\n" in shown.diff
    assert comment in shown.comments


def test_a_list_that_loses_its_last_element_stays_as_an_empty_list(audit_of, judged, till):
    audit = audit_of("  - {id: C, title: t, severity: low, at: /security/authorized_keys, schema: {subsetOf: [a]}}")
    document = msgspec.structs.replace(till.DOCUMENT, facts={"security": {"authorized_keys": ["z"]}}, missing=())
    shown = compliance_diff(document, judged(audit, document))
    assert shown.required_text == "/security/authorized_keys = []\n"
