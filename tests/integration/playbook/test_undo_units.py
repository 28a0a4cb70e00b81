"""The way back of units: the undo that runs on the device, over a systemctl that writes down what it is told."""

import subprocess

import pytest
from playbook_world import Shell

from storefleet.fleet.binding import Binding, Bound, digest_of
from storefleet.fleet.drive import drive
from storefleet.fleet.making import Making
from storefleet.fleet.planning import Planning
from storefleet.model.changes import Alter
from storefleet.model.effects import RunScript
from storefleet.modules import remote
from storefleet.modules.base import Request
from storefleet.modules.undo import UNDO
from storefleet.modules.undoing import undo_run

SYSTEMCTL = """\
#!/bin/sh
state() { cat "WHERE/$1.$2" 2>/dev/null || echo "$3"; }
[ "$1" != --no-ask-password ] || shift
[ "$1" != --quiet ] || shift
verb=$1; shift
[ "$1" != -- ] || shift
case $verb in
  is-active) [ "$(state "$1" active inactive)" = active ] ;;
  is-enabled) state "$1" enabled disabled; [ "$(state "$1" enabled disabled)" = enabled ] ;;
  *)
    echo "$verb $*" >>WHERE/log
    case $verb in
      stop) echo inactive >"WHERE/$1.active" ;;
      restart) echo active >"WHERE/$1.active" ;;
      enable) echo enabled >"WHERE/$1.enabled" ;;
      disable | unmask) echo disabled >"WHERE/$1.enabled" ;;
      mask) echo masked >"WHERE/$1.enabled" ;;
    esac ;;
esac
"""


@pytest.fixture
def device(tmp_path):
    """Return what undoes a list of kept lines, given how units are now; it returns what systemctl was told."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "systemd").mkdir()
    tool = tmp_path / "bin" / "systemctl"
    tool.write_text(SYSTEMCTL.replace("WHERE", str(tmp_path)))
    tool.chmod(0o755)
    text = UNDO.replace(remote.BASE, str(tmp_path / "base")).replace("/run/systemd/system", str(tmp_path / "systemd"))
    text = text.replace("PATH=", f"PATH={tmp_path}/bin:", 1)
    kept = tmp_path / "base" / "kept" / "run"

    def undo(lines, **now):
        kept.mkdir(parents=True)
        (tmp_path / "base" / "armed" / "run").mkdir(parents=True)
        (kept / "list").write_text("".join("\t".join(map(str, line)) + "\n" for line in lines))
        for name, (active, enabled) in now.items():
            (tmp_path / f"{name}.service.active").write_text(active)
            (tmp_path / f"{name}.service.enabled").write_text(enabled)
        subprocess.run(["sh", "-s", "run"], input=text.encode(), check=True, timeout=20)
        return [line for line in (tmp_path / "log").read_text().splitlines() if "storefleet" not in line]

    return undo


def unit(number, action, before, name="a.service"):
    return number, "unit", f"{action} {before}", name


def test_a_unit_that_the_run_brought_ends_before_its_file_goes(device, tmp_path):
    file = tmp_path / "a.service"
    file.write_text("x")
    told = device(
        [(1, "absent", "-", file), unit(2, "enable", "inactive disabled"), unit(3, "start", "inactive enabled")],
        a=("active", "enabled"),
    )
    assert told == ["stop a.service", "disable a.service", "daemon-reload "]
    assert not file.exists()


def test_what_ran_before_runs_again_as_it_was_before_the_first_action(device):
    lines = [unit(1, "disable", "active enabled"), unit(2, "stop", "active disabled")]
    assert device(lines, a=("inactive", "disabled")) == ["daemon-reload ", "enable a.service", "restart a.service"]


def test_a_unit_that_was_only_enabled_is_not_restarted(device):
    lines = [unit(1, "enable", "active disabled")]
    assert device(lines, a=("active", "enabled")) == ["daemon-reload ", "disable a.service"]


def test_a_mask_goes_and_comes_back(device):
    lines = [unit(1, "mask", "inactive disabled", "a.service"), unit(2, "unmask", "inactive masked", "b.service")]
    told = device(lines, a=("inactive", "masked"), b=("inactive", "disabled"))
    assert sorted(told) == ["daemon-reload ", "mask b.service", "unmask a.service"]


def test_a_folder_that_cannot_be_taken_away_is_told(device, tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "by-another").write_text("x")
    device([(1, "absent", "-", folder), unit(2, "start", "active enabled")])
    assert f"NOT removed {folder}" in (tmp_path / "base" / "undone" / "run.log").read_text()


def test_a_way_back_is_taken_once_and_only_where_nobody_has_changed_the_thing_since(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "KEPT", str(tmp_path / "kept"))
    thing = tmp_path / "thing"
    thing.write_text("old\n")
    shell = Shell("sh")

    def made(number):
        change = Alter(
            subject="user:x",
            action="change",
            script=f"echo new >{thing}",
            cost="config",
            read=f"cat {thing}",
            before="old",
            after="new",
            way_back=f"echo old >{thing}",
        )
        thing.write_text("old\n")
        assert shell.answer(RunScript(remote.change(change, f"run-{number}", 1))).exit_status == 0
        return f"run-{number}"

    def undone(run):
        request = Request({"run": run}, None, str)
        planning = Planning(shell, "S0001-pos1")
        done = drive(undo_run(request), planning)
        making = Making(
            shell, "S0001-pos1", Binding([Bound(digest_of(one, b"k")) for one in planning.changes]), b"k", "u"
        )
        drive(undo_run(request), making)
        return done

    run = made(1)
    assert thing.read_text() == "new\n"
    assert undone(run).changed
    assert thing.read_text() == "old\n"
    assert not undone(run).changed
    run = made(2)
    thing.write_text("by hand\n")
    told = undone(run)
    assert (told.changed, "moved since: user:x" in told.notes[0]) == (False, True)
    assert thing.read_text() == "by hand\n"
