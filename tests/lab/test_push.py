"""Plan and apply on real devices: what was planned is made, nothing else is, and a device that moved is left alone."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from pathlib import Path

import pytest

from storefleet.lab.lab import Lab

pytestmark = pytest.mark.lab
STOREFLEET = str(Path(sys.executable).with_name("storefleet"))

FIXES = {
    # fault: (where, the shipped playbook that mends it, the class of its change)
    "dns-wrong-server": ("S0001-pos2", "resolver.yaml", "config"),
    "hosts-override": ("S0001-pos1", "hosts-file.yaml", "config"),
    "pos-config-wrong": ("S0002-pos1", "pos-endpoint.yaml", "service"),
    "pos-disabled": ("S0001-pos1", "pos-service.yaml", "config"),
    "pos-stopped": ("S0001-pos1", "pos-service.yaml", "service"),
}


def storefleet(lab: Lab, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return lab.exec([STOREFLEET, verb, "--fleet", str(lab.place.fleet), *arguments])


def plan(lab: Lab, path: Path, playbook: str, limit: str) -> dict:
    done = storefleet(lab, "plan", playbook, "-l", limit, "-o", str(path), "--format", "json")
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def write_playbook(lab: Lab, name: str, tasks: str, hosts: str = "role=till") -> str:
    text = f"- hosts: {hosts}\n  gather_facts: false\n  tasks:\n{tasks}"
    (lab.place.fleet / "playbooks" / name).write_text(text)
    return name


@pytest.mark.parametrize("fault", FIXES)
def test_a_shipped_playbook_mends_the_fault_of_its_control_and_then_has_nothing_to_do(lab, tmp_path, fault):
    host, playbook, change_class = FIXES[fault]
    lab.break_(fault, host)
    try:
        found = plan(lab, tmp_path / "plan.json", playbook, host.split("-")[0])
        changed = {one["host"]: one["change_class"] for one in found["hosts"] if one["changes"]}
        assert changed == {host: change_class}
        before = storefleet(lab, "audit", "-l", host)
        assert before.returncode == 1, before.stdout
        done = storefleet(lab, "apply", str(tmp_path / "plan.json"))
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"changed  {host}" in done.stdout
        again = plan(lab, tmp_path / "again.json", playbook, host.split("-")[0])
        assert not [one for one in again["hosts"] if one["changes"]]
    finally:
        lab.mend(host, fault)


def test_a_plan_is_applied_once_as_it_was_made_and_only_where_nothing_moved(lab, tmp_path):
    name = write_playbook(lab, "motd.yaml", "    - copy: {content: 'hello\\n', dest: /etc/motd.storefleet}\n")
    path = tmp_path / "plan.json"
    try:
        plan(lab, path, name, "S0001-pos1:S0001-pos2")
        edited = tmp_path / "edited.json"
        edited.write_text(path.read_text().replace("S0001-pos2", "S0002-pos1"))
        assert storefleet(lab, "apply", str(edited)).returncode == 2
        lab.enter("S0001-pos2", ["sh", "-c", "echo by hand >/etc/motd.storefleet"])
        done = storefleet(lab, "apply", str(path), "--format", "json")
        assert done.returncode == 3, done.stderr
        ends = {host["host"]: (host["ended"], host["made"]) for host in json.loads(done.stdout)["hosts"]}
        assert ends == {"S0001-pos1": ("changed", 1), "S0001-pos2": ("refused", 0)}
        assert lab.enter("S0001-pos2", ["cat", "/etc/motd.storefleet"]).stdout == "by hand\n"
        again = storefleet(lab, "apply", str(path))
        assert (again.returncode, "applied already" in again.stderr) == (2, True)
    finally:
        for host in ("S0001-pos1", "S0001-pos2"):
            lab.enter(host, ["rm", "-rf", "/etc/motd.storefleet", "/var/lib/storefleet"])


def test_push_logs_in_once_where_one_account_reads_and_changes(lab):
    """The kiosk's account is the same for both; the audit behind the change comes in anew."""
    name = write_playbook(
        lab, "motd.yaml", "    - copy: {content: 'hello\n', dest: /etc/motd.storefleet}\n", "role=kiosk"
    )
    console = lab.place.devices / "S0001-kiosk1" / "console.log"
    before = console.read_text().count("Pubkey auth succeeded")
    try:
        done = storefleet(lab, "push", name, "-l", "S0001-kiosk1", "--yes", "--format", "json")
        ends = [(host["host"], host["ended"]) for host in json.loads(done.stdout)["hosts"]]
        assert (done.returncode, ends) == (0, [("S0001-kiosk1", "changed")]), done.stderr
        assert console.read_text().count("Pubkey auth succeeded") - before == 2
        again = storefleet(lab, "push", name, "-l", "S0001-kiosk1", "--yes", "--format", "json")
        assert (again.returncode, json.loads(again.stdout)["hosts"]) == (0, []), again.stderr
    finally:
        lab.enter("S0001-kiosk1", ["rm", "-rf", "/etc/motd.storefleet", "/var/lib/storefleet"])


