"""The language itself: values, the ways through a play, and what a plan binds of what nobody knows yet."""

import dataclasses
import textwrap

import msgspec
import pytest
from playbook_world import KEY, Shell, bound, ends, host_state, plan, run, said

from storefleet.errors import Moved, NotAllowed
from storefleet.fleet.binding import Binding
from storefleet.fleet.drive import drive
from storefleet.fleet.looking import Surroundings
from storefleet.fleet.making import Making
from storefleet.fleet.planning import Planning
from storefleet.model.changes import MakeFolder, On
from storefleet.model.plan import HostPlan, Recap, Undecided
from storefleet.modules import remote
from storefleet.playbook.run import run_host
from storefleet.playbook.state import Tags


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "KEPT", str(tmp_path / "kept"))
    return Shell("sh")


# -- values


def test_a_task_outweighs_a_play_and_what_was_set_outweighs_both(tmp_path, shell):
    _, _, state = run(
        tmp_path,
        shell,
        """\
        - debug: {msg: "{{ level }}"}
        - debug: {msg: "{{ level }}"}
          vars: {level: task}
        - set_fact: {level: fact}
        - debug: {msg: "{{ level }}"}
          vars: {level: task}
        """,
        variables="{level: play}",
    )
    assert said(state) == ["play", "task", "fact"]


def test_a_variable_may_be_made_of_another_and_never_of_itself(tmp_path, shell):
    tasks = '- debug: {msg: "{{ greeting }}"}\n- debug: {msg: "{{ a }}"}\n'
    _, _, state = run(
        tmp_path, shell, tasks, variables='{greeting: "hello {{ name }}", name: "you", a: "{{ b }}", b: "{{ a }}"}'
    )
    assert said(state)[0] == "hello you"
    assert "made of itself" in said(state)[1]
    assert state.failure is not None


def test_what_a_device_says_is_never_a_template(tmp_path, shell):
    _, _, state = run(
        tmp_path,
        shell,
        """\
        - command: printf '%s' '{{ '{{' }} 1 + 1 {{ '}}' }}'
          register: said
        - set_fact: {kept: "{{ said.stdout }}"}
        - debug: {msg: "{{ said.stdout }}|{{ kept }}"}
        - debug: {msg: "{{ item }}"}
          loop: ["{{ said.stdout }}"]
        """,
    )
    assert said(state) == ["{{ 1 + 1 }}|{{ 1 + 1 }}", "{{ 1 + 1 }}"]


def test_a_condition_that_is_neither_true_nor_false_fails_instead_of_guessing(tmp_path, shell):
    planned, _, _ = run(tmp_path, shell, "- debug: {}\n  when: word\n", variables='{word: "no"}')
    assert planned.failure is not None
    assert "`| bool` makes it one" in planned.failure.why


def test_an_argument_that_is_omitted_is_not_there(tmp_path, shell):
    planned, session, _ = run(
        tmp_path, shell, '- copy: {content: x, dest: DIR/x, mode: "{{ none_such | default(omit) }}", OWN}\n'
    )
    assert session.changes[0].mode == 0o644
    assert planned.failure is None


# -- ways


def test_a_rescue_runs_only_after_a_failure_and_always_runs_in_any_case(tmp_path, shell):
    _, _, state = run(
        tmp_path,
        shell,
        """\
        - block:
            - fail: {msg: on purpose}
            - debug: {msg: not reached}
          rescue:
            - debug: {msg: "{{ ansible_failed_task.name }}: {{ ansible_failed_result.msg }}"}
          always:
            - debug: {msg: always}
        - debug: {msg: goes on}
        """,
    )
    assert said(state) == ["fail: on purpose", "always", "goes on"]
    assert state.failure is None
    assert state.recap == Recap(ok=3, rescued=1)


def test_what_fails_in_a_rescue_fails_the_host_after_always(tmp_path, shell):
    _, _, state = run(
        tmp_path,
        shell,
        """\
        - block:
            - fail: {msg: first}
          rescue:
            - fail: {msg: second}
          always:
            - debug: {msg: always}
        - debug: {msg: not reached}
        """,
    )
    assert said(state) == ["always"]
    assert state.failure is not None
    assert state.failure.why == "second"
    assert state.recap == Recap(ok=1, rescued=1, failed=1)


def test_a_loop_goes_over_all_items_even_where_one_fails(tmp_path, shell):
    _, _, state = run(
        tmp_path,
        shell,
        """\
        - command: test {{ item }} != 2
          loop: [1, 2, 3]
          register: tested
          ignore_errors: true
          changed_when: false
        - debug: {msg: "{{ tested.results | map(attribute='failed') | list }}"}
        """,
    )
    assert said(state) == ["[false, true, false]"]
    assert state.recap == Recap(ok=2, ignored=1)


