"""What fails on a fact: a finding at the fact or below it, and none of a neighbour with a longer name."""

from __future__ import annotations

from pathlib import Path

import pytest

from storefleet.drift.compare import Delta
from storefleet.workflows.evidence import Evidence


class Open:
    def open_findings(self, _host):
        return (("high", "T-1", "/network/interfaces/eth10/addresses"), ("low", "T-2", "/network/dns/servers[8.8.8.8]"))


@pytest.mark.parametrize(
    ("key", "controls"),
    [
        ("/network/interfaces/eth1", ()),
        ("/network/interfaces/eth10", ("T-1",)),
        ("/network/dns/servers", ("T-2",)),
        ("/network/dns/servers[8.8.8.8]", ("T-2",)),
        ("/network/dns", ("T-2",)),
    ],
)
def test_only_what_fails_there_matters(key, controls):
    found = Evidence(Open(), Path("none")).matters("S0001-pos1", Delta("network", key, "a", "b"))
    assert found.controls == controls
