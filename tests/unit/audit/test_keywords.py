"""Every keyword of our own, and what it says when it fails."""

from __future__ import annotations

import msgspec
import pytest

from storefleet.audit.evaluate import index_paths
from storefleet.audit.fleet_index import FleetIndex

CONTROL = "  - {{id: C, title: t, severity: low, at: '{at}', schema: {schema}}}"


@pytest.fixture
def verdict(audit_of, judged, till):
    def run(at, schema, facts, **changes):
        document = msgspec.structs.replace(till.DOCUMENT, facts=facts, missing=())
        result = judged(audit_of(CONTROL.format(at=at, schema=schema)), document, **changes)[0]
        assert result.state in {"pass", "fail"}, result.reason
        return [(f.key, f.expected.words, f.expected.value) for f in result.findings]

    return run


def test_in_subnet(verdict):
    facts = {"network": {"interfaces": {"eth0": {"mac": "x", "addresses": ["10.1.2.3/24", "fe80::1/64"]}}}}
    schema = "{items: {inSubnet: [10.1.2.0/24, 'fe80::/10']}}"
    assert verdict("/network/interfaces/*/addresses", schema, facts) == []
    assert verdict("/network/interfaces/*/addresses", "{items: {inSubnet: 10.1.0.0/16}}", facts) == [
        ("/network/interfaces/eth0/addresses[fe80::1/64]", "in 10.1.0.0/16", "10.1.0.1/16")
    ]


def test_in_subnet_is_not_fooled_by_text_that_is_no_address(verdict):
    facts = {"ports": {"reachable": {"a:1": {"result": "open", "address": "10.1.2.3.evil"}}}}
    assert verdict("/ports/reachable[a:1]/address", "{inSubnet: 10.0.0.0/8}", facts)


def test_version_compares_by_the_package_system_of_the_host(verdict):
    schema, at = "{version: '>=1.0'}", "/software/packages/x"
    assert verdict(at, schema, {"software": {"package_system": "dpkg", "packages": {"x": "1:0.1"}}}) == []
    assert verdict(at, schema, {"software": {"package_system": "dpkg", "packages": {"x": "1.0~rc1"}}}) == [
        ("/software/packages/x", "version >=1.0", "1.0")
    ]


def test_subset_of_names_every_element_that_is_on_no_list(verdict):
    facts = {"network": {"default_gateways": ["10.0.0.1", "10.9.9.9"], "ntp": {"servers": ["a", "b", "c"]}}}
    assert verdict("/network/ntp/servers", "{subsetOf: [a]}", facts) == [
        ("/network/ntp/servers[b]", "absent (not in the list)", None),
        ("/network/ntp/servers[c]", "absent (not in the list)", None),
    ]
    assert verdict("/network/default_gateways", "{subsetOf: [10.0.0.1]}", facts) == [
        ("/network/default_gateways[10.9.9.9]", "absent (not in the list)", None)
    ]


def test_a_listener_matches_a_list_by_the_fields_given_and_by_network(verdict):
    listening = [
        {"proto": "tcp", "address": "127.8.8.8", "port": 1, "process": "x"},
        {"proto": "tcp", "address": "0.0.0.0", "port": 22, "process": "sshd"},
        {"proto": "tcp", "address": "0.0.0.0", "port": 22222, "process": "sshd"},
    ]
    schema = "{subsetOf: [{address: 127.0.0.0/8, why: local}, {port: 22, process: sshd}]}"
    found = verdict("/ports/listening", schema, {"ports": {"listening": listening}})
    assert [key for key, _, _ in found] == ["/ports/listening[tcp,0.0.0.0,22222]"]


def test_contains_all_names_what_is_lacking_with_the_value_to_add(verdict):
    facts = {"ports": {"listening": []}, "network": {"ntp": {"servers": ["a"]}}}
    assert verdict("/network/ntp/servers", "{containsAll: [a, b]}", facts) == [
        ("/network/ntp/servers[b]", "present", "b")
    ]
    found = verdict("/ports/listening", "{containsAll: [{proto: tcp, address: 0.0.0.0, port: 22}]}", facts)
    assert [key for key, _, _ in found] == ["/ports/listening[tcp,0.0.0.0,22]"]


def test_equal_to_compares_two_places_of_one_document(verdict):
    facts = {"config": {"running": {"sha256": "aa"}, "startup": {"sha256": "bb"}}}
    schema = "{equalTo: /config/running/sha256}"
    assert verdict("/config/startup/sha256", schema, facts) == [
        ("/config/startup/sha256", "equal to /config/running/sha256", "aa")
    ]
    facts["config"]["startup"]["sha256"] = "aa"
    assert verdict("/config/startup/sha256", schema, facts) == []


def test_unique_in_fleet_names_who_else_has_the_value(audit_of, judged, till):
    audit = audit_of(CONTROL.format(at="/system/machine_id", schema="{uniqueInFleet: true}"))
    document = msgspec.structs.replace(till.DOCUMENT, facts={"system": {"machine_id": "m1"}})
    index = FleetIndex(index_paths([audit]))
    index.add(document)
    assert judged(audit, document, index=index)[0].state == "pass"
    index.add(msgspec.structs.replace(document, host="S0413-pos1"))
    finding = judged(audit, document, index=index)[0].findings[0]
    assert finding.expected.words == "unique in the fleet (also on S0413-pos1)"
    assert not finding.expected.has_value