def test_a_task_is_tried_until_it_holds(tmp_path, shell):
    _, _, state = run(
        tmp_path,
        shell,
        """\
        - shell: echo x >>DIR/tries; test "$(wc -l <DIR/tries)" -ge 3
          register: tries
          until: tries.rc == 0
          retries: 5
          delay: 0
        - debug: {msg: "{{ tries.attempts }}"}
        """,
    )
    assert said(state) == ["3"]


def test_tags_pick_tasks_and_never_runs_only_where_it_is_named(tmp_path, shell):
    tasks = """\
        - debug: {msg: plain}
        - debug: {msg: one}
          tags: one
        - debug: {msg: always}
          tags: always
        - debug: {msg: never}
          tags: [never, rare]
        """
    expected = {
        Tags(): ["plain", "one", "always"],
        Tags(frozenset({"one"})): ["one", "always"],
        Tags(frozenset({"rare"})): ["always", "never"],
        Tags(skipped=frozenset({"one"})): ["plain", "always"],
    }
    for tags, words in expected.items():
        assert said(run(tmp_path, shell, tasks, tags=tags)[2]) == words


def test_handlers_run_once_in_their_own_order_and_may_tell_each_other(tmp_path, shell):
    handlers = """\
        - name: second
          shell: echo second >>DIR/log
          notify: third
        - name: first
          shell: echo first >>DIR/log
        - name: third
          shell: echo third >>DIR/log
        - name: unused
          shell: echo unused >>DIR/log
        - name: listens
          listen: [web, other]
          shell: echo listens >>DIR/log
        """
    tasks = """\
        - copy: {content: a, dest: DIR/a, OWN}
          notify: [first, second, web]
        - copy: {content: b, dest: DIR/b, OWN}
          notify: first
        """
    run(tmp_path, shell, tasks, handlers=handlers)
    assert (tmp_path / "host" / "log").read_text().split() == ["second", "first", "third", "listens"]


def test_a_notification_that_nobody_hears_fails_the_task_that_sends_it(tmp_path, shell):
    handlers = "- name: restart pos\n  shell: echo restarted >>DIR/log\n"
    tasks = """\
        - copy: {content: a, dest: DIR/a, OWN}
          notify: "restart {{ 'pos' }}"
        - copy: {content: b, dest: DIR/b, OWN}
          notify: "restart {{ 'printer' }}"
        """
    planned, _, _ = run(tmp_path, shell, tasks, handlers=handlers)
    assert planned.failure.why == "notify: no handler is called 'restart printer'"
    planned, _, state = run(
        tmp_path, shell, tasks.replace("printer", "pos").replace("content: b", "content: c"), handlers=handlers
    )
    assert (planned.failure, state.failure, (tmp_path / "host/log").read_text()) == (None, None, "restarted\n")


def test_a_command_has_its_environment_its_folder_and_its_input(tmp_path, shell):
    _, _, state = run(
        tmp_path,
        shell,
        """\
        - shell: echo "$WORD $(pwd) $(cat)"
          args: {chdir: DIR, stdin: given}
          environment: {WORD: "it's {{ 1 + 1 }}"}
          register: told
        - debug: {msg: "{{ told.stdout }}"}
        """,
    )
    assert said(state) == [f"it's 2 {tmp_path / 'host'} given"]


# -- what nobody knows yet

UNKNOWN = """\
    - command: echo yes
      register: asked
    - copy: {content: x, dest: DIR/maybe, OWN}
      when: asked.stdout == 'yes'
    - copy: {content: "{{ asked.stdout }}", dest: DIR/later, OWN}
    - copy: {content: sure, dest: DIR/sure, OWN}
    """


def test_a_plan_says_what_may_come_and_what_only_the_device_decides(tmp_path, shell):
    planned, session, made = run(tmp_path, shell, UNKNOWN)
    assert [(change.target.rpartition("/")[2], change.chance) for change in session.changes] == [
        ("echo", "sure"),
        ("maybe", "maybe"),
        ("sure", "sure"),
    ]
    (later,) = planned.undecided
    assert (later.task, later.change_class) == ("copy", "config")
    assert "asked is known only when its task has run" in later.why
    assert ends(made) == ["changed"] * 4
    assert {path.name: path.read_text() for path in (tmp_path / "host").iterdir()} == {
        "maybe": "x",
        "later": "yes",
        "sure": "sure",
    }


