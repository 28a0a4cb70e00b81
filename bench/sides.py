"""The contestants: how each is started on one job, and how it is known that it really read every host."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.contestants.commands import SYSCTL
from bench.line import Line

HERE = Path(__file__).parent / "contestants"
ROOT = Path(__file__).parent.parent
OWN = ROOT / ".venv" / "bin"
THEIRS = ROOT / ".venv-bench" / "bin"


class BenchError(Exception):
    """A run that is no measurement: somebody did not read every host, or could not be started."""


@dataclass(frozen=True)
class Job:
    """What all contestants of a comparison are given: the same hosts, the same way there, the same concurrency."""

    fleet: Path
    hosts: int
    workers: int
    line: Line
    user: str
    keys: Path
    scratch: Path

    @property
    def names(self) -> Path:
        """Return the file of host names and addresses."""
        return self.fleet / "hosts.txt"


@dataclass(frozen=True)
class Command:
    """One start of one contestant; ``count`` tells from its output how many hosts were read."""

    argv: list[str]
    count: Callable[[str], int]
    env: dict[str, str] = field(default_factory=dict)
    good: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Side:
    """A contestant."""

    name: str
    command: Callable[[Job], Command]


def judged(document: dict[str, Any], *, with_finding: int) -> int:
    """Return how many hosts an audit judged; undecided controls, or other findings than there are, are errors."""
    results = [(host["host"], result) for host in document["hosts"] for result in host["results"]]
    doubtful = [
        f"{host} {result['control']}: {result.get('reason')}"
        for host, result in results
        if result["state"] in ("error", "unknown")
    ]
    if doubtful:
        few = "\n".join(sorted(doubtful)[:5])
        raise BenchError(f"storefleet: {len(doubtful)} controls were not decided, so not everything was read:\n{few}")
    failed = [f"{host} {result['control']}" for host, result in results if result["state"] == "fail"]
    if len(failed) != with_finding:
        raise BenchError(f"storefleet: {len(failed)} controls failed, not {with_finding}: {', '.join(failed[:5])}")
    return int(document["verdict"]["coverage"]["judged"])


def _storefleet(job: Job) -> Command:
    report = job.scratch / "audit.json"
    report.unlink(missing_ok=True)

    def count(_text: str) -> int:
        return judged(json.loads(report.read_text()), with_finding=job.hosts // 10)

    argv = [str(OWN / "storefleet"), "audit", "--fleet", str(job.fleet), "--workers", str(job.workers)]
    return Command([*argv, "--report", f"json:{report}"], count, good=(0, 1))


def _recorded(job: Job) -> Command:
    command = _storefleet(job)
    return replace(command, argv=[*command.argv, "--record", str(job.keys.parent / "recorded")])


def _floor(job: Job, what: str) -> Command:
    script = job.scratch / "script"
    if not script.exists():
        maker = [sys.executable, "-m", "bench.collector_script", str(job.fleet), str(script)]
        subprocess.run(maker, check=True, cwd=ROOT)
    argv = [str(THEIRS / "python"), str(HERE / "floor.py"), str(script), str(job.names), job.user]
    argv += [str(job.keys / "client"), str(job.workers), str(job.keys / "host.pub"), what]
    return Command(argv, _said)


def _said(text: str) -> int:
    found = re.findall(r"^read (\d+)", text, re.MULTILINE)
    return int(found[-1]) if found else 0


def _netmiko(job: Job) -> Command:
    argv = [str(THEIRS / "python"), str(HERE / "nornir_netmiko_reading.py"), str(job.names), job.user]
    argv += [str(job.keys / "client"), str(job.workers), str(job.fleet / "known_addresses")]
    return Command(argv, _said)


def _pyinfra(job: Job) -> Command:
    return pyinfra_command(job, "pyinfra_deploy.py")


def pyinfra_command(job: Job, name: str) -> Command:
    """Return the start of pyinfra with one of the deploys; the deploy notes each host that it came to an end on."""
    done = job.scratch / "pyinfra-done"
    done.unlink(missing_ok=True)
    data = {
        "ssh_user": job.user,
        "ssh_key": str(job.keys / "client"),
        "ssh_known_hosts_file": str(job.fleet / "known_addresses"),
        "ssh_strict_host_key_checking": "yes",
        "ssh_allow_agent": False,
        "ssh_look_for_keys": False,
        "become": job.user != "root",
        "done": str(done),
    }
    rows = [row.split() for row in job.names.read_text().splitlines()]
    hosts = [(address, {"host_name": name}) for name, address in rows]
    inventory = job.scratch / "pyinfra_inventory.py"
    inventory.write_text(f"tills = ({hosts!r}, {data!r})\n")
    deploy = job.scratch / name
    shutil.copy(HERE / name, deploy)
    argv = [str(THEIRS / "pyinfra"), "--parallel", str(job.workers), "-y", str(inventory), str(deploy)]

    def count(_text: str) -> int:
        return len(set(done.read_text().splitlines())) if done.exists() else 0

    return Command(argv, count, {"PYTHONPATH": str(HERE)})


def _ansible(job: Job) -> Command:
    return ansible_command(job, HERE / "ansible" / "audit.yml")


def ansible_command(job: Job, playbook: Path) -> Command:
    """Return the start of ``ansible-playbook`` with a playbook; a host counts where nothing of it failed."""
    rows = [row.split() for row in job.names.read_text().splitlines()]
    become = "true" if job.user != "root" else "false"
    inventory = job.scratch / "ansible_inventory.ini"
    inventory.write_text(
        "[tills]\n"
        + "".join(f"{name} ansible_host={address}\n" for name, address in rows)
        + f"[tills:vars]\nansible_user={job.user}\nansible_become={become}\n"
        + f"ansible_ssh_private_key_file={job.keys / 'client'}\nansible_python_interpreter=/usr/bin/python3\n"
        + f"ansible_ssh_common_args='-o UserKnownHostsFile={job.fleet / 'known_addresses'} -o IdentitiesOnly=yes'\n"
        + f'sysctl="{SYSCTL}"\n'
    )
    env = {
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_FORKS": str(job.workers),
        "ANSIBLE_STRATEGY": "linear",
        "ANSIBLE_NOCOLOR": "True",
    }
    argv = [str(THEIRS / "ansible-playbook"), "-i", str(inventory), str(playbook)]

    def count(text: str) -> int:
        recap = text.partition("PLAY RECAP")[2]
        return len(re.findall(r"^\S+ +: ok=\d+ +changed=\d+ +unreachable=0 +failed=0 ", recap, re.MULTILINE))

    return Command(argv, count, env)


STOREFLEET = Side("storefleet", _storefleet)
RECORDED = Side("storefleet --record", _recorded)
FLOOR = Side("floor", lambda job: _floor(job, "read"))
CONNECT = Side("connect only", lambda job: _floor(job, "connect"))
ANSIBLE = Side("ansible-playbook", _ansible)
PYINFRA = Side("pyinfra", _pyinfra)
NETMIKO = Side("nornir + netmiko", _netmiko)
