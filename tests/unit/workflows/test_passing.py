# ruff: noqa: E501 - a case stands on a line
"""What comes and goes by itself is in no nightly picture; what looks like it and was done by somebody is."""

from __future__ import annotations

import pytest

from storefleet.drift.compare import deltas
from storefleet.model.state import StateDocument
from storefleet.workflows.snapshots import parts


def picture(role="till", platform="linux", **facts):
    return parts(StateDocument("S0001-x", "S0001", role, platform, "2026-11-28T02:00:00Z", 1.0, facts))


def told(before, now, **kind):
    return [one.key for one in deltas(picture(**kind, **before), picture(**kind, **now))]


def link(**parts):
    return {"network": {"interfaces": {"eth1": {"admin_up": True, "link_up": True, "mtu": 1500, **parts}}}}


def listening(*rows):
    names = ("proto", "address", "port", "process")
    return {"ports": {"listening": [dict(zip(names, row, strict=True)) for row in rows]}}


def routes(*rows, gateways=("10.0.0.1",)):
    names = ("destination", "gateway", "interface", "protocol")
    some = [{name: value for name, value in zip(names, row, strict=True) if value} for row in rows]
    return {"network": {"routes": some, "default_gateways": list(gateways)}}


def services(**units):
    return {"services": {name.replace("_at_", "@") + ".service": unit for name, unit in units.items()}}


HERE = {"active": "active", "enabled": "enabled"}
BY_ITSELF = {
    "the other end is off": (link(), link(link_up=False)),
    "the other end sleeps": (link(speed=1000, duplex="full"), link(speed=10, duplex="half")),
    "a privacy address": (
        link(addresses=["fd00::11/64", "fd00::a/64"], temporary=["fd00::a/64"]),
        link(addresses=["fd00::11/64", "fd00::b/64", "fe80::1/64"], temporary=["fd00::b/64"]),
    ),
    "a container": (
        {"network": {"interfaces": {"eth0": {"mtu": 1500}}}},
        {"network": {"interfaces": {"eth0": {"mtu": 1500}, "veth12ab34c": {"mtu": 1500, "addresses": []}}}},
    ),
    "a question over UDP": (listening(), listening(("udp", "0.0.0.0", 45001, "tftp"), ("udp", "::", 60999, "x"))),
    "a forwarded port": (listening(), listening(("tcp", "127.0.0.1", 6010, "sshd"), ("tcp", "::1", 1080, "ssh"))),
    "a connected route": (routes(), routes(("10.7.0.0/16", "", "eth1", "kernel"))),
    "a route of a neighbour": (routes(), routes(("2001:db8::/64", "fe80::1", "eth1", "ra"))),
    "the clock is right now": ({"network": {"ntp": {"synchronised": False}}}, {"network": {"ntp": {"synchronised": True}}}),
    "updates": ({"software": {"updates": {"pending": []}}}, {"software": {"updates": {"pending": ["a"]}}}),
    "a restart is due": ({"system": {"reboot_required": False}}, {"system": {"reboot_required": True}}),
    "modules": ({"kernel": {"modules": ["a"]}}, {"kernel": {"modules": ["a", "b"]}}),
    "a connection": (services(ssh=HERE), services(ssh=HERE, **{"ssh_at_1-10.0.0.1:22-10.0.0.5:5055": HERE})),
    "a template that was called": (
        services(ssh=HERE),
        services(ssh=HERE, modprobe_at_fuse={"active": "inactive", "enabled": "static"}),
    ),
    "people on a kiosk": (
        {"services": {"init": {"active": "active"}}},
        {"services": {name: {"active": "active"} for name in ("init", "sh", "sleep", "vi")}},
    ),
    "loop devices": tuple(
        {"hardware": {"storage": [{"mount": "/var/lib/pos", "device": f"/dev/loop{n}", "type": "ext4"}]}} for n in (1, 7)
    ),
    "the age of a file": ({"app": {"journal": {"age": 1, "mode": "0644"}}}, {"app": {"journal": {"age": 2, "mode": "0644"}}}),
}  # fmt: skip
BY_SOMEBODY = {
    "a link switched off": (link(), link(admin_up=False, link_up=False)),
    "an address": (link(addresses=["10.0.0.2/24"]), link(addresses=["10.0.0.2/24", "10.0.0.3/24"])),
    "an mtu": (link(), link(mtu=9000)),
    "an interface": ({"network": {"interfaces": {}}}, {"network": {"interfaces": {"eth1": {"admin_up": True}}}}),
    "/ports/listening[udp,0.0.0.0,5353]": (listening(), listening(("udp", "0.0.0.0", 5353, "x"))),
    "/ports/listening[udp,0.0.0.0,32767]": (listening(), listening(("udp", "0.0.0.0", 32767, "x"))),
    "/ports/listening[tcp,0.0.0.0,44444]": (listening(), listening(("tcp", "0.0.0.0", 44444, "x"))),
    "/ports/listening[tcp,0.0.0.0,1080]": (listening(), listening(("tcp", "0.0.0.0", 1080, "ssh"))),
    "/ports/listening[tcp,127.0.0.1,1080]": (listening(), listening(("tcp", "127.0.0.1", 1080, "x"))),
    "/network/routes[10.7.0.0/16,10.0.0.9,eth1]": (routes(), routes(("10.7.0.0/16", "10.0.0.9", "eth1", "static"))),
    "/network/default_gateways": (
        routes(("0.0.0.0/0", "10.0.0.1", "eth0", "static")),
        routes(("0.0.0.0/0", "10.0.0.2", "eth0", "static"), gateways=("10.0.0.2",)),
    ),
    "/network/routes[0.0.0.0/0,,ppp0]": (routes(), routes(("0.0.0.0/0", "", "ppp0", "static"))),
    "/services/vpn@hq.service": (services(ssh=HERE), services(ssh=HERE, vpn_at_hq=HERE)),
    "/services/miner": (
        {"services": {"init": {"active": "active"}}},
        {"services": {name: {"active": "active"} for name in ("init", "miner")}},
    ),
    "/services/x.timer": (
        {"services": {"x.timer": {"active": "active", "enabled": "enabled", "when": ["OnCalendar=daily"]}}},
        {"services": {"x.timer": {"active": "active", "enabled": "enabled", "when": ["OnCalendar=hourly"]}}},
    ),
    "/security/certificates[/etc/x.pem]": tuple(
        {"security": {"certificates": [{"path": "/etc/x.pem", "serial": n, "not_after": f"202{n}-01-01T00:00:00Z"}]}}
        for n in "78"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "now"), BY_ITSELF.values(), ids=BY_ITSELF)
