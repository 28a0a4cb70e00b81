"""A till that lies about its address is not believed; one that tells the truth, or of which nobody knows, is."""

from __future__ import annotations

import msgspec
import pytest

from storefleet.audit.crosscheck import crosschecked
from storefleet.model.state import StateDocument

MAC, OTHER = "52:54:00:00:01:01", "52:54:00:de:ad:01"
GATEWAY = {"address": "10.100.1.1", "interface": "eth0", "mac": "52:54:00:00:01:00", "state": "reachable"}


def till(mac=MAC, addresses=("10.100.1.11/24",), **changes):
    facts = {
        "network": {
            "interfaces": {
                "lo": {"addresses": ["127.0.0.1/8"], "admin_up": True},
                "eth0": {"mac": mac, "addresses": list(addresses), "admin_up": True},
            }
        }
    }
    fields = {"collected_at": "2026-11-22T01:14:07Z", **changes}
    return StateDocument("S0001-pos1", "S0001", "till", "linux", duration_s=1.0, facts=facts, **fields)


def router(*entries, at="2026-11-22T01:10:00Z", host="S0001-router"):
    facts = {"network": {"neighbours": [{"interface": "lan0", **entry} for entry in entries]}}
    return StateDocument(host, "S0001", "router", "frr", at, 1.0, facts)


def seen(address="10.100.1.11", mac=MAC, state="reachable"):
    return {"address": address, "mac": mac, "state": state}


@pytest.mark.parametrize(
    "witness",
    [
        None,
        router(),
        router(seen()),
        router(seen(mac=MAC.upper())),
        router(seen(address="10.100.1.12", mac=OTHER)),
        router(seen(mac=OTHER, state="stale")),
        router(seen(mac=OTHER, state="failed")),
        router(seen(mac=OTHER), at="2026-11-21T01:10:00Z"),
        router(seen(mac=OTHER), at="no instant"),
        router({"address": "10.100.1.11", "state": "incomplete"}),
    ],
)
def test_what_nobody_contradicts_is_believed(witness):
    assert crosschecked(till(), witness) is not None
    assert crosschecked(till(), witness) == till()


def test_another_mac_at_the_address_withdraws_both_and_says_who_saw_what():
    found = crosschecked(till(), router(seen(mac=OTHER)))
    assert found.facts["network"]["interfaces"]["eth0"] == {"admin_up": True}
    assert found.facts["network"]["interfaces"]["lo"]["addresses"] == ["127.0.0.1/8"]
    assert [gap.path for gap in found.missing] == [
        "/network/interfaces/eth0/addresses",
        "/network/interfaces/eth0/mac",
    ]
    assert found.missing[0].reason == (
        f"contradicted by S0001-router, which sees {OTHER} at 10.100.1.11 where this host says {MAC}"
    )


def test_a_mac_at_an_address_that_the_host_denies_withdraws_its_word():
    found = crosschecked(till(), router(seen(), seen(address="10.100.1.99")))
    assert "an address that this host denies" in found.missing[0].reason
    assert "10.100.1.99" in found.missing[0].reason


def test_a_second_address_that_the_host_tells_of_is_no_lie():
    document = till(addresses=("10.100.1.11/24", "10.100.1.99/24"))
    assert crosschecked(document, router(seen(), seen(address="10.100.1.99"))) == document


def test_the_evidence_itself_is_not_touched():
    document = till()
    crosschecked(document, router(seen(mac=OTHER)))
    assert document == till()


def test_a_router_is_no_witness_in_its_own_case():
    document = msgspec.structs.replace(till(), host="S0001-router")
    assert crosschecked(document, router(seen(mac=OTHER))) == document


@pytest.mark.parametrize("neighbours", [None, "x", [None, 7, {"address": 1}], {"a": 1}])
def test_a_table_of_another_shape_is_no_witness(neighbours):
    witness = msgspec.structs.replace(router(), facts={"network": {"neighbours": neighbours}})
    assert crosschecked(till(), witness) == till()
