"""Changes that cut the line of a real till: it comes back by itself, byte for byte, whoever dies meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storefleet.lab.lab import Lab

pytestmark = pytest.mark.lab
STOREFLEET = str(Path(sys.executable).with_name("storefleet"))
TILL = "S0001-pos1"
UNDO_AFTER = "25"
LOOK = """\
cd /etc; find ssh systemd/network nftables.conf passwd -type f -exec sha256sum {} + | sort
find ssh systemd/network nftables.conf -printf '%p %m %u %g\\n' | sort
systemctl is-enabled nftables ssh systemd-networkd
ip -4 -br addr; ip -4 route; nft list ruleset; ss -Hltn | awk '{print $4}' | sort
"""
"""Files that decide about the line, what starts at boot, and what is so now."""

SSHD = "lineinfile: {path: /etc/ssh/sshd_config, line: '%s', insertbefore: BOF}"
NETWORK = "lineinfile: {path: /etc/systemd/network/10-store.network, regexp: '^%s=', line: '%s'}"
FIREWALL = """copy:
        dest: /etc/nftables.conf
        content: |
          flush ruleset
          table inet cut {
            chain input { type filter hook input priority 0; tcp dport 22 drop; }
          }"""
CUTS = {
    # cut: (the change, the unit that takes it up, what becomes of it, what is told)
    "ssh-elsewhere": (SSHD % "Port 2222", "ssh", "restarted", "could not be audited"),
    "ssh-broken": (SSHD % "Nonsense yes", "ssh", "restarted", "ssh.service could not be changed"),
    # systemd-networkd leaves old addresses and routes in place, so these two are found by the audit, not by silence
    "wrong-gateway": (NETWORK % ("Gateway", "Gateway=10.100.1.250"), "systemd-networkd", "restarted", "T-NET-02"),
    "wrong-address": (NETWORK % ("Address", "Address=10.100.77.11/24"), "systemd-networkd", "restarted", "T-NET-03"),
    "firewall": (FIREWALL, "nftables", "restarted", "could not be audited"),
    "ssh-stopped": ("debug: {msg: x}", "ssh", "stopped", "could not be audited"),
}


def look(lab: Lab) -> str:
    return lab.enter(TILL, ["sh", "-c", LOOK]).stdout


def cut(lab: Lab, path: Path, name: str) -> list[str]:
    """Plan a change that cuts the line; return the command that applies it."""
    task, unit, state, _ = CUTS[name]
    text = f"- hosts: role=till\n  gather_facts: false\n  tasks:\n    - {task}\n"
    text += f"    - service: {{name: {unit}, state: {state}}}\n"
    (lab.place.fleet / "playbooks" / "cut.yaml").write_text(text)
    fleet = ["--fleet", str(lab.place.fleet)]
    planned = lab.exec([STOREFLEET, "plan", *fleet, "cut.yaml", "-l", TILL, "-o", str(path)])
    assert planned.returncode == 0, planned.stdout + planned.stderr
    return [STOREFLEET, "apply", *fleet, str(path), "--undo-after", UNDO_AFTER, "--format", "json"]


def outcome(stdout: str) -> tuple[str, str]:
    (host,) = json.loads(stdout)["hosts"]
    return host["ended"], host["why"]


def until(true, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.3)
    assert true()


def undone(lab: Lab) -> bool:
    script = "[ ! -d /var/lib/storefleet/armed ] && [ ! -d /var/lib/storefleet/undoing/* ]"
    return lab.enter(TILL, ["sh", "-c", script]).returncode == 0


@pytest.fixture(autouse=True)
def _clean(lab: Lab):
    yield
    until(lambda: undone(lab), 60)
    lab.enter(TILL, ["sh", "-c", "rm -rf /var/lib/storefleet; nft flush ruleset 2>/dev/null; true"])
    lab.wait_until_answering([TILL])


@pytest.mark.parametrize("name", CUTS)
def test_a_till_whose_line_was_cut_comes_back_by_itself_as_it_was(lab: Lab, tmp_path: Path, name: str) -> None:
    before = look(lab)
    assert before
    done = lab.exec(cut(lab, tmp_path / "plan.json", name))
    ended, why = outcome(done.stdout)
    assert (done.returncode, ended) == (4, "undone"), (why, done.stderr)
    assert CUTS[name][-1] in why
    assert "the way back" in why
    until(lambda: look(lab) == before, 15)
    lab.wait_until_answering([TILL])
    hook = lab.enter(TILL, ["systemctl", "is-enabled", "storefleet-undo.service"])
    assert hook.stdout == "disabled\n"


def test_a_log_out_that_kills_every_process_does_not_end_the_undo(lab: Lab, tmp_path: Path) -> None:
    drop_in = "/etc/systemd/logind.conf.d/kill.conf"
    setting = "mkdir -p ${0%/*}; printf '[Login]\\nKillUserProcesses=yes\\n' >$0; systemctl restart systemd-logind"
    lab.enter(TILL, ["sh", "-c", setting, drop_in])
    try:
        before = look(lab)
        done = lab.exec(cut(lab, tmp_path / "plan.json", "ssh-elsewhere"))
        assert (done.returncode, outcome(done.stdout)[0]) == (4, "undone"), done.stderr
        until(lambda: look(lab) == before, 15)
    finally:
        lab.enter(TILL, ["sh", "-c", f"rm {drop_in}; systemctl restart systemd-logind"])


@pytest.mark.parametrize("name", ["wrong-gateway", "wrong-address", "firewall", "ssh-broken"])
def test_a_power_cut_while_armed_undoes_at_the_next_boot(lab: Lab, tmp_path: Path, name: str) -> None:
    before = look(lab)
    applying = subprocess.Popen(
        lab.head_office_argv(cut(lab, tmp_path / "plan.json", name)), stdout=subprocess.PIPE, text=True
    )
    try:
        until(lambda: look(lab) != before, 20)
        lab.power_cut(TILL)
        lab.plug_in(TILL)
        out, _ = applying.communicate(timeout=200)
    finally:
        applying.kill()
        applying.wait(10)
    until(lambda: undone(lab), 30)
    until(lambda: look(lab) == before, 15)
    assert (applying.returncode, outcome(out)[0]) == (4, "undone"), out


def test_a_till_comes_back_when_its_controller_is_killed(lab: Lab, tmp_path: Path) -> None:
    before = look(lab)
    applying = subprocess.Popen(
        lab.head_office_argv(cut(lab, tmp_path / "plan.json", "firewall")), stdout=subprocess.DEVNULL
    )
    try:
        until(lambda: look(lab) != before, 20)
    finally:
        applying.kill()
        applying.wait(10)
    until(lambda: undone(lab), 60)
    until(lambda: look(lab) == before, 15)
    lab.wait_until_answering([TILL])


def test_a_change_of_the_line_that_was_right_stays(lab: Lab, tmp_path: Path) -> None:
    command = cut(lab, tmp_path / "plan.json", "ssh-elsewhere")
    text = (lab.place.fleet / "playbooks" / "cut.yaml").read_text().replace("Port 2222", "LoginGraceTime 61")
    (lab.place.fleet / "playbooks" / "cut.yaml").write_text(text)
    planned = lab.exec(
        [STOREFLEET, "plan", "--fleet", str(lab.place.fleet), "cut.yaml", "-l", TILL, "-o", str(tmp_path / "plan.json")]
    )
    assert planned.returncode == 0
    done = lab.exec(command)
    try:
        assert outcome(done.stdout) == ("changed", ""), done.stderr
        assert undone(lab)
        time.sleep(int(UNDO_AFTER) + 3)
        assert "LoginGraceTime 61" in lab.enter(TILL, ["cat", "/etc/ssh/sshd_config"]).stdout
    finally:
        lab.enter(TILL, ["sh", "-c", "sed -i /LoginGraceTime.61/d /etc/ssh/sshd_config; systemctl restart ssh"])
