"""One script for many looks, one for many changes: the same answers, the same end, and no comparison less."""

from __future__ import annotations

import os
import shutil

import pytest
from tests.plugins.playbook_world import KEY, Shell, bound, host_state, make, plan, seeded, tree

from storefleet.errors import ChangeFailed, Moved
from storefleet.fleet.drive import drive
from storefleet.fleet.looking import Surroundings
from storefleet.fleet.making import Making, first_number
from storefleet.fleet.planning import Planning
from storefleet.fleet.seen import FRESH_S, Seen
from storefleet.model.changes import Inquire, LookAhead, PutFile, ReadFacts, ReadFile, ReadText
from storefleet.playbook.run import run_host

SHELLS = [("dash",), ("busybox", "ash"), ("bash", "--posix")]

TASKS = """\
- file: {path: DIR/new, state: directory, OWN}
- copy: {content: "one\\n", dest: DIR/new/one, mode: "0640", OWN}
- template: {src: b.conf.j2, dest: DIR/new/two, OWN}
- lineinfile: {path: DIR/lines, line: four}
- file: {path: DIR/conf, mode: "0600"}
- file: {path: DIR/crlf, state: absent}
- file: {src: one, dest: DIR/new/link, state: link, OWN}
"""


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def in_one_go(tmp_path, shell, tasks, binding=None):
    """Look once more and make over one session, as ``apply`` does; return the session and how the tasks ended."""
    session = Making(shell, "S0001-pos1", binding or bound(plan(tmp_path, Shell("dash"), tasks)[0]), KEY, "run-1")
    drive(run_host(host_state(tmp_path, tasks, planning=True)), session.second_look())
    state = host_state(tmp_path, tasks)
    state.looks_ahead = False
    drive(run_host(state), session)
    return session, state


@pytest.fixture
def shell(kept_on_the_host):
    """Return the shell of the host, with what a run keeps in a folder that goes."""
    return Shell("dash")