@pytest.mark.parametrize(
    ("schema", "instant", "words"),
    [
        ("{expiresAfter: 30d}", "2026-12-22T01:20:00Z", None),
        ("{expiresAfter: 30d}", "2026-12-22T01:19:59Z", "at least 30d from now"),
        ("{expiresAfter: 30d}", "next year", "at least 30d from now"),
        ("{notOlderThan: 12h}", "2026-11-21T13:20:00Z", None),
        ("{notOlderThan: 12h}", "2026-11-21T13:19:59Z", "at most 12h old"),
    ],
)
def test_instants_are_measured_from_now(verdict, schema, instant, words):
    facts = {"security": {"certificates": [{"path": "/c", "not_after": instant}]}}
    found = verdict("/security/certificates[/c]/not_after", schema, facts)
    assert [part[1] for part in found] == ([] if words is None else [words])


@pytest.mark.parametrize(
    ("at", "schema", "facts", "key", "words", "value"),
    [
        ("/config/saved", "{const: true}", {"config": {"saved": False}}, "/config/saved", "true", True),
        ("/config/saved", "{not: {const: false}}", {"config": {"saved": False}}, "/config/saved", "not (false)", True),
        ("/system/uptime_s", "{minimum: 60}", {"system": {"uptime_s": 5}}, "/system/uptime_s", "at least 60", 60),
        (
            "/system/hostname",
            "{enum: [a, b]}",
            {"system": {"hostname": "c"}},
            "/system/hostname",
            'one of "a", "b"',
            "a",
        ),
        (
            "/services/x",
            "{required: [pid]}",
            {"services": {"x": {"active": "active"}}},
            "/services/x/pid",
            "present",
            None,
        ),
        (
            "/software/packages",
            "{properties: {telnetd: false}}",
            {"software": {"packages": {"telnetd": "1"}}},
            "/software/packages/telnetd",
            "absent",
            None,
        ),
        (
            "/kernel/sysctl/net.ipv4.ip_forward",
            "{const: 0}",
            {"kernel": {"sysctl": {"net.ipv4.ip_forward": "1"}}},
            "/kernel/sysctl/net.ipv4.ip_forward",
            '"0"',
            "0",
        ),
    ],
)
def test_standard_keywords_say_what_should_be(verdict, at, schema, facts, key, words, value):
    assert verdict(at, schema, facts) == [(key, words, value)]


def test_where_text_is_due_the_source_text_counts(verdict):
    facts = {"system": {"os": {"version": "2.10"}}}
    assert verdict("/system/os/version", "{const: 2.10}", facts) == []
    assert verdict("/system/os/version", "{enum: [2.1, 2.2]}", facts)


def test_a_value_of_another_type_than_the_document_may_hold_never_passes(verdict):
    facts = {"hardware": {"storage": [{"mount": "/", "use_pct": "97"}]}}
    assert verdict("/hardware/storage[/]/use_pct", "{exclusiveMaximum: 95}", facts)


def test_format_is_checked(verdict):
    facts = {"ports": {"reachable": {"a:1": {"address": "10.0.0"}}}}
    assert verdict("/ports/reachable[a:1]/address", "{format: ipv4}", facts)


def test_const_at_a_set_has_no_order_and_names_each_element(verdict):
    facts = {"network": {"ntp": {"servers": ["b", "a", "x"]}}}
    assert verdict("/network/ntp/servers", "{const: [a, b, c]}", facts) == [
        ("/network/ntp/servers[x]", "absent (not in the list)", None),
        ("/network/ntp/servers[c]", "present", "c"),
    ]
    facts["network"]["ntp"]["servers"] = ["c", "b", "a"]
    assert verdict("/network/ntp/servers", "{const: [a, b, c]}", facts) == []


def test_true_is_not_one_in_a_document_as_it_is_in_python(verdict):
    facts = {"app": {"posd": {"lanes": [True], "flag": 1}}}
    assert verdict("/app/posd/lanes", "{subsetOf: [1]}", facts)
    assert verdict("/app/posd/flag", "{const: true}", facts)


def test_a_reference_beside_other_keywords_asks_for_both(verdict):
    schema = "{$ref: '#/$defs/short', allOf: [{pattern: '^S'}], $defs: {short: {maxLength: 4}}}"
    assert verdict("/system/hostname", schema, {"system": {"hostname": "S1"}}) == []
    assert verdict("/system/hostname", schema, {"system": {"hostname": "X1"}})
    assert verdict("/system/hostname", schema, {"system": {"hostname": "S12345"}})


def test_the_index_names_the_parts_that_it_reads(audit_of):
    audit = audit_of(CONTROL.format(at="/system/machine_id", schema="{uniqueInFleet: true}"))
    assert FleetIndex(index_paths([audit])).parts == {"system"}
    assert FleetIndex(["/security/users[root]/uid", "/network[x]"]).parts == {"security", "network"}