def test_what_comes_and_goes_by_itself_is_not_told(before, now):
    assert told(before, now) == []
    assert told(now, before) == []


@pytest.mark.parametrize(("key", "sides"), BY_SOMEBODY.items(), ids=BY_SOMEBODY)
def test_what_somebody_does_is_told_once_both_ways(key, sides):
    before, now = sides
    (one,) = told(before, now)
    assert told(now, before) == [one]
    assert one == (key if key.startswith("/") else "/network/interfaces/eth1")


def router(admin_up, *lines):
    text = "\n".join(("hostname r", "interface port-pos1", *(f" {line}" for line in lines), "exit", "end")) + "\n"
    return {
        "network": {"interfaces": {"port-pos1": {"admin_up": admin_up, "link_up": admin_up}}, "default_gateways": ["10.0.0.1"]},
        "config": {"running": {"text": text, "sha256": "0" * 64}},
    }  # fmt: skip


def test_a_port_of_a_router_that_its_configuration_switches_off_is_told_by_the_configuration():
    shut = router(False, "description pos1", "shutdown")
    up = router(True, "description pos1")
    assert told(up, shut, role="router") == ["interface port-pos1 / shutdown"]
    assert told(shut, up, role="router") == ["interface port-pos1 / shutdown"]


def test_a_port_of_a_router_that_stands_against_its_configuration_is_told():
    up, down = (router(admin, "description pos1") for admin in (True, False))
    assert told(up, down, role="router") == ["/network/interfaces/port-pos1"]
    forced = router(True, "description pos1", "shutdown")
    assert told(router(False, "description pos1", "shutdown"), forced, role="router") == [
        "/network/interfaces/port-pos1"
    ]


def test_without_the_configuration_nothing_is_said_of_a_routers_ports():
    down = router(False)
    assert "admin_up" not in picture(role="router", network=down["network"]).get("network", "")


def test_the_gateway_of_a_router_stands_in_its_configuration():
    known = router(True)
    lost = {**known, "network": {**known["network"], "default_gateways": []}}
    assert told(known, lost, role="router") == []
