"""What of a state document a snapshot keeps: what a host is, not how it does, and nothing less where a part is dark."""

from __future__ import annotations

import pytest

from storefleet.model.state import Missing, StateDocument
from storefleet.workflows.snapshots import CONFIG, completed, parts


def document(facts, *gaps, role="till"):
    missing = tuple(Missing(path, "why") for path in gaps)
    return StateDocument("S0001-pos1", "S0001", role, "linux", "2026-11-28T02:00:00Z", 1.0, facts, missing)


USERS = [{"name": name, "uid": uid, "password": "locked"} for name, uid in (("root", 0), ("till", 1000))]
SERVICES = {
    "ssh.service": {"active": "active", "sub": "running", "pid": 12, "restarts": 0, "enabled": "enabled"},
    "apt-daily.service": {"active": "inactive", "sub": "dead", "enabled": "static"},
    "user@1000.service": {"active": "active", "enabled": "static"},
    "systemd-timedated.service": {"active": "active", "enabled": "static"},
    "remote-help.service": {"active": "active", "enabled": "transient"},
}


def test_what_a_host_does_at_a_moment_is_left_out():
    found = parts(
        document(
            {
                "system": {"hostname": "S0001-pos1", "uptime_s": 12, "boot_id": "x", "clock_offset_s": 0.1},
                "services": SERVICES,
                "files": {"/etc/hosts": {"kind": "file", "mode": "0644", "mtime": "2026-11-28T02:01:41Z"}},
                "network": {"neighbours": {"10.0.0.1": {"state": "reachable", "mac": "52:54:00:00:01:01"}}},
            }
        )
    )
    assert found == {
        "system": '/system/hostname = "S0001-pos1"\n',
        "services": '/services/apt-daily.service/enabled = "static"\n'
        '/services/ssh.service/active = "active"\n/services/ssh.service/enabled = "enabled"\n',
        "files": found["files"],
    }
    assert "mtime" not in found["files"]
    assert "0644" in found["files"]


def test_what_is_told_better_elsewhere_is_not_told_twice():
    network = {
        "interfaces": {"lan0": {"addresses": ["10.0.0.1/24", "fe80::1/64"], "description": "LAN", "mtu": 1500}},
        "routes": [{"prefix": "10.9.0.0/16", "via": "10.0.0.2", "interface": "lan0", "protocol": "static"}],
    }
    till = parts(document({"network": network}))["network"]
    router = parts(document({"network": network}, role="router"))["network"]
    assert '/network/interfaces/lan0/addresses = ["10.0.0.1/24"]' in till
    assert "description" in till
    assert "/network/routes[" in till
    assert router == "/network/interfaces/lan0/mtu = 1500\n"
    files = {"/etc/hosts": {"sha256": "a", "size": 1, "mode": "0644"}, "/opt/x": {"sha256": "b", "size": 1}}
    told = parts(document({"files": files}))["files"]
    assert told == '/files[/etc/hosts]/mode = "0644"\n/files[/opt/x]/sha256 = "b"\n/files[/opt/x]/size = 1\n'


def test_a_configuration_keeps_its_order_and_can_drive_no_terminal():
    text = "hostname r1\ninterface wan0\n description \x1b[2Jx\u202e\nexit\nend\n"
    found = parts(document({"config": {"running": {"text": text, "sha256": "0" * 64}}}))
    assert found == {CONFIG: "hostname r1\ninterface wan0\n description \\x1b[2Jx\\u202e\nexit\nend\n"}


def test_a_configuration_that_was_cut_stays_as_it_was_last_seen():
    now = document({"config": {"unsaved": []}}, "/config/running")
    before = {CONFIG: "hostname r1\nend\n"}
    assert completed(now, parts(now), before) == {CONFIG: "hostname r1\nend\n"}


@pytest.mark.parametrize("gap", ["/services", "/services/ssh.service", "/services/ssh.service/active"])
def test_what_could_not_be_read_stays_as_it_was(gap):
    before = parts(document({"services": SERVICES}))
    rest = {name: unit for name, unit in SERVICES.items() if name != "ssh.service"}
    now = document({} if gap == "/services" else {"services": rest}, gap)
    assert '/services/ssh.service/active = "active"' in completed(now, parts(now), before)["services"]


def test_a_gap_in_a_list_stays_as_it_was_and_what_is_known_is_told():
    before = parts(document({"security": {"users": USERS}}))
    now = document(
        {"security": {"users": [{"name": "root", "uid": 0, "password": "set"}, {"name": "till", "uid": 1000}]}},
        "/security/users/1/password",
    )
    text = completed(now, parts(now), before)["security"]
    assert '/security/users[root]/password = "set"' in text
    assert '/security/users[till]/password = "locked"' in text
    assert text.count("password") == 2


def test_what_is_gone_and_was_read_is_gone():
    before = parts(document({"services": SERVICES}))
    now = document({"services": {}}, "/system/serial")
    assert completed(now, parts(now), before) == {"services": "/services = {}\n"}


def test_a_part_of_which_nothing_is_said_stays_as_it_was():
    before = parts(document({"services": SERVICES, "software": {"image": "x"}}))
    now = document({"services": {}})
    assert completed(now, parts(now), before)["software"] == before["software"]
