"""What fails on a fact: a finding at the fact or below it, and none of a neighbour with a longer name."""

from __future__ import annotations

import pytest
from drift_factory import config_delta

from storefleet.drift.compare import CONFIG, Delta
from storefleet.model.findings import Expected
from storefleet.storage.documents import KnownFinding
from storefleet.workflows.standards import Standards, Wish, _shows

AT = "2026-11-28T02:00:00Z"
KNOWN = (
    KnownFinding("high", "T-1", "/network/interfaces/eth10/addresses", AT, "r1", None),
    KnownFinding("low", "T-2", "/network/dns/servers[8.8.8.8]", AT, "r1", None),
    KnownFinding("low", "T-3", "/network/routes[10.77.0.0/16,10.0.1.254]", AT, "r1", None),
    KnownFinding("low", "T-4", "/network/dns/search", AT, "r1", "r9"),
    KnownFinding("high", "T-5", "/files[/etc/pos.ini]/mode", AT, "r1", "r9"),
    KnownFinding("high", "T-6", "/files[/etc/motd]/mode", AT, "r1", None),
    KnownFinding("high", "T-7", "/network/interfaces/lan0/mtu", AT, "r1", "r9"),
)


class Findings:
    def known_findings(self, _hosts):
        return {"S0001-pos1": KNOWN}


def standards():
    return Standards(None, Findings(), None)


@pytest.mark.parametrize(
    ("part", "key", "controls"),
    [
        ("network", "/network/interfaces/eth1", []),
        ("network", "/network/interfaces/eth10", ["T-1"]),
        ("network", "/network/dns/servers", ["T-2"]),
        ("network", "/network/dns/servers[8.8.8.8]", ["T-2"]),
        ("network", "/network/dns", ["T-2"]),
        (CONFIG, "interface eth10 / shutdown", ["T-1"]),
        (CONFIG, "interface eth1 / shutdown", []),
        (CONFIG, "ip route 10.77.0.0/16 10.0.1.254", ["T-3"]),
        (CONFIG, "ip route 10.77.0.0/1 10.0.1.254", []),
        (CONFIG, "router ospf / network 10.0.0.0/8 area 0", []),
    ],
)
def test_only_what_fails_there_matters(part, key, controls):
    found = standards().failing("S0001-pos1", Delta(part, key, "a", "b"))
    assert [one.control for one in found] == controls


def test_a_finding_counts_as_mended_in_the_run_that_found_it_fixed():
    search = Delta("network", "/network/dns/search", "a", "b")
    assert standards().was_mended("S0001-pos1", search, "r9") == "T-4"
    assert standards().was_mended("S0001-pos1", search, "r8") is None
    assert standards().was_mended("S0001-pos1", Delta("network", "/network/dns/servers", "a", "b"), "r9") is None


@pytest.mark.parametrize(
    ("value", "present", "shown"),
    [
        ('["10.1.1.2/24", "fd00::1/64"]', True, True),
        ('["10.1.1.2/24"]', True, False),
        ('["10.1.1.2/24"]', False, True),
        ("{}", True, True),
    ],
)
def test_what_a_picture_leaves_out_is_behind_nothing(value, present, shown):
    side = {"/network/interfaces/eth0/addresses": value}
    assert _shows("/network/interfaces/eth0/addresses[fd00::1/64]", side, present=present) is shown


def file(name, *fields):
    keys = tuple(f"/files[{name}]/{field}" for field in fields)
    return Delta("files", f"/files[{name}]", "a", "b", keys)


def test_what_changed_beside_what_was_mended_is_not_mended():
    found = standards()
    assert found.was_mended("S0001-pos1", file("/etc/pos.ini", "mode"), "r9") == "T-5"
    assert found.was_mended("S0001-pos1", file("/etc/pos.ini", "mode", "sha256"), "r9") is None
    assert found.was_mended("S0001-pos1", file("/etc/pos.ini", "sha256"), "r9") is None
    line = config_delta("interface lan0 / description", "description a", "description b")
    assert found.was_mended("S0001-pos1", line, "r9") is None


def test_a_finding_on_the_mode_of_a_file_says_nothing_of_its_content():
    assert standards().failing("S0001-pos1", file("/etc/motd", "sha256")) == []
    assert [one.control for one in standards().failing("S0001-pos1", file("/etc/motd", "mode", "sha256"))] == ["T-6"]


class Removing(Standards):
    """Standards of which every control wants the thing gone."""

    def wish(self, _host, _finding):
        return Wish(Expected("it must go", remove=True), None)


@pytest.mark.parametrize(
    ("delta", "value"),
    [
        (Delta("network", "/network/dns/servers[8.8.8.8]", None, "there"), None),
        (Delta("network", "/network/interfaces/eth10", "a", "b"), "addresses absent"),
        (config_delta("ip route 10.77.0.0/16 10.0.1.254", None, "ip route 10.77.0.0/16 10.0.1.254"), None),
    ],
)
def test_what_must_go_is_said_of_the_thing_itself(delta, value):
    intent = Removing(None, Findings(), None).intent("S0001-pos1", delta)
    assert (intent.state, intent.value) == ("fails", value)


@pytest.mark.parametrize(
    "delta",
    [
        config_delta("interface eth10 / description", "description a", "description b"),
        config_delta("ip route 10.77.0.0/16 10.0.1.254", "ip route 10.77.0.0/16 10.0.1.254", None),
    ],
)
def test_what_must_go_of_a_port_is_not_its_description(delta):
    assert Removing(None, Findings(), None).intent("S0001-pos1", delta) is None
