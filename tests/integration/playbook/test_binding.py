"""What a plan binds and what it must not let pass: commands, what stands behind them, failures, and tries again."""

import msgspec
import pytest
from playbook_world import KEY, Shell, ends, run, said

from storefleet.errors import Moved
from storefleet.fleet.binding import Binding, Bound, digest_of, scope_of
from storefleet.fleet.making import Making
from storefleet.model.changes import Alter, PutFile
from storefleet.model.plan import Undecided
from storefleet.modules import remote


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "KEPT", str(tmp_path / "kept"))
    return Shell("sh")


def making(shell, binding):
    return Making(shell, "S0001-pos1", binding, KEY, "r")


def test_a_change_that_failed_keeps_its_number_so_that_no_other_overwrites_what_was_kept(tmp_path, shell):
    (tmp_path / "host").mkdir()
    for name in "ab":
        (tmp_path / "host" / name).write_text(f"old {name}")
    tasks = """\
        - copy: {dest: DIR/a, content: x, validate: "false %s", OWN}
          ignore_errors: true
        - copy: {dest: DIR/b, content: y, OWN}
        """
    run(tmp_path, shell, tasks)
    kept = tmp_path / "kept" / "r"
    listed = [line.split("\t") for line in (kept / "list").read_text().splitlines()]
    assert [(kept / number).read_text() for number, *_ in listed] == ["old a", "old b"]


def test_a_change_that_failed_may_be_tried_again(tmp_path, shell):
    tasks = """\
        - copy: {dest: DIR/a, content: x, validate: "sh -c 'test -e DIR/once || { touch DIR/once; false; }' %s", OWN}
          register: done
          until: done is not failed
          delay: 0
        """
    _, session, made = run(tmp_path, shell, tasks)
    assert len(session.changes) == 1
    assert ends(made) == ["changed"]
    assert (tmp_path / "host" / "a").read_text() == "x"


def test_a_command_is_bound_by_its_text_behind_another_too(shell):
    planned = Alter(subject="command:sh", action="run", script="echo one", cost="path", loose=True)
    assert scope_of(planned, KEY) == ""
    session = making(shell, Binding([Bound(digest_of(planned, KEY), scope_of(planned, KEY), False, "path")]))
    with pytest.raises(Moved):
        session.answer(msgspec.structs.replace(planned, script="echo other"))
    assert shell.scripts == []


def test_what_is_bound_by_its_place_may_not_become_worse_than_it_was_planned(shell):
    planned = Alter(subject="package:pos", action="install", script=":", cost="service", loose=True)
    session = making(shell, Binding([Bound(digest_of(planned, KEY), scope_of(planned, KEY), False, "service")]))
    with pytest.raises(Moved):
        session.answer(msgspec.structs.replace(planned, script="exit 1", cost="path"))
    assert shell.scripts == []


def test_what_a_command_has_done_already_need_not_be_done_again(tmp_path, shell):
    tasks = """\
        - shell: mkdir -m 755 DIR/d
        - file: {path: DIR/d, state: directory, mode: "0755", OWN}
        - copy: {dest: DIR/e, content: y, OWN}
        """
    planned, session, made = run(tmp_path, shell, tasks)
    assert len(session.changes) == 3
    assert planned.failure is None
    assert ends(made) == ["changed", "ok", "changed"]


def test_a_task_left_to_the_device_may_not_touch_what_no_undo_survives(shell):
    session = making(shell, Binding((), {1: Undecided(1, "copy", "", "path")}))
    fstab = PutFile(path="/etc/fstab", content=b"", mode=0o644, owner="root", group="root", before=None, position=1)
    with pytest.raises(Moved, match="no undo would survive"):
        session.answer(fstab)
    assert shell.scripts == []


def test_a_command_in_check_mode_decides_as_one_that_was_skipped_and_no_condition_over_it_is_guessed(tmp_path, shell):
    tasks = """\
        - command: echo hi
          check_mode: true
          register: asked
        - copy: {dest: DIR/x, content: y, OWN}
          when: asked.stdout == 'hi'
        - debug: {msg: "{{ asked.rc }} {{ asked is skipped }}"}
        """
    planned, session, made = run(tmp_path, shell, tasks)
    assert session.changes == []
    assert planned.undecided == []
    assert ends(made) == ["skipped", "skipped", "ok"]
    assert said(made) == ["0 True"]
    assert not (tmp_path / "host" / "x").exists()


def test_what_a_device_says_is_never_an_expression(tmp_path, shell, monkeypatch):
    monkeypatch.setenv("OURS", "hunter2")
    tasks = """\
        - command: echo "lookup('env', 'OURS')"
          register: told
        - debug: {var: "{{ told.stdout }}"}
        - debug: {var: told.rc}
        - command: echo true
          register: told
        - assert: {that: "{{ told.stdout }}"}
        """
    _, _, made = run(tmp_path, shell, tasks)
    assert said(made) == ["lookup('env', 'OURS')", "0"]
    assert made.failure is not None
    assert "true or false is due here" in made.failure.why


def test_an_expression_of_assert_stands_without_braces(tmp_path, shell):
    planned, _, _ = run(tmp_path, shell, '- assert: {that: ["{{ 1 == 1 }}", "1 == 1", true]}\n')
    assert planned.failure is None
    planned, _, _ = run(tmp_path, shell, '- assert: {that: "{{ 1 }} == 1"}\n')
    assert "without braces" in planned.failure.why


def test_the_words_of_a_hidden_command_are_not_its_target(tmp_path, shell):
    _, session, _ = run(tmp_path, shell, "- shell: TOKEN=hunter2 true\n  no_log: true\n")
    assert session.changes[0].target == "sh"
