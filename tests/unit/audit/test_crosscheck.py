"""A till that lies about where and who it is, held against what its store's router sees: unknown, never a pass."""

from __future__ import annotations

import datetime

import msgspec
import pytest
from command_line import RECORDINGS, practice_fleet, storefleet
from hypothesis import given
from hypothesis import strategies as st

from storefleet.audit.crosscheck import crosschecked
from storefleet.audit.evaluate import evaluate
from storefleet.audit.fleet_index import NOTHING_SHARED
from storefleet.audit.load import load_audit
from storefleet.audit.waivers import Waivers
from storefleet.documents.published import problems
from storefleet.documents.reader import parse
from storefleet.model.findings import Result
from storefleet.model.state import StateDocument
from storefleet.model.store import Host, Store

MAC, OTHER = "52:54:00:00:01:01", "52:54:00:66:66:66"
AUDIT = """audit: a
title: A
applies_to: all
controls:
  - {id: WHERE, title: It stands there, severity: high, at: "/network/interfaces/*[default_route=true]/addresses",
     schema: {containsAll: [10.100.1.11/24]}}
  - {id: CARD, title: It has this card, severity: high, at: /network/interfaces/eth0/mac, schema: {pattern: "^52:"}}
  - {id: NAME, title: It has a name, severity: high, at: /system/hostname, schema: {minLength: 1}}
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> dict[str, StateDocument]:
    """Return the documents of the recorded practice fleet by host."""
    fleet = practice_fleet(tmp_path_factory.mktemp("crosscheck") / "fleet")
    ended = storefleet("collect", "--fleet", fleet, "--replay", RECORDINGS / "mended", "--format", "json")
    documents = map(StateDocument.from_json, ended.document["documents"])
    return {document.host: document for document in documents}


@pytest.fixture
def till(recorded) -> StateDocument:
    return recorded["S0001-pos1"]


@pytest.fixture
def router(recorded) -> StateDocument:
    return recorded["S0001-router"]


def with_network(document: StateDocument, **parts) -> StateDocument:
    return msgspec.structs.replace(
        document, facts={**document.facts, "network": {**document.facts["network"], **parts}}
    )


def claiming(document: StateDocument, **facts) -> StateDocument:
    """Return what the till would send, had somebody changed its answer."""
    interfaces = document.facts["network"]["interfaces"]
    return with_network(document, interfaces={**interfaces, "eth0": {**interfaces["eth0"], **facts}})


def seeing(document: StateDocument, *entries: tuple[str, str, str]) -> StateDocument:
    table = [{"address": at, "interface": "lan0", "mac": mac, "state": state} for at, mac, state in entries]
    return with_network(document, neighbours=table)


def states(document: StateDocument) -> dict[str, Result]:
    audit = load_audit(parse(AUDIT, "a.yaml"), "a.yaml")
    host = Host(name=document.host, store="S0001", device="pos1", role="till", platform="linux")
    store = Store(id="S0001", name="", region="", timezone="UTC", format="", number=1)
    found = evaluate(
        audit,
        host,
        store,
        document,
        unreachable=None,
        now=datetime.datetime.now(datetime.UTC),
        index=NOTHING_SHARED,
        waivers=Waivers(),
    )
    return {result.control: result for result in found}


def test_no_device_of_the_recorded_fleet_is_contradicted_by_its_own_router(recorded):
    looked_at = 0
    for document in recorded.values():
        own = recorded[f"{document.store}-router"]
        checked, contradictions = crosschecked(document, own)
        assert checked is document
        assert contradictions == ()
        table = {entry["address"] for entry in own.facts["network"]["neighbours"]}
        claimed = {
            text.partition("/")[0]
            for text in document.facts["network"]["interfaces"].get("eth0", {}).get("addresses", [])
        }
        looked_at += bool(table & claimed)
    assert looked_at == 9  # the router of each store really sees its two tills and its kiosk


def test_a_hardware_address_that_the_router_does_not_see_there_is_withdrawn(till, router):
    lying = claiming(till, mac=OTHER)
    assert {name: result.state for name, result in states(lying).items()} == dict.fromkeys(
        ("WHERE", "CARD", "NAME"), "pass"
    )
    checked, (contradiction,) = crosschecked(lying, router)
    reason = f"contradicted by S0001-router, which sees {MAC} at 10.100.1.11"
    assert (contradiction.interface, contradiction.reason) == ("eth0", reason)
    eth0 = checked.facts["network"]["interfaces"]["eth0"]
    assert not {"mac", "addresses"} & set(eth0)
    assert eth0["default_route"] is True
    assert {(gap.path, gap.reason) for gap in checked.missing} >= {
        ("/network/interfaces/eth0/mac", reason),
        ("/network/interfaces/eth0/addresses", reason),
    }
    found = states(checked)
    assert {name: result.state for name, result in found.items()} == {
        "WHERE": "unknown",
        "CARD": "unknown",
        "NAME": "pass",
    }
    assert found["WHERE"].reason == reason
    assert problems(checked.to_json(), "state-1") == []
    assert lying.facts["network"]["interfaces"]["eth0"]["mac"] == OTHER, "the evidence itself is not touched"


def test_the_tills_hardware_address_at_another_address_of_the_store_is_withdrawn(till, router):
    hiding = seeing(router, ("10.100.1.11", MAC, "reachable"), ("10.100.1.77", MAC.upper(), "reachable"))
    checked, (contradiction,) = crosschecked(till, hiding)
    assert contradiction.reason == f"contradicted by S0001-router, which sees its {MAC} at 10.100.1.77"
    assert states(checked)["WHERE"].state == "unknown"


def test_an_address_of_another_till_is_withdrawn(till, router):
    """pos1 claims the address of pos2, which the router sees with the card of pos2."""
    checked, contradictions = crosschecked(claiming(till, addresses=["10.100.1.12/24"]), router)
    assert len(contradictions) == 1
    assert "addresses" not in checked.facts["network"]["interfaces"]["eth0"]


@pytest.mark.parametrize("state", ["stale", "delay", "probe", "failed", "incomplete", "permanent", "noarp", "complete"])
def test_only_a_neighbour_that_was_just_heard_contradicts(till, router, state):
    assert crosschecked(till, seeing(router, ("10.100.1.11", OTHER, state)))[1] == ()
    assert crosschecked(till, seeing(router, ("10.100.1.77", MAC, state)))[1] == ()


def test_no_entry_and_no_router_prove_nothing(till, router):
    lying = claiming(till, mac=OTHER)
    assert crosschecked(lying, None) == (lying, ())
    assert crosschecked(lying, seeing(router))[1] == ()
    unread = msgspec.structs.replace(router, facts={"system": {}})
    assert crosschecked(lying, unread)[1] == ()


def test_a_router_of_another_store_or_another_night_says_nothing(till, router, recorded):
    """Two stores of the practice fleet use the same addresses."""
    assert crosschecked(till, recorded["S0003-router"])[1] == ()
    assert seeing(recorded["S0003-router"]).store != till.store
    old = msgspec.structs.replace(
        seeing(router, ("10.100.1.11", OTHER, "reachable")), collected_at="2026-01-01T00:00:00Z"
    )
    assert crosschecked(till, old)[1] == ()


def test_a_second_address_that_the_till_tells_of_is_no_lie(till, router):
    open_about_it = claiming(till, addresses=["10.100.1.11/24", "10.100.1.77/24"])
    assert crosschecked(open_about_it, seeing(router, ("10.100.1.77", MAC, "reachable")))[1] == ()


def test_a_router_is_no_witness_in_its_own_case(router):
    twisted = seeing(router, ("10.100.1.1", OTHER, "reachable"))
    assert crosschecked(twisted, twisted) == (twisted, ())


def test_a_card_that_the_till_keeps_quiet_about_is_no_way_out(till, router):
    """The address stands on an interface without a card; that of another interface is not the one that answers."""
    interfaces = {"eth0": {"addresses": ["10.100.1.11/24"]}, "eth1": {"mac": OTHER, "addresses": []}}
    assert [item.interface for item in crosschecked(with_network(till, interfaces=interfaces), router)[1]] == ["eth0"]


def test_a_second_card_of_the_till_may_answer_for_the_first(till, router):
    interfaces = till.facts["network"]["interfaces"]
    two = with_network(till, interfaces={**interfaces, "wlan0": {"mac": OTHER, "addresses": ["10.100.1.77/24"]}})
    both = seeing(router, ("10.100.1.11", OTHER, "reachable"), ("10.100.1.77", MAC, "reachable"))
    assert crosschecked(two, both)[1] == ()


def test_what_means_no_single_host_of_the_store_is_not_compared(till, router):
    lo = seeing(
        router, ("fe80::1", MAC, "reachable"), ("127.0.0.1", OTHER, "reachable"), ("224.0.0.1", MAC, "reachable"),
        ("10.100.1.11", "00:00:00:00:00:00", "reachable"), ("nonsense", MAC, "reachable"),
    )  # fmt: skip
    assert crosschecked(till, lo)[1] == ()


def test_thousands_of_interfaces_and_neighbours_are_compared_in_one_pass(till, router):
    many = {f"v{n}": {"mac": MAC, "addresses": [f"10.{n >> 8}.{n & 255}.1/24"]} for n in range(9000)}
    table = [(f"10.{n >> 8}.{n & 255}.1", OTHER, "reachable") for n in range(9000)]
    found = crosschecked(with_network(till, interfaces=many), seeing(router, *table))[1]
    assert len(found) == 9000


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([MAC, OTHER, "10.100.1.11", "reachable", "a/b~"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["mac", "addresses", "address", "state", "e[0]", "eth0"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(claimed=JUNK, table=JUNK)
def test_facts_of_any_shape_are_compared_without_a_fault(claimed, table):
    def document(host: str, **network) -> StateDocument:
        return StateDocument(host, "S", "till", "linux", "2026-11-23T09:31:00Z", 1.0, {"network": network})

    till = document("S-pos1", interfaces=claimed)
    checked, found = crosschecked(till, document("S-router", neighbours=table))
    assert (checked is till) == (found == ())
