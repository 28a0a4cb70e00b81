"""Our modules against what ansible-playbook made of the same tasks: how each ends twice, and what it leaves."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from module_world import World
from playbook_world import Shell, seeded, tree

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
    world, host = World(Shell("sh")), seeded(tmp_path / "host")
    task = CASES[name].replace("DIR", str(host))
    first, left = world.make(task)[1][0], tree(host)
    second = world.make(task)[1][0]
    assert ([first.ended, second.ended], left) == (RECORDED[name]["ended"], RECORDED[name]["left"]), first.why
    assert tree(host) == RECORDED[name].get("left again", RECORDED[name]["left"]), second.why