def test_what_may_come_need_not(tmp_path, shell):
    _, session, made = run(tmp_path, shell, UNKNOWN.replace("== 'yes'", "== 'no'"))
    assert ends(made) == ["changed", "skipped", "changed", "changed"]
    assert not (tmp_path / "host" / "maybe").exists()
    assert len(session.changes) == 3


def test_a_task_left_to_the_device_may_not_become_worse_than_the_plan_said(tmp_path, shell):
    changes, _ = plan(tmp_path, shell, "- copy: {content: x, dest: DIR/x, OWN}\n")
    for change_class, fits in (("none", False), ("config", True)):
        binding = Binding((), {1: Undecided(1, "copy", "", change_class)})
        session = Making(shell, "S0001-pos1", binding, KEY, "r")
        if fits:
            session.answer(changes[0])
        else:
            with pytest.raises(Moved):
                session.answer(changes[0])
    assert (tmp_path / "host" / "x").exists()


def test_a_change_that_must_come_cannot_be_passed_over(tmp_path, shell):
    changes, _ = plan(tmp_path, shell, "".join(f"- copy: {{content: x, dest: DIR/{n}, OWN}}\n" for n in "ab"))
    session = Making(shell, "S0001-pos1", bound(changes), KEY, "r")
    with pytest.raises(Moved):
        session.answer(changes[1])
    assert session.left == 2


def test_a_question_is_asked_while_planning_and_its_answer_decides(tmp_path, shell):
    tasks = """\
        - command: echo yes
          register: asked
          changed_when: false
          check_mode: false
        - copy: {content: "{{ asked.stdout }}", dest: DIR/x, OWN}
        """
    planned, session, _ = run(tmp_path, shell, tasks)
    assert [change.content for change in session.changes] == [b"yes"]
    assert planned.undecided == []


def test_what_stands_behind_a_command_is_bound_by_its_place_alone(tmp_path, shell):
    tasks = """\
        - shell: printf 'a=1\\nb=2\\n' >DIR/conf
          args: {creates: DIR/none}
        - lineinfile: {path: DIR/conf, line: a=3, regexp: ^a=}
        """
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "conf").write_text("a=1\n")
    planned, session, made = run(tmp_path, shell, tasks)
    assert [change.loose for change in session.changes] == [False, True]
    assert planned.failure is None
    assert made.failure is None
    assert (tmp_path / "host" / "conf").read_text() == "a=3\nb=2\n"


def test_a_rescue_that_may_be_needed_is_part_of_the_plan_and_of_no_count(tmp_path, shell):
    tasks = """\
        - block:
            - copy: {content: new, dest: DIR/x, OWN}
            - command: test -e DIR/{{ wanted }}
          rescue:
            - copy: {content: old, dest: DIR/x, OWN}
        """
    planned, session, made = run(tmp_path, shell, tasks, variables="{wanted: none}")
    assert [(change.chance, getattr(change, "content", b"")) for change in session.changes] == [
        ("unless", b"new"),
        ("unless", b""),
        ("maybe", b"old"),
    ]
    assert planned.recap == Recap(ok=1, changed=1, skipped=1)
    assert made.failure is None
    assert made.recap == Recap(ok=2, changed=2, rescued=1)
    assert (tmp_path / "host" / "x").read_text() == "old"


def test_a_check_mode_of_its_own_makes_nothing_when_the_rest_is_made(tmp_path, shell):
    _, session, made = run(tmp_path, shell, "- copy: {content: x, dest: DIR/x, OWN}\n  check_mode: true\n")
    assert session.changes == []
    assert ends(made) == ["changed"]
    assert not (tmp_path / "host" / "x").exists()


# -- another host


def test_another_host_is_looked_at_and_never_changed(tmp_path, shell):
    asked = []

    class Other:
        def answer(self, effect):
            asked.append(effect)
            return shell.answer(effect)

        def close(self):
            asked.append("closed")

    around = Surroundings(other=lambda name: Planning(Other(), name))
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "there").write_text("x")
    tasks = "- stat: {path: DIR/there}\n  delegate_to: S0001-{{ kind }}\n  register: seen\n"
    tasks += "- debug: {msg: '{{ seen.stat.size }}'}\n"
    session = Planning(shell, "S0001-pos1", around)
    state = drive(run_host(host_state(tmp_path, tasks, variables="{kind: router}", planning=True)), session)
    assert said(state) == ["1"]
    assert asked
    with pytest.raises(NotAllowed):
        session.answer(On("S0001-router", MakeFolder(path="/x", mode=0, owner="", group="", before=None)))
    session.close()
    assert asked[-1] == "closed"


