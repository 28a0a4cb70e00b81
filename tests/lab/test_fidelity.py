"""Whole playbooks, run by our engine on tills without Python, against what ansible-playbook made of them.

The recordings are made by ``make record-fidelity``. Compared is what each run changed on the till (files, packages,
services, accounts, kernel), how its tasks were counted, and what it brought home.
"""

from __future__ import annotations

import json
import shutil
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import fidelity
import pytest
import yaml

from storefleet.lab.lab import Lab

pytestmark = pytest.mark.lab
REPOSITORY = Path(__file__).parents[2]
STOREFLEET = str(Path(sys.executable).with_name("storefleet"))
DIFFERENCES = yaml.safe_load((fidelity.FOLDER / "differences.yaml").read_text())
NAMES = fidelity.playbooks()


@pytest.fixture(scope="module")
def end_lab(lab_or_skip):
    yield
    Lab("fidelity", REPOSITORY).down()


def test_every_playbook_is_recorded_as_it_stands():
    recorded = {path.stem for path in fidelity.RECORDED.glob("*.json")}
    assert recorded == set(NAMES), "run: make record-fidelity"
    stale = [name for name in NAMES if fidelity.recording(name)["playbook"] != fidelity.digest(name)]
    assert not stale, "run: make record-fidelity FIDELITY='" + " ".join(stale) + "'"


def test_every_difference_on_purpose_names_a_playbook_and_says_why():
    for one in DIFFERENCES:
        assert set(one) == {"playbook", "where", "why"}, one
        assert [name for name in NAMES if fnmatchcase(name, one["playbook"])], one


@pytest.mark.parametrize("name", NAMES)
def test_a_playbook_ends_as_under_ansible(end_lab, tmp_path, name):
    recorded = fidelity.recording(name)
    ours = Ours(name, tmp_path).runs()
    theirs = lines(recorded["runs"], recorded.get("fetched", {}))
    mine = lines(ours["runs"], ours["fetched"])
    # A count that our documents do not give is not compared.
    asked = {where for where in {*theirs, *mine} if " recap " not in where or where in mine}
    other = {where for where in asked if theirs.get(where) != mine.get(where)}
    on_purpose = [one for one in DIFFERENCES if fnmatchcase(name, one["playbook"])]
    for one in on_purpose:
        assert any(fnmatchcase(where, one["where"]) for where in other), f"no such difference any more: {one}"
    left = [where for where in sorted(other) if not any(fnmatchcase(where, one["where"]) for one in on_purpose)]
    told = [f"{where}\n    Ansible {theirs.get(where)!r}\n    ours    {mine.get(where)!r}" for where in left]
    assert not told, "\n".join([*told, *ours["words"]])


def lines(runs: dict, fetched: dict) -> dict[str, object]:
    """Return what is compared, one value a line."""
    found: dict[str, object] = {f"fetched {path}": text for path, text in fetched.items()}
    for word, run in runs.items():
        for till, counts in run["recap"].items():
            found |= {f"{word} recap {till} {count}": number for count, number in counts.items()}
        for till, sections in run["left"].items():
            for section, entries in sections.items():
                named = entries if isinstance(entries, dict) else {"": entries}
                found |= {f"{word} left {till} {section} {key}".rstrip(): value for key, value in named.items()}
    return found


class Ours:
    """One playbook under our engine: a plan (Ansible's check mode), an apply, and both again."""

    def __init__(self, name: str, work: Path) -> None:
        self.name, self.work = name, work
        self.tills = fidelity.tills_of(name)
        self.lab = fidelity.fresh("fidelity", REPOSITORY, python=False)
        self.playbooks = self.lab.place.fleet / "playbooks"
        shutil.copytree(fidelity.FOLDER, self.playbooks, dirs_exist_ok=True, ignore=shutil.ignore_patterns("recorded"))
        for audit in (self.lab.place.fleet / "audits").glob("*.yaml"):
            audit.unlink()  # a change that leaves a till worse than it was goes back by itself, which is not asked here
        self.words: list[str] = []

    def runs(self) -> dict:
        states, runs = [self.look()], {}
        for word, verb in (("check", self.plan), ("first", self.apply), ("second", self.again)):
            recap = verb()
            states.append(self.look())
            runs[word] = {"recap": recap, "left": self.differences(states[-2], states[-1])}
        return {"runs": runs, "fetched": fidelity.fetched(self.playbooks / "fetched"), "words": self.words}

    def plan(self) -> dict:
        return self.counted("plan", f"{self.name}.yaml", "-l", ",".join(self.tills), "-o", str(self.work / "plan"))

    def apply(self) -> dict:
        return self.counted("apply", str(self.work / "plan"))

    def again(self) -> dict:
        self.plan()
        return self.apply()

    def counted(self, verb: str, *arguments: str) -> dict:
        """Return per till the words of Ansible's recap, as far as our document gives them: tasks, not their items."""
        told = self.storefleet(verb, *arguments)
        return {host["host"]: host.get("recap", {}) for host in told["hosts"]}

    def storefleet(self, verb: str, *arguments: str) -> dict:
        argv = [STOREFLEET, verb, "--fleet", str(self.lab.place.fleet), *arguments, "--format", "json"]
        done = self.lab.exec(argv)
        self.words += [f"-- {verb}: exit {done.returncode}", *done.stderr.splitlines()[-5:]]
        if not done.stdout:
            pytest.fail("\n".join(self.words))
        return json.loads(done.stdout)

    def look(self) -> dict:
        return {till: fidelity.look(self.lab, till) for till in self.tills}

    def differences(self, before: dict, after: dict) -> dict:
        found = {till: fidelity.changes(self.lab, till, before[till], after[till]) for till in self.tills}
        return {till: change for till, change in found.items() if change}
