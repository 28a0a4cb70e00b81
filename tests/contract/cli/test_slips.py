"""What a tired person mistypes is said where it stands, and never looks like a clean fleet."""

import pytest
from command_line import storefleet

TAGGED = """\
    - debug: {msg: a}
      tags: [motd]
"""


def run(verb, fleet, *words):
    return storefleet(verb, *words, "--fleet", fleet)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tags", "modt"), "--tags modt: no task of playbooks/p.yaml has this tag; did you mean `motd`?"),
        (("--skip-tags", "xyz"), "--skip-tags xyz: no task of playbooks/p.yaml has this tag; there are: motd"),
        (("-l", "S0001", "-l", "S0002"), "-l is given 2 times; write it once, with commas: -l A,B"),
        (("--limit=S0001", "-l", "S0002"), "-l is given 2 times"),
        (("--tags", "motd", "--tags", "all"), "--tags is given 2 times"),
    ],
)
def test_a_word_that_would_leave_something_out_is_refused(fleet, hosts, playbook, words, said):
    done = run("plan", fleet, playbook(TAGGED), *words)
    assert (done.code, said in done.err) == (2, True), done.err


def test_tags_that_are_there_and_the_special_ones_are_taken(fleet, hosts, playbook):
    playbook(TAGGED)
    for words in (("--tags", "motd,all"), ("--tags", "always"), ("--skip-tags", "motd"), ("--skip-tags", "never")):
        assert run("plan", fleet, "p.yaml", *words).code == 0


def test_hosts_that_mean_nothing_are_named_with_their_playbook(fleet, hosts, playbook):
    (fleet / "playbooks").mkdir(exist_ok=True)
    (fleet / "playbooks" / "wrong.yml").write_text("- hosts: S0001-pos7\n  tasks: []\n")
    done = run("plan", fleet, "wrong.yml")
    assert (done.code, done.err.startswith("playbooks/wrong.yml:1: hosts: S0001-pos7: nothing is called")) == (2, True)
    assert "; did you mean wrong.yml?" in run("plan", fleet, "wrogn.yml").err


def test_check_reads_playbooks_by_either_ending(fleet):
    (fleet / "playbooks").mkdir(exist_ok=True)
    (fleet / "playbooks" / "wrong.yml").write_text("- hosts: all\n  tasks:\n    - tempalte: {}\n")
    done = run("check", fleet)
    assert (done.code, "playbooks/wrong.yml:3" in done.err, "did you mean `template`?" in done.err) == (2, True, True)


def test_the_ansible_check_tells_of_a_playbook_that_is_no_yaml(tmp_path):
    (tmp_path / "torn.yml").write_text("- hosts: all\n  tasks:\n    - copy:\n        a: b\n       c: d\n")
    (tmp_path / "vault.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    done = storefleet("check", "--ansible", tmp_path)
    assert done.code == 1
    assert "torn.yml:5: not valid YAML" in done.out
    assert "0 of 1 playbooks run as they are" in done.out


def test_a_module_that_is_not_there_is_no_wall_of_words(fleet, hosts, playbook):
    done = run("plan", fleet, playbook("    - zypper: {name: x}\n"))
    assert "there is no module or word `zypper` here; docs/reference/playbooks.md lists all" in done.err


def test_apply_reads_the_playbook_of_the_fleet_not_one_of_the_same_name_here(
    fleet, hosts, playbook, tmp_path, monkeypatch
):
    playbook()
    assert run("plan", fleet, "p.yaml", "-o", tmp_path / "plan.json").code == 0
    here = tmp_path / "elsewhere"
    (here / "playbooks").mkdir(parents=True)
    monkeypatch.chdir(here)
    (here / "playbooks" / "p.yaml").write_text((fleet / "playbooks" / "p.yaml").read_text())
    with (fleet / "playbooks" / "p.yaml").open("a") as file:
        file.write("# edited\n")
    done = run("apply", fleet, tmp_path / "plan.json")
    assert (done.code, "no longer the playbook that was planned" in done.err) == (2, True), done.err


def test_a_plan_of_a_playbook_beside_the_fleet_is_applied_from_anywhere(fleet, hosts, playbook, tmp_path, monkeypatch):
    text = (fleet / "playbooks" / playbook()).read_text()
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    (here / "own.yaml").write_text(text)
    monkeypatch.chdir(here)
    assert run("plan", fleet, "own.yaml", "-o", tmp_path / "plan.json").code == 0
    monkeypatch.chdir(there)
    assert run("apply", fleet, tmp_path / "plan.json").code == 0


def test_what_comes_next_is_said_and_an_empty_plan_is_not_silent(fleet, hosts, playbook, tmp_path):
    plan = tmp_path / "plan.json"
    first = run("plan", fleet, playbook(), "-o", plan)
    assert first.err.endswith(f"the plan is in {plan}: storefleet apply {plan}\n")
    assert run("apply", fleet, plan).code == 0
    empty = run("plan", fleet, "p.yaml", "-o", plan)
    assert "storefleet apply" not in empty.err
    done = run("apply", fleet, plan)
    assert (done.code, "the plan has no change to make; no host was touched" in done.err) == (0, True)


def test_the_last_apply_can_be_taken_back_by_that_name(fleet, hosts, playbook, tmp_path):
    none = run("undo", fleet, "last", "-o", tmp_path / "u.json")
    assert (none.code, "there is no apply among the runs" in none.err) == (2, True)
    assert run("plan", fleet, playbook(), "-l", "S0001", "-o", tmp_path / "plan.json").code == 0
    assert run("apply", fleet, tmp_path / "plan.json").code == 0
    back = run("undo", fleet, "last", "-o", tmp_path / "u.json")
    assert (back.code, back.out.count("Take back")) == (0, 2), back.err


def test_a_template_may_say_by_whom_it_is_managed(fleet, hosts, playbook):
    done = run("plan", fleet, playbook('    - debug: {msg: "{{ ansible_managed }}"}\n'))
    assert (done.code, "as they must be" in done.out) == (0, True), done.out


def test_an_apply_that_did_not_come_off_ends_with_its_own_exit_code(fleet, hosts, playbook, tmp_path):
    folder, _, _ = hosts
    assert run("plan", fleet, playbook(), "-l", "S0001-pos1", "-o", tmp_path / "p.json").code == 0
    (folder / "S0001-pos1" / "x").write_text("moved\n")
    done = run("apply", fleet, tmp_path / "p.json")
    assert done.code == 3
    assert "1 refused  →  exit 3; again: storefleet runs show " in done.err
