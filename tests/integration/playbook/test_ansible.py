"""Our modules against what ansible-playbook made of the same tasks: how each ends twice, and what it leaves."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from playbook_world import Shell, make, seeded, tree

from storefleet.modules import remote

FOLDER = Path(__file__).parent / "ansible"
CASES = yaml.safe_load((FOLDER / "cases.yaml").read_text())
RECORDED = json.loads((FOLDER / "recorded.json").read_text())["cases"]


def test_every_case_is_recorded_as_it_stands():
    tasks = {name: hashlib.sha256(task.encode()).hexdigest() for name, task in CASES.items()}
    assert {name: one["task"] for name, one in RECORDED.items()} == tasks, "run: make record-ansible"


@pytest.mark.parametrize("name", CASES)
def test_a_task_ends_as_under_ansible_and_leaves_the_same(tmp_path, monkeypatch, name):
    monkeypatch.setattr(remote, "KEPT", str(tmp_path / "kept"))
    host = seeded(tmp_path / "host")
    task = f"- {CASES[name]}\n"
    ended = [make(tmp_path, Shell("sh"), task)[1][-1].ended]
    assert tree(host) == RECORDED[name]["left"]
    ended.append(make(tmp_path, Shell("sh"), task)[1][-1].ended)
    assert ended == RECORDED[name]["ended"]
    assert tree(host) == RECORDED[name]["left"]
