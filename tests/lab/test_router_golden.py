"""A real router held to its golden configuration: what was changed by hand is planned, mended, read back, put back."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from storefleet.lab.lab import Lab

pytestmark = pytest.mark.lab
STOREFLEET = str(Path(sys.executable).with_name("storefleet"))
ROUTER = "S0001-router"
PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
    - name: golden
      router_config: {golden: shop, save: changed%s}
"""
GOLDEN = """\
golden: shop
applies_to: "role=router"
template: golden/shop.j2
features:
  - {name: logging,    lines: [log],                                      extra: fail}
  - {name: routes,     lines: [ip route],                                 extra: fail, risk: path}
  - {name: lists, lines: [access-list, ip prefix-list, ipv6 access-list, ipv6 prefix-list], extra: fail, ordered: true}
  - {name: interfaces, lines: [interface],                                extra: warn, ignore_children: [bandwidth]}
"""
TEMPLATE = """\
log syslog informational
ip route 0.0.0.0/0 {{ intended.wan_gateway }}
access-list POS seq 5 permit {{ intended.subnet }}
access-list POS seq 10 deny any
ip prefix-list STORE seq 5 permit {{ intended.subnet }}
ip prefix-list STORE seq 10 deny any
ipv6 access-list POS6 seq 5 permit 2001:db8::/32
ipv6 access-list POS6 seq 10 deny any
ipv6 prefix-list STORE6 seq 5 permit 2001:db8::/32
ipv6 prefix-list STORE6 seq 10 deny any
interface lan0
 description store LAN
 ip address {{ intended.gateway }}/{{ intended.subnet | prefix_length }}
 no shutdown
interface wan0
 description to head office
 no shutdown
"""


def vtysh(lab: Lab, *lines: str) -> None:
    for line in lines:
        done = lab.enter(ROUTER, ["vtysh", "-f", "/dev/stdin"], stdin=line.replace(" / ", "\n ") + "\n")
        assert done.returncode == 0, done.stderr


def running(lab: Lab) -> str:
    return lab.enter(ROUTER, ["vtysh", "-c", "show running-config"]).stdout


def storefleet(lab: Lab, *words: str):
    return lab.exec([STOREFLEET, words[0], "--fleet", str(lab.place.fleet), *words[1:]])


def plan(lab: Lab, path: Path, more: str = "") -> tuple[int, dict, str]:
    (lab.place.fleet / "playbooks" / "golden.yaml").write_text(PLAYBOOK % more)
    done = storefleet(lab, "plan", "golden.yaml", "-l", ROUTER, "-o", str(path))
    document = json.loads(path.read_text()) if path.exists() else {}
    return done.returncode, document, done.stdout + done.stderr


def shown(document: dict) -> list[str]:
    """Return the diff of what runs; saving it afterwards is a change of its own."""
    changes = [change for host in document["hosts"] for change in host["changes"] if change["action"] == "configure"]
    return [line for change in changes for line in change["diff"].splitlines()]


def apply(lab: Lab, path: Path) -> tuple[int, str, str, str]:
    done = storefleet(lab, "apply", str(path), "--undo-after", "25", "--format", "json")
    document = json.loads(done.stdout)
    (end,) = document["hosts"]
    return done.returncode, end["ended"], end["why"], document["run"]


@pytest.fixture(autouse=True)
def _golden(lab: Lab, tmp_path: Path):
    """Have the router hold the golden configuration first, and be what it was afterwards, whatever a test has left."""
    before = lab.enter(ROUTER, ["cat", "/etc/frr/frr.conf"]).stdout
    folder = lab.place.fleet / "audits" / "golden"
    folder.mkdir(exist_ok=True)
    (folder / "shop.yaml").write_text(GOLDEN)
    (folder / "shop.j2").write_text(TEMPLATE)
    try:
        code, _, said = plan(lab, tmp_path / "0.json")
        assert code == 0, said
        assert apply(lab, tmp_path / "0.json")[:3] == (0, "changed", "")
        yield
    finally:
        for path in (folder / "shop.yaml", folder / "shop.j2", lab.place.fleet / "playbooks" / "golden.yaml"):
            path.unlink(missing_ok=True)
        lab.enter(ROUTER, ["sh", "-c", "rm -f /etc/frr/frr.conf.sav; cat >/etc/frr/frr.conf"], stdin=before)
        lab.enter(ROUTER, ["systemctl", "restart", "frr"])
        lab.enter(ROUTER, ["rm", "-rf", "/var/lib/storefleet"])
        lab.wait_until_answering([ROUTER])