# -- what a result means


def test_facts_that_judge_a_result_are_read_before_and_the_module_runs_once(tmp_path, shell):
    reads = []

    def facts():
        yield from ()
        reads.append(1)
        return {"system": {"hostname": "till"}}

    tasks = """\
        - shell: echo x >>DIR/runs
          register: ran
          changed_when: ansible_hostname == 'till' and ran.rc == 0
        """
    around = Surroundings(facts=facts)
    planning = Planning(shell, "S0001-pos1", around)
    states = [host_state(tmp_path, textwrap.dedent(tasks), planning=planning) for planning in (True, False)]
    for state in states:
        state.scope.facts = None
        state.plays = tuple(dataclasses.replace(play, gather_facts=True) for play in state.plays)
    drive(run_host(states[0]), planning)
    making = Making(shell, "S0001-pos1", bound(planning.changes), KEY, "r", around)
    made = drive(run_host(states[1]), making)
    assert (ends(made), made.failure) == (["changed"], None)
    assert (tmp_path / "host" / "runs").read_text() == "x\n"
    assert reads


def test_a_condition_of_a_result_that_cannot_be_judged_fails_the_task_and_may_be_ignored(tmp_path, shell):
    conditions = (
        "until: ran.none_such == 1",
        "changed_when: ran.none_such == 1",
        "retries: \"{{ 'many' }}\"\n  until: ran.rc == 0",
    )
    for words in conditions:
        tasks = f"- command: echo x\n  register: ran\n  {words}\n  ignore_errors: true\n- debug: {{msg: goes on}}\n"
        _, _, made = run(tmp_path, shell, tasks)
        assert (ends(made), made.failure) == (["ignored", "ok"], None), words


def test_half_a_character_of_a_device_does_not_keep_a_plan_from_being_written(tmp_path, shell):
    tasks = r"""
        - command: echo '{"a":"\ud83d"}'
          check_mode: false
          changed_when: false
          register: told
        - debug: {msg: "it says {{ (told.stdout | from_json).a }}"}
        - fail: {msg: "{{ (told.stdout | from_json).a }}"}
        """
    state, _, _ = run(tmp_path, shell, tasks)
    assert state.said == ["it says \\ud83d"]
    assert state.failure.account.endswith("\\ud83d")
    whole = HostPlan("h", "S0001", (), "none", 0, 0, said=tuple(state.said), refused=state.failure.account)
    assert b"it says" in msgspec.json.encode(whole)


def test_who_is_notified_may_be_known_only_on_the_device_or_by_its_facts(tmp_path, shell):
    """A plan then counts every handler among what may come; one that none of them hears still fails the task."""
    handlers = "".join(
        f"- name: restart {name}\n  copy: {{content: x, dest: DIR/{name}, OWN}}\n" for name in ("pos", "till", "both")
    )
    tasks = """\
        - command: echo pos
          register: which
        - copy: {content: a, dest: DIR/a, OWN}
          notify: "restart {{ which.stdout }}"
        """
    planned, planning, made = run(tmp_path, shell, tasks, handlers=handlers)
    assert (planned.failure, made.failure) == (None, None)
    assert [change.chance for change in planning.changes if change.task.startswith("restart")] == ["maybe"] * 3
    assert [(tmp_path / "host" / name).exists() for name in ("pos", "till", "both")] == [True, False, False]
    _, _, made = run(tmp_path, shell, tasks.replace("echo pos", "echo printer").replace("DIR/a", "DIR/b"))
    assert made.failure.why == "notify: no handler is called 'restart printer'"


def test_facts_that_say_who_is_notified_are_read_before_the_task_runs(tmp_path, shell):
    def facts():
        yield from ()
        return {"system": {"hostname": "till"}}

    around = Surroundings(facts=facts)
    tasks = '- shell: echo x >>DIR/runs\n  notify: "restart {{ ansible_hostname }}"\n'
    handlers = "- name: restart till\n  copy: {content: x, dest: DIR/told, OWN}\n"
    planning = Planning(shell, "S0001-pos1", around)
    states = [host_state(tmp_path, tasks, handlers=handlers, planning=planning) for planning in (True, False)]
    for state in states:
        state.scope.facts = None
        state.plays = tuple(dataclasses.replace(play, gather_facts=True) for play in state.plays)
    drive(run_host(states[0]), planning)
    making = Making(shell, "S0001-pos1", bound(planning.changes), KEY, "r", around)
    made = drive(run_host(states[1]), making)
    assert made.failure is None
    assert (tmp_path / "host/runs").read_text() == (tmp_path / "host/told").read_text() + "\n"
