"""Changes made by hand on real devices: each is told once, in its class, and nothing else; quiet nights are empty."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from own_lab import own_lab, storefleet

from storefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMvJm2xq9m5q3l0gq0Vq9iKq1mZl0Q0p0d0c0b0a0908 by-hand"

BY_HAND = {
    # what is done: (where, script, {(part, beginning of the key): class})
    "hosts entry": (
        "S0001-pos1",
        "echo '10.9.9.9 old-pay' >>/etc/hosts",
        {"/network/hosts_file/10.9.9.9[old-pay]": "manual"},
    ),
    "file mode only": ("S0001-pos1", "chmod 0600 /opt/pos/etc/pos.ini", {"/files[/opt/pos/etc/pos.ini]": "manual"}),
    "user": ("S0001-pos1", "useradd -m kassen01", {"/security/users[kassen01]": "manual"}),
    "group of a user": ("S0001-pos1", "usermod -aG adm daemon", {"/security/users[daemon]": "manual"}),
    "key": (
        "S0001-pos1",
        f"mkdir -p /root/.ssh; echo '{KEY}' >>/root/.ssh/authorized_keys",
        {"/security/authorized_keys[": "manual"},
    ),
    "time zone": (
        "S0001-pos1",
        "ln -sf /usr/share/zoneinfo/Europe/Berlin /etc/localtime",
        {"/system/timezone": "manual"},
    ),
    "resolver": ("S0001-pos2", "echo 'nameserver 9.9.9.9' >>/etc/resolv.conf", {"/network/dns/servers": "manual"}),
    "firewall": ("S0001-pos2", "nft add table inet byhand", {"/security/firewall": "manual"}),
    "service disabled": ("S0001-pos2", "systemctl disable posd", {"/services/posd.service": "manual"}),
    "sshd": (
        "S0001-pos2",
        "sed -i 's/^AllowTcpForwarding .*/AllowTcpForwarding yes/' /etc/ssh/sshd_config && systemctl reload ssh",
        {"/security/sshd/allowtcpforwarding": "manual"},
    ),
    "route on a till": (
        "S0001-pos2",
        "ip route add 10.66.0.0/16 via 10.100.1.1",
        {"/network/routes[10.66.0.0/16": "manual"},
    ),
    "second address": ("S0002-pos1", "ip address add 10.100.2.211/24 dev eth0", {"/network/interfaces/eth0": "manual"}),
    "package gone": (
        "S0002-pos1",
        "su - op1 -c 'sudo dpkg --purge --force-depends logsave'",
        {"/software/packages/logsave": "manual"},
    ),
    "package down, told with what the application says of itself": (
        "S0003-pos2",
        "dpkg -i /var/cache/lab/pos-client_2.2.9-1_all.deb",
        {"/software/packages/pos-client": "manual"},
    ),
    "a setting, told with its file": (
        "S0002-pos1",
        "sed -i 's/^port *=.*/port = 19004/' /opt/pos/etc/pos.ini",
        {"/app/pos/port": "manual"},
    ),
    "kiosk hosts": (
        "S0002-kiosk1",
        "echo '10.9.9.9 old-pay' >>/etc/hosts",
        {"/network/hosts_file/10.9.9.9[old-pay]": "manual"},
    ),
    "kiosk account": (
        "S0002-kiosk1",
        "echo 'byhand:x:1500:1500::/:/bin/sh' >>/etc/passwd",
        {"/security/users[byhand]": "manual"},
    ),
    # A run of ours is on S0002-pos3 in between, and says nothing of these.
    "listener": (
        "S0002-pos3",
        "systemd-run --quiet --unit=remote-help /opt/pos/bin/posd 4444 remote-help; sleep 1",
        {"/ports/listening[tcp,0.0.0.0,4444]": "unknown"},
    ),
    "package up": (
        "S0002-pos3",
        """cd /tmp && dpkg-deb -R /var/cache/lab/pos-client_2.4.1-1_all.deb p &&
        sed -i 's/^Version:.*/Version: 2.5.0-1/' p/DEBIAN/control && dpkg-deb -b p p.deb >/dev/null && dpkg -i p.deb""",
        {"/software/packages/pos-client": "unknown"},
    ),
    "account gone": ("S0002-pos3", "userdel games", {"/security/users[games]": "unknown"}),
    "shell of a user": ("S0002-pos3", "usermod -s /bin/sh backup", {"/security/users[backup]": "unknown"}),
    "host name": ("S0003-pos1", "hostname renamed", {"/system/hostname": "manual"}),
    "owner only": ("S0003-pos1", "chown daemon /opt/pos/etc/pos.ini", {"/files[/opt/pos/etc/pos.ini]": "manual"}),
    "service masked": ("S0003-pos1", "systemctl mask e2scrub_reap", {"/services/e2scrub_reap.service": "manual"}),
    "kiosk resolver": (
        "S0003-kiosk1",
        "echo 'nameserver 9.9.9.9' >>/etc/resolv.conf",
        {"/network/dns/servers": "manual"},
    ),
    "description, saved": (
        "S0003-router",
        "vtysh -c 'configure terminal' -c 'interface port-pos1' -c 'description by hand' -c end -c 'write memory'",
        {"interface port-pos1 / description": "manual"},
    ),
    "router log, not saved": (
        "S0003-router",
        "vtysh -c 'configure terminal' -c 'log syslog warnings'",
        {"log syslog": "unsaved"},
    ),
    "router account": ("S0003-router", "useradd byhand", {"/security/users[byhand]": "manual"}),
    "router firewall": ("S0003-router", "nft add table inet byhand", {"/security/firewall": "manual"}),
    "description, not saved": (
        "S0001-router",
        "vtysh -c 'configure terminal' -c 'interface lan0' -c 'description moved by hand'",
        {"interface lan0 / description": "unsaved"},
    ),
    "route, not saved": (
        "S0001-router",
        "vtysh -c 'configure terminal' -c 'ip route 10.78.0.0/16 10.0.1.254'",
        {"ip route 10.78.0.0/16 10.0.1.254": "unsaved"},
    ),
    "route, saved": (
        "S0002-router",
        "vtysh -c 'configure terminal' -c 'ip route 10.77.0.0/16 10.0.1.254' -c end -c 'write memory'",
        {"ip route 10.77.0.0/16 10.0.1.254": "manual"},
    ),
}

OURS = """\
- hosts: role=till
  gather_facts: false
  tasks:
    - lineinfile: {path: /etc/hosts, line: 10.8.8.8 new-name}
