"""Who made a difference, asked of real devices: by sudo, at the console, on routers, on kiosks, and by a reboot."""

from __future__ import annotations

import datetime
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_lab import own_lab, storefleet

from storefleet.lab.lab import Lab

pytestmark = pytest.mark.lab
HEAD_OFFICE = "10.0.0.10"

PEOPLE = """set -e
useradd -m -s /bin/sh op1
echo 'op1 ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/op1
chmod 440 /etc/sudoers.d/op1
useradd -m op2
if [ -x /usr/bin/vtysh ]; then usermod -s /usr/bin/vtysh -aG frr,frrvty op2; fi
for user in op1 op2; do
  mkdir -m 700 /home/$user/.ssh
  echo '{key}' >/home/$user/.ssh/authorized_keys
  chown -R $user /home/$user/.ssh
done
"""


@pytest.fixture
def lab(lab_or_skip: None) -> Iterator[Lab]:
    """Give a lab of its own: what is done by hand here nobody mends."""
    yield from own_lab("drift-who")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Give the key with which people come in."""
    path = tmp_path / "people"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


def night(lab: Lab) -> None:
    done = storefleet(lab, "audit")
    assert done.returncode in (0, 1), done.stderr
    assert "no snapshots" not in done.stderr


def accept(lab: Lab) -> None:
    done = storefleet(lab, "drift", "accept", "all", "--as-found", "--reason", "it is right")
    assert done.returncode == 0, done.stderr


def console(lab: Lab, host: str, script: str) -> None:
    made = lab.enter(host, ["sh", "-c", script])
    assert made.returncode == 0, made.stderr


def comes_in(lab: Lab, key: Path, user: str, address: str, *command: str, types: str | None = None) -> None:
    options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "BatchMode=yes")
    words = [word for option in options for word in ("-o", option)]
    terminal = ["-tt"] if types is not None else []
    done = lab.exec(["ssh", "-i", str(key), *words, *terminal, f"{user}@{address}", *command], stdin=types)
    assert done.returncode == 0, done.stdout + done.stderr


def answers(lab: Lab) -> dict[tuple[str, str], dict]:
    done = storefleet(lab, "drift", "all", "--ask", "--format", "json")
    assert done.returncode == 1, done.stdout + done.stderr
    stores = json.loads(done.stdout)["stores"]
    return {(one["host"], one["key"]): one for store in stores for one in store["differences"]}


def of(found: dict[tuple[str, str], dict], host: str, key: str) -> dict:
    """Return what is said of the one difference of which the key begins so, or that shows that line."""
    lines = [
        one
        for (where, name), one in found.items()
        if where == host and (name.startswith(key) or key in (one["observed"] or "").split("; "))
    ]
    assert len(lines) == 1, f"{host} {key}: {sorted(found)}"
    assert lines[0]["who"] is not None, f"{host} {key}: nobody was named: {lines[0]}"
    return lines[0]["who"]


def stamp(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


def test_who_is_told_as_far_as_the_host_itself_wrote_it_down(lab: Lab, key: Path) -> None:
    public = key.with_suffix(".pub").read_text().strip()
    for device in lab.plan.devices:
        if device.kind != "kiosk":
            console(lab, device.name, PEOPLE.format(key=public))
    console(lab, "S0002-router", "vtysh -c 'configure terminal' -c 'log commands' -c end -c 'write memory'")
    console(lab, "S0001-pos1", "chmod 0644 /opt/pos/etc/pos.ini")
    night(lab)
    accept(lab)
    console(lab, "S0003-router", "vtysh -c 'configure terminal' -c 'ip router-id 10.9.9.9'")
    night(lab)
    accept(lab)

    began = int(time.time())
    lab.power_cut("S0003-router")
    lab.plug_in("S0003-router")
    booted = time.time()
    comes_in(lab, key, "op1", "10.100.1.11", "sudo sh -c 'echo 10.9.9.9 old-pay >>/etc/hosts'")
    console(lab, "S0002-pos1", "echo '10.9.9.9 old-pay' >>/etc/hosts")
    console(lab, "S0002-kiosk1", "echo '10.9.9.9 old-pay' >>/etc/hosts")
    by_op1 = "-c 'configure terminal' -c 'interface port-pos1' -c 'description by op1' -c end -c 'write memory'"
    comes_in(lab, key, "op1", "10.0.1.1", f"sudo vtysh {by_op1}")
    typed = "configure terminal\ninterface lan0\ndescription typed by op2\nend\n"
    comes_in(lab, key, "op2", "10.0.1.1", types=f"{typed}exit\n")
    comes_in(lab, key, "op2", "10.0.1.2", types=f"{typed}write memory\nexit\n")
    time.sleep(2)
    faked = "sudo[1]: op2 : PWD=/ ; USER=root ; COMMAND=/usr/bin/chmod 0600 /opt/pos/etc/pos.ini"
    console(lab, "S0001-pos1", f"su op1 -c \"logger -t sudo '{faked[9:]}'\"; chmod 0600 /opt/pos/etc/pos.ini")
    mode_changed = time.time()
    night(lab)
    found = answers(lab)

    till = of(found, "S0001-pos1", "/network/hosts_file/10.9.9.9[old-pay]")
    assert (till["user"], till["certainty"]) == ("op1", "recorded")
    assert "/etc/hosts" in till["evidence"]
    for host in ("S0002-pos1", "S0002-kiosk1"):
        there = of(found, host, "/network/hosts_file/10.9.9.9[old-pay]")
        assert (there["user"], there["certainty"], there["evidence"]) == ("", "recorded", "the file's own time")
        assert began <= stamp(there["at"]) <= mode_changed
    mode = of(found, "S0001-pos1", "/files[/opt/pos/etc/pos.ini]")
    assert (mode["user"], mode["certainty"]) == ("", "recorded"), "what op1 had logged names op2, and is nobody's word"
    assert mode["evidence"] == "the file's own time of change (ctime)"
    assert mode_changed - 3 <= stamp(mode["at"]) <= mode_changed

    sudo = of(found, "S0001-router", "description by op1")
    assert (sudo["user"], sudo["certainty"]) == ("op1", "recorded")
    assert sudo["evidence"] == "sudo: vtysh with `description by op1`"
    memory = of(found, "S0001-router", "description typed by op2")
    assert (memory["user"], memory["certainty"], memory["origin"]) == ("op2", "inferred", HEAD_OFFICE)
    assert "memory of vtysh" in memory["evidence"]
    logged = of(found, "S0002-router", "description typed by op2")
    assert (logged["user"], logged["certainty"], logged["origin"]) == ("op2", "inferred", HEAD_OFFICE)
    assert logged["evidence"].startswith("FRR's log of commands: `description typed by op2`")

    boot = of(found, "S0003-router", "ip router-id 10.9.9.9")
    lost = found["S0003-router", "ip router-id 10.9.9.9"]
    assert (lost["class"], boot["user"], boot["certainty"]) == ("reverted", "", "recorded")
    assert boot["evidence"] == "it booted then, and read the saved configuration"
    assert began - 1 <= stamp(boot["at"]) <= booted
