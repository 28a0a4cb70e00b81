"""The state of every unit that the collector works out by itself is the one that systemd has for it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from storefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

STOREFLEET = str(Path(sys.executable).with_name("storefleet"))
ASK = ["systemctl", "show", "--all", "-p", "Id,LoadState,ActiveState,SubState,UnitFileState"]
KINDS = ("*.service", "*.socket", "*.timer")
ODD = """
unit() { printf '[Service]\\nExecStart=%s\\n' "$2" >"$1"; }
installed() { unit "$@"; printf '[Install]\\nWantedBy=multi-user.target\\n' >>"$1"; }
cd /etc/systemd/system
installed odd-a.service '/bin/sleep 600'
echo 'Alias=odd.service' >>odd-a.service
installed odd-off.service '/bin/sleep 600'
installed odd-many@.service '/bin/sleep %i'
unit odd-fails.service /bin/false
unit /opt/odd-link.service '/bin/sleep 1'
systemctl link /opt/odd-link.service
systemctl daemon-reload
systemctl enable odd-a odd-many@700
systemctl start odd-a odd-many@700 odd-many@800
systemctl start odd-fails
systemctl stop odd-many@800
true
"""
CLEAN = """
systemctl disable --now odd-a odd-many@700 odd-link
rm -f /etc/systemd/system/odd* /opt/odd-link.service
systemctl daemon-reload
systemctl reset-failed
true
"""


def told_by_systemd(lab: Lab, host: str) -> dict[str, dict[str, str]]:
    """Return unit → states: loaded ones as init shows them, unit files as ``systemctl list-unit-files`` does."""
    found: dict[str, dict[str, str]] = {}
    listed = lab.enter(
        host, ["systemctl", "list-unit-files", "--no-legend", "--no-pager", "--type=service,socket,timer"]
    )
    for line in listed.stdout.splitlines():
        name, state = line.split()[:2]
        if "@." not in name and state != "alias":
            found[name] = {"active": "inactive", "sub": "dead", "enabled": state}
    for block in lab.enter(host, [*ASK, *KINDS]).stdout.split("\n\n"):
        unit = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if unit.get("LoadState", "not-found") != "not-found":
            states = {"active": unit["ActiveState"], "sub": unit["SubState"], "enabled": unit["UnitFileState"]}
            found[unit["Id"]] = {key: value for key, value in states.items() if value}
    return found


@pytest.mark.parametrize("host", ["S0001-pos1", "S0001-router"])
def test_every_unit_is_told_as_systemd_has_it(lab: Lab, host: str) -> None:
    try:
        lab.enter(host, ["sh", "-c", ODD])
        done = lab.exec([STOREFLEET, "collect", "--fleet", str(lab.place.fleet), "-l", host, "--format", "json"])
        (document,) = json.loads(done.stdout)["documents"]
        expected = told_by_systemd(lab, host)
    finally:
        lab.enter(host, ["sh", "-c", CLEAN])
    shown = {
        name: {key: value for key, value in unit.items() if key in ("active", "sub", "enabled")}
        for name, unit in document["services"].items()
    }
    brief = {"systemd-timedated.service"}  # comes and goes with whoever asks it for the time
    names = (shown.keys() | expected.keys()) - brief
    told = {name: (shown.get(name), expected.get(name)) for name in names}
    assert {name: pair for name, pair in told.items() if pair[0] != pair[1]} == {}
    assert document["services"]["odd-fails.service"]["active"] == "failed"
    assert document["services"]["odd-a.service"]["pid"] > 0
    assert document["services"]["odd-a.service"]["restarts"] == 0
