"""Modules through the real scripts in the shells that stores have: planned, made, made again."""

import stat

import pytest
from collect_shells import SHELLS
from playbook_world import KEY, ME, MINE, Shell, bound, make, plan

from storefleet.errors import Moved
from storefleet.fleet.binding import digest_of
from storefleet.fleet.making import Making, first_number
from storefleet.modules import remote
from storefleet.modules.words import diff_of


@pytest.fixture(params=SHELLS.values(), ids=SHELLS)
def shell(request, tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "KEPT", str(tmp_path / "kept"))
    return Shell(*request.param)


TASKS = """\
- file: {path: DIR/conf.d, state: directory, mode: "0750", OWN}
- copy: {src: a.conf, dest: DIR/conf.d/, mode: "0640", OWN}
- template: {src: b.conf.j2, dest: DIR/conf.d/b.conf, OWN}
- copy: {content: "ä \\\\ % ' \\" $x `y`\\n\\0\\x07 end", dest: DIR/odd, mode: 0600, OWN}
- lineinfile: {path: DIR/lines, line: first, create: yes, OWN}
- lineinfile: {path: DIR/lines, line: "second = 2", regexp: '^second\\s*='}
- lineinfile: {path: DIR/lines, line: zeroth, insertbefore: '^first'}
- lineinfile: {path: DIR/lines, line: after, insertafter: '^first'}
- file: {path: DIR/old, state: absent}
"""


def test_what_is_planned_is_made_and_the_second_run_changes_nothing(tmp_path, shell):
    old = tmp_path / "host" / "old"
    old.parent.mkdir()
    old.write_text("kept\n")
    planned, ends = plan(tmp_path, shell, TASKS)
    assert not (tmp_path / "host" / "conf.d").exists()
    made, made_ends = make(tmp_path, shell, TASKS)
    host = tmp_path / "host"
    assert [change.bound() for change in made] == [change.bound() for change in planned]
    assert [end.ended for end in made_ends] == [end.ended for end in ends] == ["changed"] * 9
    assert (host / "conf.d/a.conf").read_text() == "from a file\n"
    assert (host / "conf.d/b.conf").read_text() == "host S0001-pos1\n"
    assert (host / "odd").read_bytes() == "ä \\ % ' \" $x `y`\n\0\x07 end".encode()
    assert (host / "lines").read_text() == "zeroth\nfirst\nafter\nsecond = 2\n"
    assert not old.exists()
    modes = [stat.S_IMODE((host / name).stat().st_mode) for name in ("conf.d", "conf.d/a.conf", "conf.d/b.conf", "odd")]
    assert modes == [0o750, 0o640, 0o644, 0o600]
    assert ((host / "odd").owner(), (host / "odd").group()) == (ME, MINE)
    assert not list(host.rglob(".storefleet*"))
    assert plan(tmp_path, shell, TASKS)[0] == []


def test_what_a_change_replaces_is_kept_with_its_path(tmp_path, shell):
    make(tmp_path, shell, "- copy: {content: one, dest: DIR/x, OWN}\n")
    task = "- copy: {content: two, dest: DIR/x, OWN}\n- file: {path: DIR/x, state: absent}\n"
    make(tmp_path, shell, task)
    kept = tmp_path / "kept" / "run-1"
    numbers = [first_number("S0001-pos1") + number for number in (1, 2)]
    assert [(kept / str(number)).read_text() for number in numbers] == ["one", "two"]
    assert (kept / "list").read_text().splitlines()[-2:] == [
        f"{number}\tkept\t-\t{tmp_path}/host/x" for number in numbers
    ]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700


def test_two_names_of_one_device_keep_apart_what_they_replace(tmp_path, shell):
    for name, text in (("S0001-pos1", "one"), ("S0009-pos1", "two")):
        (tmp_path / "host").mkdir(exist_ok=True)
        (tmp_path / "host/x").write_text(text)
        (change,) = plan(tmp_path, shell, "- copy: {content: new, dest: DIR/x, OWN}\n")[0]
        Making(shell, name, bound([change]), KEY, "run-1").answer(change)
    kept = tmp_path / "kept" / "run-1"
    assert [(kept / str(first_number(name) + 1)).read_text() for name in ("S0001-pos1", "S0009-pos1")] == ["one", "two"]