@pytest.fixture
def kept_on_the_host(tmp_path, monkeypatch):
    monkeypatch.setattr("storefleet.modules.remote.KEPT", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.mark.parametrize("argv", SHELLS, ids=" ".join)
def test_what_is_looked_at_ahead_is_what_each_look_alone_says(tmp_path, argv):
    if shutil.which(argv[0]) is None:
        pytest.skip(f"no {argv[0]} here")
    folder = seeded(tmp_path / "host")
    (folder / "below").symlink_to("full")
    (folder / "sp ace'quote").write_text("x\n")
    (folder / "big").write_bytes(b"0123456789abcde\n" * 20_000)
    (folder / "strange").write_text("x")
    os.mkfifo(folder / "pipe")
    if os.geteuid() == 0:
        os.chown(folder / "strange", 54321, 54322)
    paths = [*(str(path) for path in folder.rglob("*")), str(folder), "/", f"{folder}/none", f"{folder}/below/top"]
    looks = [ReadFile(path) for path in paths]
    looks += [ReadText("file:/x", "printf 'a\\nb\\n\\n'"), ReadText("file:/y", "echo no >&2; exit 3")]
    looks += [Inquire("[ -e / ]", "file:/"), Inquire("[ -e /none ]", "file:/none"), Inquire("echo x", "file:/z")]
    ahead, alone = Planning(Shell(*argv), "h"), Planning(Shell(*argv), "h")
    ahead.answer(LookAhead(tuple(looks)))
    known = set(looks) - set(ahead.seen.missing(looks))
    assert set(looks) - known == {
        ReadFile(f"{folder}/big"),  # too large to be read for nothing
        ReadText("file:/y", "echo no >&2; exit 3"),
        Inquire("echo x", "file:/z"),
    }
    for look in known:
        found, expected = ahead.answer(look), alone.answer(look)
        if isinstance(look, Inquire):
            found, expected = found.exit_status, expected.exit_status
        assert found == expected, look


def test_a_plan_asks_the_host_once(tmp_path):
    seeded(tmp_path / "host")
    shell = Shell("dash")
    changes, _ = plan(tmp_path, shell, TASKS)
    assert (len(changes), len(shell.scripts)) == (7, 1)


@pytest.mark.parametrize("argv", SHELLS, ids=" ".join)
def test_all_is_made_by_one_script_and_the_end_is_the_same(tmp_path, kept_on_the_host, argv):
    if shutil.which(argv[0]) is None:
        pytest.skip(f"no {argv[0]} here")
    seeded(tmp_path / "host")
    shell = Shell(*argv)
    session, state = in_one_go(tmp_path, shell, TASKS)
    at_once = tree(tmp_path / "host")
    assert (len(session.made), session.left, len(shell.scripts)) == (7, 0, 2)
    shutil.rmtree(tmp_path / "host")
    shutil.rmtree(tmp_path / "kept")
    seeded(tmp_path / "host")
    _, ends = make(tmp_path, Shell("dash"), TASKS)
    assert tree(tmp_path / "host") == at_once
    assert [end.ended for end in state.ends] == [end.ended for end in ends] == ["changed"] * 7
    assert plan(tmp_path, Shell("dash"), TASKS)[0] == []


def test_what_the_second_look_was_told_is_not_asked_again_behind_it(tmp_path, shell):
    """One script looks, one changes the files, one is the command; what is asked twice is asked twice."""
    seeded(tmp_path / "host")
    tasks = f"""\
{TASKS}- stat: {{path: /etc/passwd}}
- command: {{cmd: "cp DIR/new/one DIR/index", creates: DIR/index}}
  changed_when: false
"""
    session, state = in_one_go(tmp_path, shell, tasks)
    assert ([end.ended for end in state.ends][7:], session.left, len(shell.scripts)) == (["ok", "ok"], 0, 3)
    assert (tmp_path / "host/index").read_text() == "one\n"
    look = ReadText("file:/etc/passwd", "cat /proc/uptime")
    session.seen.keep(look, "old")
    other = session.seen.shared()
    assert [session.seen.take(look), other.take(look)] == [("old",), ("old",)]
    assert [session.seen.take(look), session.seen.missing([look]), other.take(look)] == [None, [look], None]
    session.seen.keep(look, "new")
    assert [session.seen.take(look), other.take(look)] == [("new",), ("new",)]


def test_what_a_plan_saw_tells_of_files_alone(tmp_path, shell):
    seen = Seen()
    (once, file) = (ReadText("file:/etc/hosts", "true"), ReadFile("/etc/hosts"))
    for look in (once, file):
        seen.keep(look, "x")
    assert seen.files().missing([once, file]) == [once]
    at = [0.0]
    stale = Seen(lambda: at[0])
    stale.keep(file, "x")
    at[0] = FRESH_S + 1
    assert stale.files().missing([file]) == [file]


def test_what_is_kept_is_numbered_as_if_each_change_were_alone(tmp_path, shell, kept_on_the_host):
    seeded(tmp_path / "host")
    in_one_go(tmp_path, shell, TASKS)
    first = first_number("S0001-pos1")
    files = ("list", "after", str(first + 4), str(first + 6))
    at_once = {name: (kept_on_the_host / "run-1" / name).read_text() for name in files}
    shutil.rmtree(tmp_path / "host")
    shutil.rmtree(kept_on_the_host)
    seeded(tmp_path / "host")
    make(tmp_path, Shell("dash"), TASKS)
    assert at_once == {name: (kept_on_the_host / "run-1" / name).read_text() for name in at_once}
    assert at_once["list"].count("\n") == at_once["after"].count("\n") == 7


def test_a_file_that_moves_after_the_second_look_is_not_changed_nor_is_anything_behind_it(tmp_path, kept_on_the_host):
    seeded(tmp_path / "host")

    def moves(script):
        if "set -C" in script:
            (tmp_path / "host/lines").write_text("by hand\n")

    shell = Shell("dash", before=moves)
    binding = bound(plan(tmp_path, Shell("dash"), TASKS)[0])
    session = Making(shell, "S0001-pos1", binding, KEY, "run-1")
    drive(run_host(host_state(tmp_path, TASKS, planning=True)), session.second_look())
    with pytest.raises(Moved, match=r"lines is no longer as it was when this was decided: it is now: file"):
        drive(run_host(host_state(tmp_path, TASKS)), session)
    assert [change.target.rsplit("/", 1)[1] for change in session.made] == ["new", "one", "two"]
    assert (tmp_path / "host/lines").read_text() == "by hand\n"
    assert (tmp_path / "host/crlf").exists()
    assert (kept_on_the_host / "run-1/list").read_text().count("\n") == 3


def test_a_change_that_fails_on_the_device_ends_the_host_there(tmp_path, shell):
    seeded(tmp_path / "host")
    tasks = """\
- copy: {content: a, dest: DIR/sub/a, OWN}
- copy: {content: b, dest: DIR/sub/b, validate: "false %s", OWN}
- copy: {content: c, dest: DIR/sub/c, OWN}
"""
    session, state = in_one_go(tmp_path, shell, tasks)
    assert [end.ended for end in state.ends] == ["changed", "failed"]
    assert "validate refuses it" in state.ends[-1].why
    assert (len(session.made), names(tmp_path / "host/sub")) == (1, ["a"])


def test_where_the_playbook_goes_on_after_a_failure_the_rest_is_made(tmp_path, shell):
    seeded(tmp_path / "host")
    tasks = """\
- copy: {content: a, dest: DIR/sub/a, OWN}
- copy: {content: b, dest: DIR/sub/b, validate: "false %s", OWN}
  ignore_errors: true
- copy: {content: c, dest: DIR/sub/c, OWN}
"""
    session, state = in_one_go(tmp_path, shell, tasks)
    assert [end.ended for end in state.ends] == ["changed", "ignored", "changed"]
    assert (len(session.made), session.left, names(tmp_path / "host/sub")) == (2, 0, ["a", "c"])


@pytest.mark.parametrize(
    "between",
    [
        "- command: 'true'",
        "- command: 'true'\n  changed_when: false",
        "- command: 'true'\n  changed_when: false\n  check_mode: false",
        "- stat: {path: DIR/sub/a}",
        "- fetch: {src: DIR/sub/b, dest: got, fail_on_missing: false}",
        "- pause: {seconds: 0}",
        "- copy: {content: b, dest: DIR/sub/a, OWN}",
        "- debug: {msg: '{{ later.stdout }}'}",
        "- assert: {that: later.rc == 0}",
        "- copy: {content: '{{ later.stdout }}', dest: DIR/sub/c, OWN}",
        "- copy: {content: c, dest: DIR/sub/c, OWN}\n  when: later.rc == 0",
    ],
)
def test_nothing_is_made_before_what_stands_between(tmp_path, between):
    seeded(tmp_path / "host")
    first = "- command: 'true'\n  register: later\n  changed_when: false\n"
    before, behind = (f"- copy: {{content: {name}, dest: DIR/sub/{name}, OWN}}\n" for name in "ab")
    tasks = f"{first}{before}{between}\n{behind}"
    session = Planning(Shell("dash"), "S0001-pos1")
    drive(run_host(host_state(tmp_path, tasks, planning=True)), session)
    wanted = {str(tmp_path / "host/sub" / name) for name in "ab"}
    assert {change.target for change in session.changes} >= wanted
    for group in session.together.values():
        contents = [change.content for change in group]
        assert not (b"a" in contents and b"b" in contents), group


@pytest.mark.parametrize("question", ["", "- command: 'true'\n  changed_when: false\n  check_mode: false\n"])
def test_a_file_that_is_not_known_any_more_is_looked_at_before_it_is_changed(tmp_path, shell, question):
    """A question lets everything be forgotten that was seen before it; the same file twice is never together."""
    seeded(tmp_path / "host")
    tasks = """\
- lineinfile: {path: DIR/conf, line: "{{ item }}"}
  loop: [a, b]
- lineinfile: {path: DIR/lines, line: c}
- lineinfile: {path: DIR/empty, line: d}
"""
    session, state = in_one_go(tmp_path, shell, tasks + question)
    assert ([end.ended for end in state.ends][:3], session.left) == (["changed"] * 3, 0)
    assert [len((tmp_path / "host" / name).read_text().split("\n")) for name in ("conf", "lines", "empty")] == [7, 6, 2]


def test_changes_that_nothing_stands_between_are_together(tmp_path):
    seeded(tmp_path / "host")
    tasks = """\
- copy: {content: a, dest: DIR/sub/a, OWN}
  register: a
- debug: {msg: "{{ a.changed }}"}
- copy: {content: b, dest: DIR/sub/b, OWN}
  when: a.changed
"""
    session = Planning(Shell("dash"), "S0001-pos1")
    drive(run_host(host_state(tmp_path, tasks, planning=True)), session)
    assert [len(group) for group in session.together.values()] == [2]


def test_a_playbook_that_comes_to_another_change_than_a_moment_before_is_stopped(tmp_path, shell):
    seeded(tmp_path / "host")
    tasks = "- copy: {content: a, dest: DIR/sub/a, OWN}\n- copy: {content: b, dest: DIR/sub/b, OWN}\n"
    session = Making(shell, "S0001-pos1", bound(plan(tmp_path, Shell("dash"), tasks)[0]), KEY, "run-1")
    drive(run_host(host_state(tmp_path, tasks, planning=True)), session.second_look())
    with pytest.raises(Moved, match="not the one of the plan"):
        drive(run_host(host_state(tmp_path, tasks.replace("content: b", "content: z"))), session)
    assert len(session.made) == 2  # both stand on the device, and the host's end says so


def test_what_is_not_of_the_plan_is_not_made_together_either(tmp_path, shell):
    seeded(tmp_path / "host")
    tasks = "- copy: {content: a, dest: DIR/sub/a, OWN}\n- copy: {content: b, dest: DIR/sub/b, OWN}\n"
    planned = plan(tmp_path, Shell("dash"), tasks)[0]
    binding = bound([planned[0], planned[0]])
    session = Making(shell, "S0001-pos1", binding, KEY, "run-1")
    drive(run_host(host_state(tmp_path, tasks, planning=True)), session.second_look())
    with pytest.raises(Moved, match="not the one of the plan"):
        drive(run_host(host_state(tmp_path, tasks)), session)
    assert names(tmp_path / "host/sub") == ["a"]


def test_what_was_seen_holds_for_seconds_and_until_its_subject_is_changed(tmp_path):
    seeded(tmp_path / "host")
    (change,) = plan(tmp_path, Shell("dash"), "- copy: {content: a, dest: DIR/sub/a, OWN}\n")[0]
    at = [0.0]
    seen = Seen(lambda: at[0])
    here, below, other = (ReadFile(path) for path in (change.target, f"{change.target}/x", "/etc/hosts"))
    once = ReadText("file:/etc/hosts", "true")
    for look in (here, below, other, once):
        seen.keep(look, None)
    assert (seen.take(once), seen.take(once), seen.take(other), seen.take(other)) == ((None,), None, (None,), (None,))
    seen.changed(change)
    assert (seen.take(here), seen.take(below), seen.take(other)) == (None, None, (None,))
    at[0] = FRESH_S + 1
    assert seen.take(other) is None


def test_facts_are_read_once_for_the_second_look_and_the_changes_and_anew_behind_a_change(tmp_path, shell):
    seeded(tmp_path / "host")
    read = []

    def facts():
        read.append(1)
        yield from ()
        return {"system": {}}

    session = Making(shell, "S0001-pos1", bound([]), KEY, "run-1", Surroundings(facts=facts))
    assert session.second_look().answer(ReadFacts()) == session.answer(ReadFacts()) == {"system": {}}
    assert len(read) == 1
    session.seen.changed(PutFile(path="/etc/x", content=b"", mode=0o644, owner="root", group="root", before=None))
    session.answer(ReadFacts())
    assert len(read) == 2


def test_a_failure_of_a_change_alone_still_raises(tmp_path, shell):
    seeded(tmp_path / "host")
    (change,) = plan(tmp_path, Shell("dash"), "- copy: {content: a, dest: DIR/sub/a, OWN}\n")[0]
    shutil.rmtree(tmp_path / "host/sub")
    session = Making(shell, "S0001-pos1", bound([change]), KEY, "run-1")
    with pytest.raises(ChangeFailed):
        session.answer(change)
    assert session.made == []


ASKED_ELSEWHERE = """\
- slurp: {src: DIR/there}
  delegate_to: S0001-other
  register: seen
  until: seen.content == 'eA=='
  retries: 3
  delay: 0.01
- copy: {content: x, dest: DIR/new, OWN}
"""


def test_another_host_is_asked_anew_each_time_and_every_line_to_it_ends(tmp_path, kept_on_the_host):
    seeded(tmp_path / "host")
    (tmp_path / "host/there").write_text("old")
    open_lines, asked = set(), []

    class Line(Shell):
        def close(self):
            open_lines.discard(self)

    def other(name):
        def comes_late(_script):
            asked.append(name)
            (tmp_path / "host/there").write_text("x" if len(asked) > 3 else "old")

        line = Line("dash", before=comes_late)
        open_lines.add(line)
        return Planning(line, name)

    around = Surroundings(other=other)
    planning = Planning(Shell("dash"), "S0001-pos1", around)
    drive(run_host(host_state(tmp_path, ASKED_ELSEWHERE, planning=True)), planning)
    making = Making(Shell("dash"), "S0001-pos1", bound(planning.changes), KEY, "run-1", around)
    drive(run_host(host_state(tmp_path, ASKED_ELSEWHERE, planning=True)), making.second_look())
    state = drive(run_host(host_state(tmp_path, ASKED_ELSEWHERE)), making)
    assert [end.ended for end in state.ends] == ["ok", "changed"]
    planning.close()
    making.close()
    assert (len(asked), open_lines) == (4, set())
