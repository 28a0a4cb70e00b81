"""The script that makes several changes of files: where it ends, and what it leaves alone then."""

from __future__ import annotations

import shutil

import pytest
from tests.plugins.playbook_world import ME, MINE, Shell, host_state, seeded

from storefleet.fleet.drive import drive
from storefleet.fleet.planning import Planning
from storefleet.model.changes import FileState, PutFile, RemovePath
from storefleet.model.effects import RunScript
from storefleet.modules import together
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
