"""What is alike in other stores is counted by its signature, and only where somebody looked."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec

from storefleet.drift.compare import Delta
from storefleet.drift.signature import signature
from storefleet.model.drift import Difference, StoreDrift
from storefleet.model.store import Host
from storefleet.workflows.alike import counted, elsewhere
from storefleet.workflows.picture import Picture

TEXTS = {
    "then": '/network/dns/servers = ["10.0.0.53"]\n',
    "now": '/network/dns/servers = ["8.8.8.8"]\n',
    "system": '/system/hostname = "x"\n',
}
WORKSPACE = SimpleNamespace(store=lambda _host: SimpleNamespace(intended={}))


class Night:
    def __init__(self):
        self.read = []

    def content(self, name):
        self.read.append(name)
        return TEXTS[name]


def picture(night, store, approved, observed):
    host = Host(name=f"{store}-pos1", store=store, device="pos1", role="till", platform="linux", address="10.1.1.1")
    return Picture(host, night, approved, observed, {})


def report(cause="manual"):
    delta = Delta("network", "/network/dns/servers", '["10.0.0.53"]', '["8.8.8.8"]')
    one = Difference(
        id="D-1",
        host="S1-pos1",
        part="network",
        key=delta.key,
        cause=cause,
        approved=delta.approved,
        observed=delta.observed,
        signature=signature(delta, {}),
    )
    return StoreDrift(store="S1", approved=None, seen=None, differences=(one,))


def test_equal_drift_of_other_stores_is_found_and_nothing_else_is_read():
    night = Night()
    others = [
        picture(night, "S2", {"network": "then"}, {"network": "now"}),
        picture(night, "S3", {"network": "then"}, {"network": "then"}),
        picture(night, "S4", {"network": "now", "system": "system"}, {"network": "now"}),
    ]
    found = elsewhere(WORKSPACE, [report()], others)
    assert list(found.values()) == [{"S2"}]
    assert night.read == ["then", "now"]
    (store,) = counted([report()], found, whole=False)
    assert store.differences[0].same_in_stores == 2


def test_of_what_is_behind_the_number_is_only_told_of_the_whole_fleet():
    behind = report("behind")
    other = msgspec.structs.replace(behind, store="S2")
    assert [one.differences[0].same_in_stores for one in counted([behind], {}, whole=False)] == [None]
    assert [one.differences[0].same_in_stores for one in counted([behind, other], {}, whole=True)] == [2, 2]
