"""The script that makes several changes of files: where it ends, and what it leaves alone then."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.plugins.playbook_world import ME, MINE, Shell, host_state, make, plan, seeded

from storefleet.fleet.drive import drive
from storefleet.fleet.planning import Planning
from storefleet.model.changes import FileState, PutFile, RemovePath
from storefleet.model.effects import RunScript
from storefleet.modules import together
from storefleet.modules.base import Request
from storefleet.modules.undoing import undo_run
from storefleet.playbook.run import run_host

SHELLS = [("dash",), ("busybox", "ash"), ("bash", "--posix")]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def kept_on_the_host(tmp_path, monkeypatch):
    monkeypatch.setattr("storefleet.modules.remote.KEPT", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.mark.parametrize("argv", SHELLS, ids=" ".join)
def test_a_change_that_fails_in_its_place_ends_the_script_there(tmp_path, kept_on_the_host, argv):
    """Three are compared and kept at once; the second can be kept but not removed, and the third is left alone."""
    if shutil.which(argv[0]) is None:
        pytest.skip(f"no {argv[0]} here")
    seeded(tmp_path / "host")
    (tmp_path / "host/hollow").mkdir()
    (tmp_path / "host/hollow/came").write_text("since\n")
    before = FileState("directory", 0o755, ME, MINE)
    put = [
        PutFile(path=str(tmp_path / "host" / name), content=b"x", mode=0o604, before=None, owner=ME, group=MINE)
        for name in ("first", "third")
    ]
    changes = [put[0], RemovePath(path=str(tmp_path / "host/hollow"), before=before), put[1]]
    output = Shell(*argv).answer(RunScript(together.script(changes, "run-1", 1)))
    assert [end.exit_status == 0 for end in together.ends(output, changes)] == [True, False]
    assert b"ot empty" in together.ends(output, changes)[1].stderr
    assert (tmp_path / "host/first").stat().st_mode & 0o777 == 0o604
    assert not [name for name in names(tmp_path / "host") if name == "third" or name.startswith(".storefleet")]
    assert (kept_on_the_host / "run-1/after").read_text().count("\n") == 1


def test_a_file_beside_its_place_that_is_not_ours_is_neither_written_nor_removed(tmp_path, kept_on_the_host):
    (tmp_path / "host").mkdir()
    shell = Shell("dash")
    names_of = [f".storefleet.0123456789abcdef.{number}" for number in range(2)]
    (tmp_path / "host" / names_of[1]).write_text("another's\n")
    changes = [
        PutFile(path=str(tmp_path / "host" / name), content=b"x", mode=0o600, before=None, owner=ME, group=MINE)
        for name in ("first", "second")
    ]
    output = shell.answer(RunScript(together.script(changes, "run-1", 1)))
    assert [end.exit_status == 0 for end in together.ends(output, changes)] == [True, False]
    assert names(tmp_path / "host") == [names_of[1], "first"]
    assert (tmp_path / "host" / names_of[1]).read_text() == "another's\n"


def test_a_folder_behind_a_file_begins_another_script(tmp_path):
    seeded(tmp_path / "host")
    tasks = "- copy: {content: a, dest: DIR/sub/a, OWN}\n- file: {path: DIR/newer, state: directory, OWN}\n"
    session = Planning(Shell("dash"), "S0001-pos1")
    drive(run_host(host_state(tmp_path, tasks, planning=True)), session)
    assert [len(group) for group in session.together.values()] == [1, 1]


def replaced(folder, *names_of, was=b"old"):
    """Return changes of files that stand in a folder."""
    folder.mkdir(exist_ok=True)
    changes = []
    for name in names_of:
        (folder / name).write_bytes(was)
        (folder / name).chmod(0o600)
        before = FileState("file", 0o600, ME, MINE, was)
        changes.append(
            PutFile(path=str(folder / name), content=b"new", mode=0o600, before=before, owner=ME, group=MINE)
        )
    return changes


def ended(changes, *argv):
    output = Shell(*argv).answer(RunScript(together.script(changes, "run-1", 1)))
    return [end.exit_status for end in together.ends(output, changes)], output.stderr.decode()


@pytest.mark.parametrize("argv", SHELLS, ids=" ".join)
def test_names_that_the_tools_of_the_host_print_otherwise(tmp_path, kept_on_the_host, argv):
    r"""GNU's sha256sum puts a `\` before the sum of a file whose name holds one, as units of systemd do."""
    if shutil.which(argv[0]) is None:
        pytest.skip(f"no {argv[0]} here")
    odd = (r"mnt-my\x2ddata.mount", "a b", "q'\"uote", "-rf", "$(x)", "*", "grüß")
    changes = replaced(tmp_path / "host", *odd)
    assert ended(changes, *argv)[0] == [0] * len(odd)
    assert {(tmp_path / "host" / name).read_bytes() for name in odd} == {b"new"}
    assert (kept_on_the_host / "run-1/after").read_text().count("\n") == len(odd)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_the_changes_is_not_told_as_if_they_were_not_made(tmp_path, kept_on_the_host):
    changes = replaced(tmp_path / "host", "a", "b", "c")
    (kept_on_the_host / "run-1").mkdir(parents=True)
    (kept_on_the_host / "run-1/after").symlink_to("/dev/full")
    statuses, said = ended(changes, "dash")
    assert statuses == [0, 0, 1]
    assert "it was made, but" in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_without_room_to_note_how_the_paths_are_left_none_is_touched(tmp_path, kept_on_the_host):
    """What is not noted an undo takes for somebody else's."""
    changes = replaced(tmp_path / "host", "a", "b")
    (kept_on_the_host / "run-1").mkdir(parents=True)
    (kept_on_the_host / "run-1/.room").symlink_to("/dev/full")
    assert ended(changes, "dash")[0] == [1]
    assert {path.read_bytes() for path in (tmp_path / "host").iterdir()} == {b"old"}


