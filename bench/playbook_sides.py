"""Who runs the playbook: each contestant's command, and how it is known that every host came to its end."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench.sides import OWN, STOREFLEET, Command, Job, Side, ansible_command, pyinfra_command
from bench.upkeep import PLAYBOOK

CHANGES = 8
"""How many of the twelve tasks change something the first time; Ansible and storefleet count them alike."""


def write_playbook(fleet: Path) -> None:
    """Have the fleet folder hold the playbook, and no audit: the others make none after their changes either."""
    shutil.copytree(PLAYBOOK, fleet / "playbooks", dirs_exist_ok=True)
    shutil.rmtree(fleet / "audits", ignore_errors=True)


def _plan(job: Job) -> Command:
    path = job.scratch / "plan.json"
    path.unlink(missing_ok=True)

    def count(_text: str) -> int:
        document = json.loads(path.read_text())
        return sum(host["refused"] is None for host in document["hosts"])

    return Command(_storefleet(job, "plan", "till.yml", "-o", str(path)), count)


def _apply(job: Job, *, changes: int) -> Command:
    return _changing(job, changes, "apply", str(job.scratch / "plan.json"))


def _push(job: Job, *, changes: int) -> Command:
    return _changing(job, changes, "push", "till.yml", "--yes")


def _changing(job: Job, changes: int, *words: str) -> Command:
    def count(text: str) -> int:
        found = re.search(r'^\{"format":"storefleet.applied/1".*$', text, re.MULTILINE)
        if found is None:
            return 0
        hosts = msgspec.json.decode(found[0])["hosts"]
        done = sum(host["ended"] == "changed" and host["made"] >= changes for host in hosts)
        return done if changes else job.hosts - len(hosts)

    argv = _storefleet(job, *words, "--format", "json")
    return Command([*argv, "--confirm-stores", str(job.hosts)] if changes else argv, count)


def _storefleet(job: Job, verb: str, *more: str) -> list[str]:
    return [str(OWN / "storefleet"), verb, *more, "--fleet", str(job.fleet), "--workers", str(job.workers)]


def _ansible(job: Job, *, changes: int) -> Command:
    command = ansible_command(job, job.fleet / "playbooks" / "till.yml")

    def count(text: str) -> int:
        recap = text.partition("PLAY RECAP")[2]
        good = rf"^\S+ +: ok=12 +changed={changes} +unreachable=0 +failed=0 "
        return len(re.findall(good, recap, re.MULTILINE))

    return Command(command.argv, count, command.env)


def _pyinfra(job: Job, *, changes: int) -> Command:
    for name in ("files", "templates"):
        shutil.copytree(PLAYBOOK / name, job.scratch / name, dirs_exist_ok=True)
    command = pyinfra_command(job, "playbook_deploy.py")

    def count(text: str) -> int:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
        total = re.search(r"^\s+Grand total +(\S+) +(\S+) +(\S+) +(\S+)", plain, re.MULTILINE)
        operations = str((changes + 1 if changes else CHANGES) * job.hosts)  # the index is an operation only where due
        wanted = (operations, operations, "-", "-") if changes else (operations, "-", "-", operations)
        return job.hosts if total is not None and total.groups() == wanted else 0

    return Command(command.argv, count, command.env)


def _both(name: str, command: Callable[..., Command]) -> tuple[Side, Side]:
    changing = Side(f"{name}: all", lambda job: command(job, changes=CHANGES))
    return changing, Side(f"{name}: none", lambda job: command(job, changes=0))


PLAN = Side("storefleet plan", _plan)
AUDIT = STOREFLEET
"""What follows where the fleet has audits: the same reading and judging as in the other figures."""
APPLY = _both("storefleet apply", _apply)
PUSH = _both("storefleet push", _push)
ANSIBLE = _both("ansible-playbook", _ansible)
PYINFRA = _both("pyinfra", _pyinfra)
