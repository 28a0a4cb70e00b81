"""What ansible-core 2.19 was seen to do in places that no whole playbook of the fidelity suite has."""

import pytest
from playbook_world import Shell, ends, host_state, run, said

from storefleet.errors import InputError, NotAllowed
from storefleet.fleet.drive import drive
from storefleet.fleet.looking import Surroundings
from storefleet.fleet.planning import Planning
from storefleet.modules import remote
from storefleet.playbook.load import load_playbook
from storefleet.playbook.run import run_host
from storefleet.playbook.scope import Data, HostScope
from storefleet.playbook.sources import sources_of
from storefleet.playbook.state import HostState, Tags


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "KEPT", str(tmp_path / "kept"))
    return Shell("sh")


def refused(tmp_path, text):
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(InputError) as fault:
        load_playbook(tmp_path / "p.yaml", "p.yaml")
    return str(fault.value)


def test_a_handler_that_was_told_runs_whatever_the_tags_are(tmp_path, shell):
    _, _, made = run(
        tmp_path,
        shell,
        "- copy: {dest: DIR/b, content: y, OWN}\n  tags: [config]\n  notify: later\n- debug: {msg: other}\n",
        handlers="- name: later\n  command: 'true'\n",
        tags=Tags(frozenset({"config"})),
    )
    assert [end.task for end in made.ends] == ["copy", "later"]


def test_a_list_that_is_not_there_is_no_fault_where_the_condition_says_no(tmp_path, shell):
    planned, _, _ = run(tmp_path, shell, "- debug: {}\n  loop: '{{ nothing_here }}'\n  when: nothing_here is defined\n")
    assert (planned.failure, ends(planned)) == (None, ["skipped"])


def test_a_variable_made_of_one_that_is_not_there_may_have_a_default(tmp_path, shell):
    tasks = "- debug: {msg: \"{{ lazy | default('f') }} {{ lazy is defined }}\"}\n- debug: {msg: '{{ lazy }}'}\n"
    _, _, made = run(tmp_path, shell, tasks, variables="{lazy: '{{ nowhere }}'}")
    assert said(made)[0] == "f False"
    assert "'nowhere' is undefined" in said(made)[1]


def test_retries_alone_try_until_it_does_not_fail(tmp_path, shell):
    tasks = "- shell: echo x >>DIR/count; test $(wc -l <DIR/count) -ge 3\n  retries: 4\n  delay: 0\n"
    _, _, made = run(tmp_path, shell, tasks)
    assert ends(made) == ["changed"]
    assert (tmp_path / "host" / "count").read_text() == "x\n" * 3


def test_what_is_waited_for_is_not_certain_to_fail_when_it_is_planned(tmp_path, shell):
    tasks = """\
        - command: touch DIR/x
        - stat: {path: DIR/x}
          register: seen
          until: seen.stat.exists
          delay: 0
        """
    planned, _, made = run(tmp_path, shell, tasks)
    assert planned.failure is None
    assert ends(made) == ["changed", "ok"]


def test_the_other_host_may_be_the_item_of_a_loop(tmp_path, shell):
    asked = []
    around = Surroundings(other=lambda name: asked.append(name) or Planning(shell, name))
    tasks = "- stat: {path: /}\n  delegate_to: '{{ item }}'\n  loop: [a, b]\n"
    state = drive(run_host(host_state(tmp_path, tasks, planning=True)), Planning(shell, "S0001-pos1", around))
    assert (state.failure, asked) == (None, ["a", "b"])
    with pytest.raises(NotAllowed):
        drive(run_host(host_state(tmp_path, tasks, planning=True)), Planning(shell, "S0001-pos1"))


