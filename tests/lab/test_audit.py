"""The audit against real devices: each fault is found where it was made, as what it is, and nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from storefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

STOREFLEET = str(Path(sys.executable).with_name("storefleet"))

FAULTS = {
    # fault: (where it is made, the hosts to audit, {host: controls that fail})
    "wrong-address": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-NET-03"}}),
    "wrong-prefix": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-NET-03"}}),
    "second-gateway": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-NET-02"}}),
    "dns-wrong-server": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-NET-01"}}),
    "hosts-override": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-NET-04", "T-PAY-01"}}),
    "endpoint-blocked": ("S0001-router", "S0001", {"S0001-pos1": {"T-PAY-01"}, "S0001-pos2": {"T-PAY-01"}}),
    "route-wrong": (
        "S0001-router",
        "S0001",
        {"S0001-router": {"R-RT-02"}, "S0001-pos1": {"T-PAY-01"}, "S0001-pos2": {"T-PAY-01"}},
    ),
    "unsaved-change": ("S0002-router", "S0002-router", {"S0002-router": {"R-CFG-01"}}),
    "pos-stopped": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-SVC-01"}}),
    "pos-disabled": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-SVC-01"}}),
    "old-version": ("S0003-pos1", "S0003-pos1", {"S0003-pos1": {"T-APP-01"}}),
    "pos-config-wrong": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-APP-02"}}),
    "cert-expiring": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-CERT-01"}}),
    "disk-full": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-FS-01"}}),
    "extra-listener": ("S0002-pos1", "S0002-pos1", {"S0002-pos1": {"T-LST-01"}}),
    "second-payment-app": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-APP-03", "T-LST-01"}}),
    "package-broken": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-PKG-01"}}),
    "uid0-user": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-USR-01"}}),
    "rogue-key": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-KEY-01"}}),
    "sshd-weak": ("S0001-pos1", "S0001-pos1", {"S0001-pos1": {"T-SSHD-01"}}),
    "telnet-kiosk": ("S0001-kiosk1", "S0001-kiosk1", {"S0001-kiosk1": {"K-LST-01"}}),
}


def storefleet(lab: Lab, *arguments: str) -> subprocess.CompletedProcess[str]:
    return lab.exec([STOREFLEET, *arguments])


def audit(lab: Lab, limit: str, *more: str) -> tuple[int, dict[str, Any]]:
    done = storefleet(lab, "audit", "--fleet", str(lab.place.fleet), "-l", limit, "--format", "json", *more)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def failing(document: dict[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for host in document["hosts"]:
        controls = {result["control"] for result in host["results"] if result["state"] == "fail"}
        if controls:
            found[host["host"]] = controls
    return found


def undecided(document: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [
        (host["host"], result["control"], result["state"], result["reason"])
        for host in document["hosts"]
        for result in host["results"]
        if result["state"] in ("unknown", "error")
    ]


def test_a_healthy_fleet_is_clean_and_everything_is_known(lab: Lab) -> None:
    code, document = audit(lab, "all")
    assert failing(document) == {}
    assert undecided(document) == []
    assert code == 0
    assert document["verdict"]["coverage"] == {"expected": 12, "judged": 12, "percent": 100.0, "floor": 100.0}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_where_it_was_made_and_nothing_else_is(lab: Lab, fault: str) -> None:
    target, limit, expected = FAULTS[fault]
    lab.break_(fault, target)
    try:
        code, document = audit(lab, limit)
    finally:
        lab.mend(target, fault)
    assert failing(document) == expected
    assert code == 1


def test_a_host_without_power_is_unknown_and_the_others_are_judged(lab: Lab) -> None:
    lab.power_cut("S0002-pos1")
    try:
        code, document = audit(lab, "S0002")
    finally:
        lab.plug_in("S0002-pos1")
        lab.wait_until_answering(["S0002-pos1"])
    dark = next(host for host in document["hosts"] if host["host"] == "S0002-pos1")
    assert {result["state"] for result in dark["results"]} == {"unknown"}
    assert dark["reached"] is False
    assert document["verdict"]["coverage"]["judged"] == 3
    assert failing(document) == {}
    assert code == 3


def test_a_changed_host_key_is_named_and_no_other_host_suffers(lab: Lab) -> None:
    lab.break_("host-key-changed", "S0001-pos1")
    try:
        code, document = audit(lab, "S0001")
    finally:
        lab.mend("S0001-pos1", "host-key-changed")
    changed = next(host for host in document["hosts"] if host["host"] == "S0001-pos1")
    assert "storefleet hostkeys scan -l S0001-pos1" in changed["reason"]
    assert {result["state"] for result in changed["results"]} == {"unknown"}
    assert sum(host["reached"] for host in document["hosts"]) == 3
    assert code == 3


def test_a_store_whose_resolver_is_dead_is_still_read_within_its_deadline(lab: Lab) -> None:
    lab.break_("dns-dead", "S0001-router")
    try:
        code, document = audit(lab, "S0001")
    finally:
        lab.mend("S0001-router", "dns-dead")
    assert document["verdict"]["coverage"]["judged"] == 4
    assert code in (0, 1)


def test_what_is_found_twice_is_still_open_and_what_is_mended_is_fixed(lab: Lab) -> None:
    lab.break_("dns-wrong-server", "S0002-pos3")
    try:
        _, first = audit(lab, "S0002-pos3")
        _, second = audit(lab, "S0002-pos3")
    finally:
        lab.mend("S0002-pos3", "dns-wrong-server")
    _, third = audit(lab, "S0002-pos3")
    assert first["changes"]["new"] + first["changes"]["reopened"] == 1
    assert (second["changes"]["new"], second["changes"]["still"]) == (0, 1)
    assert (third["changes"]["fixed"], third["changes"]["still"]) == (1, 0)


def test_a_kiosk_whose_dropbear_advertises_keys_that_it_has_not_can_be_scanned(lab: Lab) -> None:
    done = storefleet(lab, "hostkeys", "scan", "--fleet", str(lab.place.fleet), "-l", "S0001-kiosk1")
    assert done.returncode == 0, done.stderr
    assert "ssh-ed25519" in done.stdout
    assert "pinned" in done.stdout


def test_a_router_that_refuses_the_password_is_named_and_not_judged(lab: Lab) -> None:
    password = lab.place.keys / "router-password"
    kept = password.read_text()
    password.write_text("not the password\n")
    try:
        code, document = audit(lab, "S0001-router")
    finally:
        password.write_text(kept)
    host = document["hosts"][0]
    assert host["reached"] is False
    assert "password" in host["reason"] or "credential" in host["reason"]
    assert {result["state"] for result in host["results"]} == {"unknown"}
    assert code == 3