"""


@pytest.fixture
def lab(lab_or_skip: None) -> Iterator[Lab]:
    """Give a lab of its own: what is done by hand here nobody mends."""
    yield from own_lab("drift")


def night(lab: Lab) -> None:
    done = storefleet(lab, "audit")
    assert done.returncode in (0, 1), done.stderr
    assert "no snapshots" not in done.stderr


def drift(lab: Lab) -> dict:
    done = storefleet(lab, "drift", "all", "--format", "json")
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def replaced_and_reverted(lab: Lab) -> None:
    """What was accepted and went with a power cut is reverted; another machine id makes all of a host replaced."""
    done = storefleet(lab, "drift", "accept", "all", "--as-found", "--reason", "all of it is right")
    assert done.returncode == 0, done.stderr
    lab.power_cut("S0001-router")
    lab.plug_in("S0001-router")
    for script in ("echo 0123456789abcdef0123456789abcdef >/etc/machine-id", "echo '10.9.9.9 x' >>/etc/hosts"):
        assert lab.enter("S0003-pos2", ["sh", "-c", script]).returncode == 0
    night(lab)
    found = {(one["host"], one["key"]): one["class"] for store in drift(lab)["stores"] for one in store["differences"]}
    assert found == {
        ("S0001-router", "interface lan0 / description"): "adopted",
        ("S0001-router", "ip route 10.78.0.0/16 10.0.1.254"): "reverted",
        ("S0003-router", "interface port-pos1 / description"): "behind",
        ("S0003-router", "log syslog"): "behind",
        ("S0003-pos2", "/system/machine_id"): "replaced",
        ("S0003-pos2", "/network/hosts_file/10.9.9.9[x]"): "replaced",
    }


def a_lane_is_cut(lab: Lab) -> None:
    """A port that was shut is one difference, with the lane that it cuts, and the lines that open it again do."""
    shut = "vtysh -c 'configure terminal' -c 'interface port-kiosk1' -c shutdown"
    assert lab.enter("S0001-router", ["sh", "-c", shut]).returncode == 0
    assert storefleet(lab, "audit", "-l", "S0001").returncode == 3
    done = storefleet(lab, "drift", "S0001", "--format", "json")
    (store,) = json.loads(done.stdout)["stores"]
    (port,) = [one for one in store["differences"] if one["class"] == "unsaved"]
    assert (port["matters"]["severity"], port["matters"]["breaks"]) == ("critical", "kiosk1 has no link")
    assert store["differences"][0]["id"] == port["id"], "what cuts a lane comes first"
    assert [one["host"] for one in store["not_compared"]] == ["S0001-kiosk1"]
    assert done.returncode == 3
    commands = [word for line in ("configure terminal", *port["repair"]) for word in ("-c", line)]
    assert lab.enter("S0001-router", ["vtysh", *commands]).returncode == 0
    night(lab)
    assert not [one for store in drift(lab)["stores"] for one in store["differences"] if one["class"] == "unsaved"]


def test_quiet_nights_are_empty_and_each_change_by_hand_is_told_once_in_its_class(lab: Lab) -> None:
    account = "useradd -m op1 && echo 'op1 ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/op1 && chmod 440 /etc/sudoers.d/op1"
    assert lab.enter("S0002-pos1", ["sh", "-c", account]).returncode == 0
    night(lab)
    done = storefleet(lab, "drift", "accept", "all", "--as-found", "--reason", "day one")
    assert done.returncode == 0, done.stderr
    for host in ("S0001-pos1", "S0002-kiosk1", "S0002-router"):
        lab.power_cut(host)
        lab.plug_in(host)
    for _ in range(3):
        night(lab)
        assert (drift(lab)["stores"], drift(lab)["unchanged"]) == ([], 3)
    for what, (host, script, _) in BY_HAND.items():
        made = lab.enter(host, ["sh", "-c", script])
        assert made.returncode == 0, f"{what}: {made.stderr}"
    (lab.place.fleet / "playbooks" / "ours.yaml").write_text(OURS)
    pushed = storefleet(lab, "push", "ours.yaml", "-l", "S0002-pos3", "--yes")
    assert pushed.returncode in (0, 1), pushed.stdout + pushed.stderr
    night(lab)
    expected = {(host, key): cause for host, _, keys in BY_HAND.values() for key, cause in keys.items()}
    expected["S0002-pos3", "/network/hosts_file/10.8.8.8[new-name]"] = "ours"
    found = [one for store in drift(lab)["stores"] for one in store["differences"]]
    told = {}
    for one in found:
        name = next((name for name in expected if name[0] == one["host"] and one["key"].startswith(name[1])), None)
        assert name is not None, f"nobody did this: {one}"
        assert name not in told, f"told twice: {one}"
        told[name] = one["class"]
    assert told == expected
    assert all(one["first_seen"]["at"] >= one["last_otherwise"]["at"] for one in found)
    asked = json.loads(storefleet(lab, "drift", "S0001:S0002", "--ask", "--format", "json").stdout)
    who = {one["key"]: one["who"] for store in asked["stores"] for one in store["differences"] if one["who"]}
    by_op1 = who.pop("/software/packages/logsave")
    assert (by_op1["user"], by_op1["certainty"]) == ("op1", "recorded")
    assert "dpkg --purge" in by_op1["evidence"]
    assert {one["user"] for one in who.values()} == {""}, "what was done at the console has a time and nobody's name"
    ours = next(one for one in found if one["class"] == "ours")
    assert "-apply-" in ours["ours"]
    replaced_and_reverted(lab)
    a_lane_is_cut(lab)
