"""The order of a play: handlers once, failures, loops, when, register."""

import pytest
from playbook_world import Shell, make, plan

from storefleet.modules import remote


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "KEPT", str(tmp_path / "kept"))
    return Shell("sh")


def ends(found):
    return [(end.task, end.ended) for end in found]


HANDLERS = """\
- name: Tell
  listen: changed
  copy: {content: told, dest: DIR/told, OWN}
- name: Never
  fail: {}
"""


def test_a_handler_runs_once_at_the_end_and_only_when_something_changed(tmp_path, shell):
    tasks = """\
    - name: one
      copy: {content: "{{ item }}", dest: "DIR/{{ item }}", OWN}
      loop: [a, b]
      notify: Tell
    - name: two
      copy: {content: c, dest: DIR/c, OWN}
      notify: changed
    """
    made, found = make(tmp_path, shell, tasks, HANDLERS)
    assert ends(found) == [("one", "changed"), ("two", "changed"), ("Tell", "changed")]
    assert len(made) == 4
    assert ends(make(tmp_path, shell, tasks, HANDLERS)[1]) == [("one", "ok"), ("two", "ok")]


def test_when_and_register_decide_per_item(tmp_path, shell):
    tasks = """\
    - name: first
      copy: {content: x, dest: DIR/x, OWN}
      register: first
    - name: only then
      debug: {msg: "{{ first.dest }}"}
      when: [first is mapping, first.changed]
    - name: some
      copy: {content: y, dest: "DIR/{{ item.name }}", OWN}
      loop: "{{ names }}"
      when: item.wanted
    - name: none
      debug: {msg: no}
      when: false
    - name: fact
      set_fact: {known: "{{ names | length }}"}
    - name: uses it
      debug: {msg: "{{ known }}"}
    """
    variables = "{names: [{name: p, wanted: true}, {name: q, wanted: false}]}"
    made, found = make(tmp_path, shell, tasks, variables=variables)
    assert ends(found) == [
        ("first", "changed"),
        ("only then", "ok"),
        ("some", "changed"),
        ("none", "skipped"),
        ("fact", "ok"),
        ("uses it", "ok"),
    ]
    assert (found[1].why, found[5].why) == (f"{tmp_path}/host/x", "2")
    assert sorted(path.name for path in (tmp_path / "host").iterdir()) == ["p", "x"]
    assert len(made) == 2


def test_a_failed_task_ends_the_host_and_its_handlers_do_not_run(tmp_path, shell):
    tasks = """\
    - name: one
      copy: {content: x, dest: DIR/x, OWN}
      notify: Tell
    - name: bad
      copy: {content: x, dest: DIR/no/such/folder, OWN}
    - name: after
      copy: {content: y, dest: DIR/y, OWN}
    """
    made, found = make(tmp_path, shell, tasks, HANDLERS)
    assert ends(found) == [("one", "changed"), ("bad", "failed")]
    assert "no folder on the device" in found[1].why
    assert len(made) == 1


def test_an_ignored_failure_is_told_and_the_play_goes_on(tmp_path, shell):
    tasks = """\
    - name: bad
      lineinfile: {path: DIR/none, line: x}
      ignore_errors: true
      register: bad
    - name: after
      debug: {msg: "{{ bad.msg }}"}
      when: bad.failed
    """
    assert ends(make(tmp_path, shell, tasks)[1]) == [("bad", "ignored"), ("after", "ok")]


@pytest.mark.parametrize(
    ("task", "why"),
    [
        ("copy: {content: x, dest: etc/x}", "an absolute path is due"),
        ("copy: {content: x, dest: /etc/x, src: y}", "exactly one of src and content"),
        ("copy: {content: x, dest: DIR/x, mode: rw}", "octal digits as in"),
        ("copy: {content: x, dest: DIR/x, mode: 99999}", "octal digits as in"),
        ("copy: {content: x, dest: [DIR/x]}", "text is due"),
        ("copy: {content: x, dest: DIR/folder}", "is a folder"),
        ("copy: {content: x, dest: DIR/link}", "symbolic link"),
        ("lineinfile: {path: DIR/file, line: x, regexp: '('}", "not a regular expression"),
        ("file: {path: DIR/none}", "does not exist"),
        ("file: {path: DIR/file, state: directory}", "is no folder"),
        ("file: {path: DIR/file, state: fifo}", "one of file, directory, link, hard, touch, absent"),
        ("debug: {msg: '{{ host.nothing }}'}", "nothing"),
        ("systemd: {state: started}", "name is due"),
        ("systemd: {name: 'a;b', state: started}", "is no unit"),
        ("fail: {msg: on purpose}", "on purpose"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason_and_touches_nothing(tmp_path, shell, task, why):
    host = tmp_path / "host"
    (host / "folder").mkdir(parents=True)
    (host / "file").write_text("x")
    (host / "binary").write_bytes(b"\xff\xfe")
    (host / "link").symlink_to("file")
    changes, found = plan(tmp_path, shell, f"- {task}\n")
    assert changes == []
    assert found[-1].ended == "failed"
    assert why in found[-1].why


def test_a_variable_of_the_play_is_rendered_where_it_is_used_and_fails_there(tmp_path, shell):
    unused = '{a: "{{ nothing }}"}'
    assert ends(plan(tmp_path, shell, "- copy: {content: x, dest: DIR/x}\n", variables=unused)[1]) == [
        ("copy", "changed")
    ]
    changes, found = plan(tmp_path, shell, '- copy: {content: "{{ a }}", dest: DIR/x}\n', variables=unused)
    assert (changes, ends(found)) == ([], [("copy", "failed")])
    assert "nothing" in found[0].why


def test_no_log_hides_the_words_of_a_failure_too(tmp_path, shell):
    task = "- copy: {content: x, dest: [hunter2]}\n  no_log: true\n"
    assert "hunter2" not in plan(tmp_path, shell, task)[1][-1].why
    assert "hunter2" in plan(tmp_path, shell, task.replace("true", "false"))[1][-1].why


def test_nothing_below_a_linked_folder_is_touched(tmp_path, shell):
    host = tmp_path / "host"
    (host / "real" / "deep").mkdir(parents=True)
    (host / "linked").symlink_to("real")
    for path in ("linked/x", "linked/deep/x", "linked/new/x", "linked/"):
        changes, found = plan(tmp_path, shell, f"- copy: {{content: x, dest: DIR/{path}, OWN}}\n")
        assert changes == []
        assert found[-1].ended == "failed", path
    changes, found = plan(tmp_path, shell, "- file: {path: DIR/linked/deep/y/z, state: directory, OWN}\n")
    assert (changes, found[-1].ended) == ([], "failed")