def test_drift_by_hand_is_planned_mended_and_the_second_run_changes_nothing(lab: Lab, tmp_path: Path) -> None:
    held = running(lab)
    vtysh(
        lab,
        "no access-list POS seq 10 deny any",
        "ip route 10.9.0.0/16 10.0.1.9",
        "interface lan0 / description shop floor",
        "log syslog warnings",
        "interface wan0 / bandwidth 2000",
    )
    lab.enter(ROUTER, ["vtysh", "-c", "write memory"])
    drifted = running(lab)
    code, document, said = plan(lab, tmp_path / "1.json")
    assert (code, shown(document)) == (
        0,
        [
            "- interface lan0 / description shop floor",
            "- ip route 10.9.0.0/16 10.0.1.9",
            "- log syslog warnings",
            "+ access-list POS seq 10 deny any",
            "+ interface lan0 / description store LAN",
            "+ log syslog informational",
        ],
    ), said
    assert running(lab) == drifted
    code, ended, why, run = apply(lab, tmp_path / "1.json")
    assert (code, ended, why) == (0, "changed", "")
    assert running(lab) == held.replace("interface wan0\n", "interface wan0\n bandwidth 2000\n")
    code, document, said = plan(lab, tmp_path / "2.json")
    assert (code, shown(document), "0 changes on 0 hosts" in said) == (0, [], True), said
    assert storefleet(lab, "undo", run, "-o", str(tmp_path / "3.json")).returncode == 0
    assert apply(lab, tmp_path / "3.json")[:3] == (0, "changed", "")
    assert running(lab) == drifted


def test_lists_are_put_in_order_by_their_numbers(lab: Lab, tmp_path: Path) -> None:
    held = running(lab)
    vtysh(
        lab,
        *("no access-list POS", "no ip prefix-list STORE", "no ipv6 access-list POS6", "no ipv6 prefix-list STORE6"),
        *("access-list POS seq 5 deny any", "access-list POS seq 10 permit 10.100.1.0/24"),
        *("ip prefix-list STORE seq 10 permit 10.100.1.0/24", "ip prefix-list STORE seq 20 deny any"),
        *("ipv6 access-list POS6 seq 5 deny any", "ipv6 access-list POS6 seq 10 permit 2001:db8::/32"),
        *("ipv6 prefix-list STORE6 seq 5 deny any", "ipv6 prefix-list STORE6 seq 10 permit 2001:db8::/32"),
    )
    assert running(lab) != held
    code, document, said = plan(lab, tmp_path / "1.json", ", features: [lists]")
    assert (code, {change["change_class"] for change in document["hosts"][0]["changes"]} >= {"path"}) == (0, True), said
    assert apply(lab, tmp_path / "1.json")[:3] == (0, "changed", "")
    assert running(lab) == held
    assert shown(plan(lab, tmp_path / "2.json")[1]) == []


def test_what_is_only_warned_of_is_told_and_left_alone(lab: Lab, tmp_path: Path) -> None:
    vtysh(lab, "interface port-pos1 / ip address 10.200.0.1/30", "log syslog warnings")
    code, document, said = plan(lab, tmp_path / "1.json")
    assert (code, shown(document)) == (0, ["- log syslog warnings", "+ log syslog informational"]), said
    assert "interface port-pos1 / ip address 10.200.0.1/30" in said
    assert apply(lab, tmp_path / "1.json")[1] == "changed"
    assert "interface port-pos1\n description pos1\n ip address 10.200.0.1/30\n" in running(lab)
    vtysh(lab, "interface port-pos1 / no ip address 10.200.0.1/30")


def test_the_golden_configuration_that_comes_along_is_what_the_routers_of_the_practice_fleet_run(
    lab: Lab, tmp_path: Path
):
    """But for the lists, which it does not want and which a test before has made."""
    path = tmp_path / "1.json"
    done = storefleet(lab, "plan", "router-golden.yaml", "-l", ROUTER, "-o", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert shown(json.loads(path.read_text())) == [
        *("- access-list POS seq 10 deny any", "- access-list POS seq 5 permit 10.100.1.0/24"),
        *("- ip prefix-list STORE seq 10 deny any", "- ip prefix-list STORE seq 5 permit 10.100.1.0/24"),
    ]


def test_only_the_features_that_are_named_are_touched(lab: Lab, tmp_path: Path) -> None:
    vtysh(lab, "log syslog warnings", "interface lan0 / description shop floor")
    _, document, said = plan(lab, tmp_path / "1.json", ", features: [interfaces]")
    assert shown(document) == [
        "- interface lan0 / description shop floor",
        "+ interface lan0 / description store LAN",
    ], said


def test_a_golden_configuration_or_feature_that_is_not_there_is_refused_before_any_session(lab: Lab, tmp_path: Path):
    code, _, said = plan(lab, tmp_path / "1.json", ", features: [ntp]")
    assert code == 2
    assert "playbooks/golden.yaml:4: features: shop has no feature 'ntp'; there are: logging, routes" in said
    assert storefleet(lab, "check").returncode == 2
