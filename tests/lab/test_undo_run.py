"""`undo RUN`, `audit --fix` and what a plan leaves to the device, on real tills over real lines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from storefleet.lab.lab import Lab

pytestmark = pytest.mark.lab
STOREFLEET = str(Path(sys.executable).with_name("storefleet"))
LOOK = "cd /srv && find . -printf '%y %m %u:%g %p %l\\n' | sort; cat a b 2>/dev/null; systemctl is-active posd"


def storefleet(lab: Lab, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return lab.exec([STOREFLEET, verb, "--fleet", str(lab.place.fleet), *arguments])


def document(done: subprocess.CompletedProcess[str]) -> dict:
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def planned(lab: Lab, path: Path, name: str, text: str, limit: str) -> dict:
    (lab.place.fleet / "playbooks" / name).write_text(text)
    return document(storefleet(lab, "plan", name, "-l", limit, "-o", str(path), "--format", "json"))


def applied(lab: Lab, path: Path) -> dict:
    return document(storefleet(lab, "apply", str(path), "--format", "json"))


@pytest.fixture
def till(lab):
    """Give a till with two files, and take away afterwards whatever a test made there."""
    lab.enter("S0001-pos1", ["sh", "-c", "printf 'old\\n' >/srv/a; mkdir -p /srv/full/deep; echo x >/srv/full/deep/x"])
    yield "S0001-pos1"
    lab.enter("S0001-pos1", ["sh", "-c", "userdel -r practice; rm -rf /srv/* /var/lib/storefleet"])


CHANGES = """\
- hosts: role=till
  gather_facts: false
  tasks:
    - copy: {content: "new\\n", dest: /srv/a, mode: "0600"}
    - copy: {content: "b\\n", dest: /srv/b}
    - file: {path: /srv/full, state: absent}
    - file: {path: /srv/link, src: /srv/a, state: link}
    - user: {name: practice, system: true, create_home: false}
    - service: {name: posd, state: restarted}
"""


def test_a_run_is_taken_back_out_of_what_the_till_kept(lab, till, tmp_path):
    before = lab.enter(till, ["sh", "-c", LOOK]).stdout
    planned(lab, tmp_path / "plan", "changes.yaml", CHANGES, till)
    done = applied(lab, tmp_path / "plan")
    assert [host["ended"] for host in done["hosts"]] == ["changed"], done
    assert lab.enter(till, ["id", "practice"]).returncode == 0
    undo = document(storefleet(lab, "undo", done["run"], "-o", str(tmp_path / "undo"), "--format", "json"))
    assert not undo["hosts"][0]["refused"], undo
    taken = applied(lab, tmp_path / "undo")
    assert [host["ended"] for host in taken["hosts"]] == ["changed"], taken
    assert lab.enter(till, ["sh", "-c", LOOK]).stdout == before
    assert lab.enter(till, ["id", "practice"]).returncode != 0
    again = document(storefleet(lab, "undo", done["run"], "-o", str(tmp_path / "again"), "--format", "json"))
    files = [change for change in again["hosts"][0]["changes"] if change["target"].startswith("/")]
    assert files == []


def test_what_was_changed_since_belongs_to_somebody_else(lab, till, tmp_path):
    planned(lab, tmp_path / "plan", "changes.yaml", CHANGES, till)
    done = applied(lab, tmp_path / "plan")
    lab.enter(till, ["sh", "-c", "echo by hand >/srv/a"])
    told = storefleet(lab, "undo", done["run"], "-o", str(tmp_path / "undo"))
    assert "moved since: /srv/a is no longer as that run left it" in " ".join(told.stdout.split()), told.stdout
    applied(lab, tmp_path / "undo")
    assert lab.enter(till, ["cat", "/srv/a"]).stdout == "by hand\n"
    assert lab.enter(till, ["ls", "/srv/b"]).returncode != 0


def test_an_audit_plans_the_fixes_of_what_failed_for_the_hosts_that_failed_it(lab, tmp_path):
    lab.break_("dns-wrong-server", "S0001-pos2")
    lab.break_("unsaved-change", "S0002-router")
    plan = tmp_path / "plan.json"
    try:
        told = storefleet(lab, "audit", "-l", "S0001:S0002", "--fix", "-o", str(plan))
        assert told.returncode == 1, told.stderr
        found = json.loads(plan.read_text())
        changes = {host["host"]: [one["target"] for one in host["changes"]] for host in found["hosts"]}
        assert changes == {"S0001-pos2": ["/etc/resolv.conf"], "S0002-router": ["saved-config"]}
        done = storefleet(lab, "apply", str(plan))
        assert done.returncode == 0, done.stdout + done.stderr
        assert storefleet(lab, "audit", "-l", "S0001:S0002").returncode == 0
    finally:
        lab.mend("S0001-pos2", "dns-wrong-server")
        lab.mend("S0002-router", "unsaved-change")


UNKNOWN = """\
- hosts: role=till
  gather_facts: false
  tasks:
    - command: cat /srv/a
      register: asked
      changed_when: false
    - copy: {content: "{{ asked.stdout }} and more\\n", dest: /srv/b}
    - copy: {content: "secret hunter2\\n", dest: /srv/c, mode: "0600"}
      no_log: true
    - block:
        - command: test -e /srv/none
      rescue:
        - copy: {content: "rescued\\n", dest: /srv/rescued}
    - fetch: {src: /srv/a, dest: fetched/}