@pytest.mark.parametrize("moved", ["content", "mode", "gone", "link"])
def test_a_file_that_moves_between_the_last_look_and_the_change_is_left_as_it_is(tmp_path, shell, moved):
    path = tmp_path / "host" / "x"
    make(tmp_path, shell, "- copy: {content: one, dest: DIR/x, OWN}\n")

    def meanwhile(script):
        if "mv -f" in script:
            if moved == "content":
                path.write_text("other")
            elif moved == "mode":
                path.chmod(0o600)
            else:
                path.unlink()
                if moved == "link":
                    path.symlink_to("/etc/passwd")

    task = "- copy: {content: two, dest: DIR/x, OWN}\n"
    digests = [digest_of(change, KEY) for change in plan(tmp_path, shell, task)[0]]
    shell.before = meanwhile
    with pytest.raises(Moved, match="no longer as it was"):
        make(tmp_path, shell, task, digests=digests)
    assert not path.exists() if moved == "gone" else path.read_text() != "two"


def test_a_change_that_is_not_the_next_one_of_the_plan_is_not_made(tmp_path, shell):
    task = "- copy: {content: two, dest: DIR/x, OWN}\n"
    for digests in ([], ["0" * 64]):
        with pytest.raises(Moved, match="not the one of the plan"):
            make(tmp_path, shell, task, digests=digests)
    assert not (tmp_path / "host" / "x").exists()


def test_a_change_that_the_host_refuses_leaves_the_old_file_and_no_rest(tmp_path, shell):
    make(tmp_path, shell, "- copy: {content: one, dest: DIR/x, OWN}\n")
    _, ends = make(tmp_path, shell, "- copy: {content: two, dest: DIR/x, owner: no-such-user}\n")
    assert ends[-1].ended == "failed"
    assert "no-such-user" in ends[-1].why
    assert (tmp_path / "host" / "x").read_text() == "one"
    assert [path.name for path in (tmp_path / "host").iterdir()] == ["x"]


def test_a_large_file_and_an_empty_one_come_whole(tmp_path, shell):
    text = "".join(f"line {number} \\\\ ü\\n" for number in range(3000))
    made, _ = make(
        tmp_path, shell, f'- copy: {{content: "{text}", dest: DIR/x, OWN}}\n- copy: {{content: "", dest: DIR/y, OWN}}\n'
    )
    assert len(made) == 2
    assert (tmp_path / "host" / "x").read_text().count("\n") == 3000
    assert (tmp_path / "host" / "y").read_bytes() == b""


def test_names_that_would_hurt_in_a_shell_do_not(tmp_path, shell):
    name = "a b;touch $(id) 'q' `x` *"
    make(tmp_path, shell, f'- copy: {{content: one, dest: "DIR/{name}", OWN}}\n')
    assert [path.name for path in (tmp_path / "host").iterdir()] == [name]


def test_secrets_show_in_no_diff(tmp_path, shell):
    task = """\
    - copy: {content: "password = hunter2\\n", dest: DIR/x, OWN}
    - copy: {content: "hunter2\\n", dest: DIR/y, OWN}
      no_log: true
    """
    changes, _ = plan(tmp_path, shell, task)
    assert "hunter2" not in "".join(map(diff_of, changes))
    assert "hidden" in diff_of(changes[1])


@pytest.mark.parametrize("mode", ["0600", "0640"])
def test_of_a_file_that_not_everybody_may_read_no_content_is_shown(tmp_path, shell, mode):
    make(tmp_path, shell, f"- copy: {{content: hunter2, dest: DIR/x, mode: '{mode}', OWN}}\n")
    for task in ("copy: {content: hunter3, dest: DIR/x}", "copy: {content: hunter3, dest: DIR/x, mode: '0644'}"):
        (change,), _ = plan(tmp_path, shell, f"- {task}\n")
        assert "hunter" not in diff_of(change)
        assert "not everybody may read it" in diff_of(change)
    (change,), _ = plan(tmp_path, shell, "- file: {path: DIR/x, state: absent}\n")
    assert "hunter" not in diff_of(change)
    (change,), _ = plan(tmp_path, shell, "- copy: {content: hunter2, dest: DIR/new, mode: '0600', OWN}\n")
    assert "hunter" not in diff_of(change)


def test_a_removed_file_of_a_task_without_log_is_not_shown(tmp_path, shell):
    make(tmp_path, shell, "- copy: {content: hunter2, dest: DIR/x, OWN}\n")
    (change,), _ = plan(tmp_path, shell, "- file: {path: DIR/x, state: absent}\n  no_log: true\n")
    assert diff_of(change) == "(content hidden: no_log)"
