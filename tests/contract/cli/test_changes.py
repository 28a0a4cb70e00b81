"""undo, tags, notes of a plan and `check --ansible` as a person meets them."""

import json

import pytest
from change_world import ME, MINE
from command_line import storefleet


def run(verb, fleet, *words):
    return storefleet(verb, *words, "--fleet", fleet)


def x_of(tmp_path, till="S0001-pos1"):
    return tmp_path / "hosts" / till / "x"


def applied(fleet, playbook, tmp_path, *words):
    """Apply a playbook to one till; return the run that changed it."""
    assert run("plan", fleet, playbook, "-l", "S0001-pos1", "-o", tmp_path / "plan.json", *words).code == 0
    done = run("apply", fleet, tmp_path / "plan.json", "--format", "json")
    assert done.code == 0, done.err
    return done.document["run"]


def test_undo_plans_the_way_back_and_apply_makes_it(fleet, hosts, playbook, tmp_path):
    x_of(tmp_path).write_text("was\n")
    changed = applied(fleet, playbook(), tmp_path)
    assert x_of(tmp_path).read_text() == "x\n"
    undo = run("undo", fleet, changed, "-o", tmp_path / "undo.json")
    assert (undo.code, "-x" in undo.out, "+was" in undo.out) == (0, True, True), undo.out + undo.err
    assert x_of(tmp_path).read_text() == "x\n"
    assert run("apply", fleet, tmp_path / "undo.json").code == 0
    assert x_of(tmp_path).read_text() == "was\n"
    again = run("undo", fleet, changed, "-o", tmp_path / "again.json")
    assert (again.code, "0 changes" in again.out) == (0, True), again.out


def test_what_was_changed_since_is_told_and_left_alone(fleet, hosts, playbook, tmp_path):
    changed = applied(fleet, playbook(), tmp_path)
    x_of(tmp_path).write_text("by hand\n")
    undo = run("undo", fleet, changed, "-o", tmp_path / "undo.json")
    assert (undo.code, "moved since" in undo.out, "0 changes" in undo.out) == (0, True, True), undo.out


@pytest.mark.parametrize(("name", "words"), [("none-such", "there is no run"), ("plan-only", "there is no run")])
def test_what_cannot_be_taken_back_is_refused(fleet, hosts, playbook, tmp_path, name, words):
    applied(fleet, playbook(), tmp_path)
    done = run("undo", fleet, name, "-o", tmp_path / "undo.json")
    assert (done.code, words in done.err) == (2, True), done.err
    assert not (tmp_path / "undo.json").exists()


def test_runs_show_tells_what_was_changed_where_from_which_plan(fleet, hosts, playbook, tmp_path):
    changed = applied(fleet, playbook(), tmp_path)
    shown = storefleet("runs", "show", changed, "--fleet", fleet)
    plan = json.loads((tmp_path / "plan.json").read_text())["run"]["id"]
    for words in (f"plan {plan}", "changed  S0001-pos1", "hosts/S0001-pos1/x", "kept on each device in"):
        assert words in shown.out
    kept = list((fleet / "var" / "plans").glob("*.json"))
    assert [path.stat().st_mode & 0o077 for path in kept] == [0]
    document = storefleet("runs", "show", changed, "--fleet", fleet, "--format", "json").document
    assert [(end["host"], end["ended"]) for end in document["applied"]] == [("S0001-pos1", "changed")]


def test_tags_are_part_of_the_plan(fleet, hosts, playbook, tmp_path):
    own = f"owner: {ME}, group: {MINE}"
    tasks = "".join(
        f"    - copy: {{content: x, dest: '{tmp_path}/hosts/{{{{ host.name }}}}/{name}', {own}}}\n      tags: {name}\n"
        for name in ("a", "b")
    )
    applied(fleet, playbook(tasks), tmp_path, "--tags", "b")
    assert [path.name for path in (tmp_path / "hosts" / "S0001-pos1").iterdir()] == ["b"]


def test_fix_wants_a_file_for_its_plan(fleet):
    done = run("audit", fleet, "--offline", "--fix")
    assert (done.code, "--fix and -o go together" in done.err) == (2, True)


def test_check_tells_what_of_a_tree_of_ansible_runs_here_and_what_stands_in_the_way(tmp_path):
    tree = tmp_path / "tree"
    (tree / "roles" / "r" / "tasks").mkdir(parents=True)
    (tree / "roles" / "r" / "tasks" / "main.yml").write_text("- ufw: {rule: allow}\n")
    (tree / "good.yml").write_text("- hosts: all\n  tasks:\n    - ping:\n")
    (tree / "bad.yml").write_text("- hosts: all\n  connection: local\n  roles: [r]\n")
    (tree / "vars.yml").write_text("a: 1\n")
    done = storefleet("check", "--ansible", tree)
    assert done.code == 1
    assert "good.yml: runs as it is" in done.out
    assert "bad.yml:2: a play has no `connection` here: a host's platform says how it is reached" in done.out
    assert "roles/r/tasks/main.yml:1: there is no module or word `ufw` here" in done.out
    assert "1 of 2 playbooks run as they are" in done.out
    report = storefleet("check", "--ansible", tree, "--format", "json").document
    assert (report["format"], report["words"]) == ("storefleet.ansible-check/1", {"connection": 1, "ufw": 1})
    assert storefleet("check", "--ansible", tmp_path / "none").code == 2
    (tree / "bad.yml").unlink()
    assert storefleet("check", "--ansible", tree).code == 0