def test_a_part_of_what_was_to_be_kept_does_not_fill_the_disk(tmp_path, kept_on_the_host):
    small = ("dash", "-c", 'trap "" XFSZ; ulimit -f 8; exec dash "$@"', "dash")  # no file above 4096 bytes
    changes = replaced(tmp_path / "host", "a") + replaced(tmp_path / "host", "b", was=b"old" * 2000)
    assert ended(changes, *small)[0] == [0, 1]
    assert names(kept_on_the_host / "run-1") == [".room", "1", "after", "list"]
    assert (kept_on_the_host / "run-1/.room").stat().st_size == 0


@pytest.mark.parametrize("argv", SHELLS, ids=" ".join)
def test_a_folder_below_a_setgid_one_has_the_mode_that_was_asked_for(tmp_path, kept_on_the_host, argv):
    """Or each plan would find it to be changed once more."""
    if shutil.which(argv[0]) is None:
        pytest.skip(f"no {argv[0]} here")
    seeded(tmp_path / "host")
    (tmp_path / "host/sub").chmod(0o2775)
    tasks = 'file: {path: DIR/sub/new, state: directory, mode: "0755", OWN}'
    make(tmp_path, Shell(*argv), f"- {tasks}\n")
    assert (tmp_path / "host/sub/new").stat().st_mode & 0o7777 == 0o755
    assert plan(tmp_path, Shell(*argv), f"- {tasks}\n")[0] == []


def test_a_link_that_points_to_no_text_goes_and_an_undo_says_that_it_cannot_make_it_again(tmp_path, kept_on_the_host):
    target = b"gr\xfc\xdf"
    seeded(tmp_path / "host")
    (tmp_path / "host/odd").symlink_to(os.fsdecode(target))
    tasks = "- file: {path: DIR/odd, state: absent}\n- copy: {content: x, dest: DIR/n, OWN}\n"
    assert [end.ended for end in make(tmp_path, Shell("dash"), tasks)[1]] == ["changed", "changed"]
    assert not os.path.lexists(tmp_path / "host/odd")
    (kept,) = (path for path in (kept_on_the_host / "run-1").iterdir() if path.is_symlink())
    assert os.fsencode(kept.readlink()) == target
    back = Planning(Shell("dash"), "S0001-pos1")
    done = drive(undo_run(Request({"run": "run-1"}, lambda _kind, _name: b"", str)), back)
    assert [change.target for change in back.changes] == [str(tmp_path / "host/n")]
    assert done.notes == (
        f"{tmp_path}/host/odd: where it pointed is no UTF-8, so it is not put back: `cp -P {kept}` does that",
    )


@pytest.mark.parametrize("argv", SHELLS, ids=" ".join)
def test_what_a_script_made_before_it_was_killed_an_undo_can_put_back(tmp_path, kept_on_the_host, argv):
    if shutil.which(argv[0]) is None:
        pytest.skip(f"no {argv[0]} here")
    changes = replaced(tmp_path / "host", "a", "b", "c")
    script = together.script(changes, "run-1", 1)
    assert script.count('mv -f "$t2" "$p"') == 1
    output = Shell(*argv).answer(RunScript(script.replace('mv -f "$t2" "$p"', "kill -9 $$\nsleep 1")))
    assert together.ends(output, changes) == []
    assert [(tmp_path / "host" / name).read_bytes() for name in "abc"] == [b"new", b"new", b"old"]
    back = Planning(Shell(*argv), "S0001-pos1")
    done = drive(undo_run(Request({"run": "run-1"}, lambda _kind, _name: b"", str)), back)
    assert [change.target[-1] for change in back.changes] == ["b", "a"]
    assert done.notes == ()