@pytest.mark.parametrize(
    ("host", "task", "why"),
    [
        ("S0001-pos1", "copy: {content: x, dest: /usr/local/bin/x}", "no undo on the device would survive"),
        ("S0001-pos1", "service: {name: dbus, state: restarted}", "no undo on the device would survive"),
        ("S0001-kiosk1", "copy: {content: x, dest: /bin/x}", "no undo on the device would survive"),
    ],
)
def test_what_could_cut_the_line_for_good_is_shown_and_not_made(lab, tmp_path, host, task, why):
    role = "kiosk" if "kiosk" in host else "till"
    name = write_playbook(lab, "cut.yaml", f"    - {task}\n", f"role={role}")
    path = tmp_path / "plan.json"
    found = plan(lab, path, name, host)
    assert [(one["change_class"], why in one["refused"]) for one in found["hosts"]] == [("path", True)]
    assert storefleet(lab, "apply", str(path)).returncode == 3
    assert lab.enter(host, ["ls", "/usr/local/bin/x", "/bin/x"]).stdout == ""


def test_no_second_store_is_begun_after_one_that_failed(lab, tmp_path):
    tasks = (
        "    - copy: {content: x, dest: /srv/x, owner: \"{{ 'nobody-here' if store.id == 'S0001' else 'root' }}\"}\n"
    )
    name = write_playbook(lab, "fails.yaml", tasks)
    path = tmp_path / "plan.json"
    plan(lab, path, name, "S0001-pos1:S0002-pos1")
    done = storefleet(lab, "apply", str(path), "--format", "json")
    assert done.returncode == 4, done.stderr
    ends = {host["host"]: host["ended"] for host in json.loads(done.stdout)["hosts"]}
    assert ends == {"S0001-pos1": "failed", "S0002-pos1": "left"}
    assert lab.enter("S0002-pos1", ["ls", "/srv"]).stdout == ""
    assert lab.enter("S0001-pos1", ["ls", "-A", "/srv"]).stdout == ""
    lab.enter("S0001-pos1", ["rm", "-rf", "/var/lib/storefleet"])


def test_a_store_that_is_being_changed_is_busy_for_the_next(lab, tmp_path):
    name = write_playbook(lab, "motd.yaml", "    - copy: {content: 'hello\\n', dest: /etc/motd.storefleet}\n")
    path = tmp_path / "plan.json"
    plan(lab, path, name, "S0001-pos1")
    locks = lab.place.fleet / "var" / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / "store-S0001.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = storefleet(lab, "apply", str(path))
    assert (done.returncode, "S0001 is being changed" in done.stderr) == (5, True), done.stderr
    assert lab.enter("S0001-pos1", ["ls", "/etc/motd.storefleet"]).returncode != 0