def test_a_play_has_facts_although_the_one_before_wanted_none(tmp_path, shell):
    (tmp_path / "p.yaml").write_text(
        "- hosts: all\n  gather_facts: false\n  tasks: [{debug: {msg: first}}]\n"
        "- hosts: all\n  tasks: [{debug: {msg: '{{ ansible_hostname }}'}}]\n"
    )
    sources = sources_of(tmp_path / "p.yaml")
    state = HostState(load_playbook(tmp_path / "p.yaml", "p.yaml", sources).plays, HostScope(Data()), sources)

    def facts():
        yield from ()
        return {"system": {"hostname": "till"}}

    drive(run_host(state), Planning(shell, "S0001-pos1", Surroundings(facts=facts)))
    assert said(state) == ["first", "till"]


INCLUDE = "- hosts: all\n  gather_facts: false\n  tasks:\n  - include_tasks: {file: a.yaml, apply: {%s}}\n"


def test_the_condition_of_a_block_holds_for_each_task_of_an_include_in_it(tmp_path, shell):
    (tmp_path / "a.yaml").write_text("- set_fact: {done: true}\n- debug: {msg: second}\n")
    _, _, made = run(tmp_path, shell, "- block:\n    - include_tasks: a.yaml\n  when: not (done | default(false))\n")
    assert ends(made) == ["ok", "skipped"]


def test_a_failure_inside_an_include_is_not_ignored_by_the_include(tmp_path, shell):
    (tmp_path / "a.yaml").write_text("- fail: {msg: inside}\n")
    planned, _, _ = run(tmp_path, shell, "- include_tasks: a.yaml\n  ignore_errors: true\n")
    assert planned.failure is not None


def test_what_an_include_cannot_hand_on_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("- debug: {}\n")
    assert "apply: `become_user` does not reach" in refused(tmp_path, INCLUDE % "become_user: pos")
    assert load_playbook_of(tmp_path, INCLUDE % "tags: 'a, b'").tags == {"a", "b"}


def load_playbook_of(tmp_path, text):
    (tmp_path / "p.yaml").write_text(text)
    (play,) = load_playbook(tmp_path / "p.yaml", "p.yaml").plays
    return play.sections[1][0].entries[0].setting


def test_files_that_take_in_each_other_are_refused_at_once(tmp_path):
    (tmp_path / "a.yaml").write_text("- include_tasks: a.yaml\n" * 3)
    assert refused(tmp_path, INCLUDE % "").count("does it take in itself?") == 1


def test_roles_that_depend_on_each_other_are_refused(tmp_path):
    for one, other in (("a", "b"), ("b", "a")):
        (tmp_path / "roles" / one / "meta").mkdir(parents=True)
        (tmp_path / "roles" / one / "meta" / "main.yaml").write_text(f"dependencies: [{other}]\n")
    assert "role a depends on itself: a -> b -> a" in refused(tmp_path, "- hosts: all\n  roles: [a]\n")


def test_the_variables_of_an_imported_role_are_those_of_the_play(tmp_path, shell):
    for part, text in (("tasks", "- debug: {msg: in}\n"), ("defaults", "given: yes-public\n")):
        (tmp_path / "roles" / "r" / part).mkdir(parents=True)
        (tmp_path / "roles" / "r" / part / "main.yaml").write_text(text)
    _, _, made = run(tmp_path, shell, "- import_role: {name: r}\n- debug: {msg: '{{ given }}'}\n")
    assert said(made) == ["in", "yes-public"]


def test_the_settings_line_of_a_template_is_refused_and_not_written(tmp_path, shell):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "t.j2").write_text("#jinja2: lstrip_blocks: True\na\n")
    planned, _, _ = run(tmp_path, shell, "- template: {src: t.j2, dest: DIR/t, OWN}\n")
    assert "`#jinja2:` sets nothing here" in planned.failure.why


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("{'a': 'é'} | to_json", '{"a": "\\u00e9"}'),
        ("[1, none, [2]] | flatten", "[1, 2]"),
        ("'abc' | regex_search('z') is none", "True"),
    ],
)
def test_filters_give_what_those_of_ansible_give(tmp_path, shell, expression, value):
    _, _, made = run(tmp_path, shell, f'- debug: {{msg: "x{{{{ {expression} }}}}"}}\n')
    assert said(made) == [f"x{value}"]