"""


def test_what_only_the_till_will_know_is_named_in_the_plan_and_decided_there(lab, till, tmp_path):
    plan = planned(lab, tmp_path / "plan", "unknown.yaml", UNKNOWN, till)
    (host,) = plan["hosts"]
    assert [(one["task"], one["change_class"]) for one in host["undecided"]] == [("copy", "config")]
    assert [one["target"] for one in host["changes"] if one["maybe"]] == ["test", "/srv/rescued"]
    assert host["fetches"] == 1
    assert "hunter2" not in json.dumps(plan)
    done = applied(lab, tmp_path / "plan")
    assert [end["ended"] for end in done["hosts"]] == ["changed"], done
    assert lab.enter(till, ["cat", "/srv/b", "/srv/rescued"]).stdout == "old and more\nrescued\n"
    assert (lab.place.fleet / "playbooks" / "fetched" / till / "srv" / "a").read_text() == "old\n"
    shown = lab.exec([STOREFLEET, "runs", "show", done["run"], "--fleet", str(lab.place.fleet)])
    assert (shown.returncode, "run cat" in shown.stdout, "hunter2" in shown.stdout) == (0, True, False), shown.stdout


GATE = """\
- hosts: role=till
  gather_facts: false
  tasks:
    - copy: {content: "b\\n", dest: /srv/b}
    - audit: {audits: [till-baseline], severity: critical}
    - copy: {content: "c\\n", dest: /srv/c}
    - backup: {paths: [/opt/pos/etc/pos.ini]}
"""


def test_a_gate_lets_nobody_through_who_is_not_as_he_must_be(lab, till, tmp_path):
    lab.break_("pos-stopped", till)
    try:
        planned(lab, tmp_path / "plan", "gate.yaml", GATE, till)
        (end,) = applied(lab, tmp_path / "plan")["hosts"]
        assert (end["ended"], "T-SVC-01 /services/posd.service" in end["why"]) == ("failed", True), end
        assert lab.enter(till, ["ls", "/srv/c"]).returncode != 0
    finally:
        lab.mend(till, "pos-stopped")
    planned(lab, tmp_path / "again", "gate.yaml", GATE, till)
    (end,) = applied(lab, tmp_path / "again")["hosts"]
    assert end["ended"] == "changed", end
    kept = lab.place.fleet / "var" / "backups" / till / "opt" / "pos" / "etc" / "pos.ini"
    assert kept.read_text() == lab.enter(till, ["cat", "/opt/pos/etc/pos.ini"]).stdout
    assert kept.stat().st_mode & 0o077 == 0


KILLED = """\
- hosts: role=till
  gather_facts: false
  tasks:
    - copy: {content: "new\\n", dest: /srv/a}
    - command: sleep 30
      changed_when: false
"""


def test_a_run_whose_controller_was_killed_is_known_and_taken_back(lab, till, tmp_path):
    planned(lab, tmp_path / "plan", "killed.yaml", KILLED, till)
    text = f"{STOREFLEET} apply --fleet {lab.place.fleet} {tmp_path}/plan >/dev/null 2>&1 & sleep 12; kill -9 $!"
    lab.exec(["sh", "-c", text])
    assert lab.enter(till, ["cat", "/srv/a"]).stdout == "new\n"
    runs = document(storefleet(lab, "runs", "list", "--format", "json"))["runs"]
    run = next(one["info"]["id"] for one in runs if one["info"]["verb"] == "apply")
    shown = storefleet(lab, "runs", "show", run)
    assert f"doubt    {till}" in shown.stdout, shown.stdout
    undo = document(storefleet(lab, "undo", run, "-o", str(tmp_path / "undo"), "--format", "json"))
    assert [change["target"] for change in undo["hosts"][0]["changes"]] == ["/srv/a"], undo
    done = applied(lab, tmp_path / "undo")
    assert [host["ended"] for host in done["hosts"]] == ["changed"], done
    assert lab.enter(till, ["cat", "/srv/a"]).stdout == "old\n"
