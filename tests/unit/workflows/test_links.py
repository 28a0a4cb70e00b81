"""Which line a store is on, as its router shows it."""

import pytest

from storefleet.model.state import StateDocument
from storefleet.model.store import Host, Store
from storefleet.workflows.links import deciders, link_of


def store(intended, name="S0001"):
    fields = {"name": "", "region": "", "timezone": "UTC", "format": "", "number": 1}
    return Store(id=name, intended=intended, **fields)


def router(**interfaces):
    facts = {"network": {"interfaces": {name: {"default_route": way} for name, way in interfaces.items()}}}
    return StateDocument("S0001-router", "S0001", "router", "frr", "2026-11-22T08:14:03Z", 1.0, facts)


@pytest.mark.parametrize(
    ("planned", "ways", "link"),
    [
        (["lte0"], {"wan0": True, "lte0": False}, "primary"),
        (["lte0"], {"wan0": False, "lte0": True}, "backup"),
        (["lte0", "lte1"], {"wan0": False, "lte0": False, "lte1": True}, "backup"),
        (["lte0"], {"wan0": True, "lte0": True}, "primary"),
        (["lte0"], {"wan0": False, "lte0": False}, None),
        ([], {"wan0": True}, None),
        ("lte0", {"lte0": True}, None),
        ([7], {"lte0": True}, None),
    ],
)
def test_the_line_is_the_one_that_the_way_out_takes(planned, ways, link):
    assert link_of(router(**ways), store({"backup_interfaces": planned})) == link


def test_a_router_that_did_not_say_decides_nothing():
    document = StateDocument("S0001-router", "S0001", "router", "frr", "2026-11-22T08:14:03Z", 1.0, {})
    assert link_of(document, store({"backup_interfaces": ["lte0"]})) is None
    assert link_of(router(lte0=None), store({"backup_interfaces": ["lte0"]})) is None


def test_only_routers_of_stores_with_a_planned_backup_come_first():
    def host(name, role):
        return Host(name=name, store=name[:5], device=name[6:], role=role, platform="linux")

    hosts = [host("S0001-router", "router"), host("S0001-pos1", "till"), host("S0002-router", "router")]
    stores = {"S0001": store({"backup_interfaces": ["lte0"]}), "S0002": store({}, "S0002")}
    assert deciders(hosts, stores) == (hosts[0],)
