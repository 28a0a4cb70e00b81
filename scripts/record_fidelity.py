"""Run the playbooks of tests/lab/fidelity under ansible-playbook on tills with Python; record what each run changed.

Each playbook meets a lab made anew: check mode, a first run, a second run. The recording is text; CI replays it
against our own engine on tills without Python. Names of playbooks as arguments record only those; ``--check`` records
nothing and tells whether the recordings are current.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "plugins")]

import fidelity  # noqa: E402

from storefleet.lab.lab import Lab  # noqa: E402

BENCH = ROOT / ".venv-bench"
LAB = "fidelity-ansible"
CALLBACKS = ROOT / "scripts" / "ansible_callback"


def version() -> str:
    done = subprocess.run([BENCH / "bin/ansible-playbook", "--version"], capture_output=True, text=True, check=True)
    return re.search(r"core ([0-9.]+)", done.stdout)[1]


def inventory(lab: Lab) -> str:
    """Return the tills as Ansible's inventory names them, with the lab's own key and pinned host keys."""
    common = f"-o IdentitiesOnly=yes -o UserKnownHostsFile={lab.place.fleet}/inventory/known_hosts"
    lines = ["[till]"]
    for name in fidelity.TILLS:
        extra = f"ansible_ssh_common_args='{common} -o HostKeyAlias={name}'"
        lines.append(f"{name} ansible_host={lab.plan.device(name).address} {extra}")
    key = lab.place.keys / "till-change"
    lines += ["[S0001:children]", "till", "[all:vars]", "ansible_user=sf-change"]
    lines += [f"ansible_ssh_private_key_file={key}", "ansible_python_interpreter=/usr/bin/python3"]
    return "\n".join(lines) + "\n"


class Bench:
    """A folder with the playbooks, an inventory and Ansible's own scratch, for one playbook."""

    def __init__(self, lab: Lab, name: str, work: Path) -> None:
        self.lab, self.name, self.work = lab, name, work
        self.tills = fidelity.tills_of(name)
        shutil.copytree(fidelity.FOLDER, work / "play", ignore=shutil.ignore_patterns("recorded", "*.pyc"))
        (work / "inventory.ini").write_text(inventory(lab))
        self.environment = {
            **{word: os.environ[word] for word in ("PATH",)},
            "HOME": str(work),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": str(work / "home"),
            "ANSIBLE_COLLECTIONS_PATH": str(BENCH / "collections"),
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "fidelity",
            "ANSIBLE_INJECT_FACT_VARS": "True",
            "ANSIBLE_DEPRECATION_WARNINGS": "False",
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "True",
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=10s",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(work / "cp"),
            "FIDELITY_LOG": str(work / "log.json"),
        }

    def run(self, *more: str) -> dict:
        """Run the playbook once; return its exit code, recap and tasks."""
        argv = [str(BENCH / "bin/ansible-playbook"), "-i", str(self.work / "inventory.ini"), f"{self.name}.yaml"]
        argv += ["--limit", ",".join(self.tills), *more]
        log = self.work / "log.json"
        log.unlink(missing_ok=True)
        done = subprocess.run(
            self.lab.head_office_argv(argv),
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.work / "play",
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=300,
        )
        if "-v" in sys.argv or not log.exists():
            print(done.stdout, done.stderr, file=sys.stderr)
        if not log.exists():
            raise SystemExit(f"{self.name} does not run under Ansible")
        told = json.loads(log.read_text())
        for entry in told["tasks"]:
            for part in ("ended", "said", "items", "retried"):
                if part in entry:
                    entry[part] = dict(sorted(entry[part].items()))
        return {"exit": done.returncode, **told}

    def look(self) -> dict:
        return {till: fidelity.look(self.lab, till) for till in self.tills}

    def differences(self, before: dict, after: dict) -> dict:
        found = {till: fidelity.changes(self.lab, till, before[till], after[till]) for till in self.tills}
        return {till: change for till, change in found.items() if change}


def record(name: str) -> dict:
    lab = fidelity.fresh(LAB, ROOT, python=True)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(lab, name, Path(folder))
        runs, states = {}, [bench.look()]
        for word, more in (("check", ["--check"]), ("first", []), ("second", [])):
            told = bench.run(*more)
            states.append(bench.look())
            runs[word] = {**told, "left": bench.differences(states[-2], states[-1])}
        home = fidelity.fetched(bench.work / "play" / "fetched")
    result = {"playbook": fidelity.digest(name), "ansible-core": version(), "runs": runs}
    return {**result, "fetched": home} if home else result


def text_of(value: object, indent: str = "") -> str:
    """Return JSON that diffs well: sorted, and one line for what fits into one."""
    line = json.dumps(value, ensure_ascii=False, sort_keys=True)
    if len(indent + line) <= 110 or not isinstance(value, dict | list):
        return line
    deeper = indent + " "
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {text_of(one, deeper)}" for key, one in sorted(value.items())]
    else:
        parts = [text_of(one, deeper) for one in value]
    first, last = "{}" if isinstance(value, dict) else "[]"
    return f"{first}\n{deeper}" + f",\n{deeper}".join(parts) + f"\n{indent}{last}"


def main() -> int:
    os.umask(0o022)
    names = [word for word in sys.argv[1:] if not word.startswith("-")] or fidelity.playbooks()
    other = []
    try:
        for name in names:
            path, recorded = fidelity.RECORDED / f"{name}.json", record(name)
            if "--check" in sys.argv:
                before = json.loads(path.read_text()) if path.exists() else {}
                if {**before, "ansible-core": 0} != {**recorded, "ansible-core": 0}:
                    other.append(name)
            else:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text_of(recorded) + "\n")
            counts = [f"{word} {run['exit']} {run['recap']}" for word, run in recorded["runs"].items()]
            print(name, *counts, sep="\n  ", flush=True)
    finally:
        Lab(LAB, ROOT).down()
    if "--check" in sys.argv:
        word = f"NOT as recorded: {', '.join(other)}" if other else "as recorded"
        print(f"{len(names)} playbooks under ansible-core {version()}: {word}")
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main())
