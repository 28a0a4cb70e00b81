"""Run each case of tests/integration/playbook/ansible under ansible-playbook; record how it ends and what it leaves.

The recording is text, per task and version of ansible-core; CI replays it against our own modules without Ansible.
``--check`` only tells whether it is current.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "plugins")]

from playbook_world import LOCAL, seeded, tree  # noqa: E402

FOLDER = ROOT / "tests" / "integration" / "playbook" / "ansible"
ANSIBLE = ROOT / ".venv-bench" / "bin" / "ansible-playbook"
RECAP = re.compile(r"ok=\d+\s+changed=(\d+)\s+unreachable=\d+\s+failed=(\d+)\s+skipped=(\d+)")
PYTHON = ("-e", "ansible_python_interpreter=/usr/bin/python3")


def version() -> str:
    done = subprocess.run([ANSIBLE, "--version"], capture_output=True, text=True, check=True)
    return re.search(r"core ([0-9.]+)", done.stdout)[1]


def run(work: Path, host: Path, task: str) -> str:
    (work / "p.yaml").write_text(
        "- hosts: localhost\n  gather_facts: false\n  vars: {host: {name: S0001-pos1}}\n"
        f"  tasks:\n    - {task.replace('DIR', str(host))}\n"
    )
    quiet = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0"}
    done = subprocess.run(
        [ANSIBLE, "-c", "local", *PYTHON, work / "p.yaml"],
        capture_output=True,
        text=True,
        env={**os.environ, **quiet},
        check=False,
    )
    changed, failed, skipped = map(int, RECAP.search(done.stdout).groups())
    return "failed" if failed else "changed" if changed else "skipped" if skipped else "ok"


def record(task: str) -> dict:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for path, text in LOCAL.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_text(text)
        host = seeded(work / "host")
        first, left = run(work, host, task), tree(host)
        second = run(work, host, task)
        again = tree(host)
    found = {"task": hashlib.sha256(task.encode()).hexdigest(), "ended": [first, second], "left": left}
    return found if again == left else {**found, "left again": again}


def main() -> int:
    os.umask(0o022)
    cases = yaml.safe_load((FOLDER / "cases.yaml").read_text())
    with ThreadPoolExecutor(2) as threads:
        found = threads.map(record, cases.values())
        recorded = {"ansible-core": version(), "cases": dict(zip(cases, found, strict=True))}
    path = FOLDER / "recorded.json"
    if "--check" in sys.argv:
        current = json.loads(path.read_text())["cases"] == recorded["cases"]
        word = "as recorded" if current else "NOT as recorded"
        print(f"{len(cases)} cases under ansible-core {recorded['ansible-core']}: {word}")
        return 0 if current else 1
    path.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
