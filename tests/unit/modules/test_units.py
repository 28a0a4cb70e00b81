"""What service and systemd decide from what a host says."""

import pytest
from till_world import Done, Scripted, decide, run_all, step

from storefleet.errors import Undetermined
from storefleet.fleet.drive import drive
from storefleet.model.changes import FileState, UnitState
from storefleet.modules.units import UNIT_FOLDER

RUNS = UnitState("loaded", "active", "enabled")
STANDS = UnitState("loaded", "inactive", "disabled")
STATIC = UnitState("loaded", "active", "static")
MASKED = UnitState("masked", "inactive", "masked")
UNKNOWN = UnitState("not-found", "inactive", "")


def actions(arguments, state, **world):
    world = {"texts": {"packages": "i|dash|1"}, "said": {"unit:posd.service": ("CanReload=yes\n", "", 0)}, **world}
    done, changes = decide("systemd", {"name": "posd", **arguments}, units={"posd.service": state}, **world)
    return [change.action for change in changes] if isinstance(done, Done) else done


@pytest.mark.parametrize(
    ("arguments", "state", "expected"),
    [
        ({"state": "started"}, RUNS, []),
        ({"state": "started", "enabled": True}, STANDS, ["enable", "start"]),
        ({"state": "stopped", "enabled": False}, RUNS, ["disable", "stop"]),
        ({"state": "restarted"}, STANDS, ["start"]),
        ({"state": "restarted"}, RUNS, ["restart"]),
        ({"state": "reloaded"}, RUNS, ["reload"]),
        ({"enabled": True}, STATIC, []),
        ({"enabled": False}, STATIC, []),
        ({"enabled": True}, UnitState("loaded", "active", "enabled-runtime"), ["enable"]),
        ({"masked": True}, RUNS, ["mask"]),
        ({"masked": True}, MASKED, []),
        ({"masked": False, "enabled": True, "state": "started"}, MASKED, ["unmask", "enable", "start"]),
        ({"masked": True, "state": "stopped"}, RUNS, ["mask", "stop"]),
        ({"masked": True}, UNKNOWN, ["mask"]),
        ({"state": "started", "daemon_reload": True}, STANDS, ["daemon-reload", "start"]),
        ({"state": "stopped"}, UnitState("loaded", "deactivating", "disabled"), ["stop"]),
    ],
)
def test_what_is_done_follows_ansible(arguments, state, expected):
    assert actions(arguments, state) == expected


@pytest.mark.parametrize(
    ("arguments", "state", "word"),
    [
        ({"enabled": True}, MASKED, "masked: no"),
        ({"state": "restarted"}, MASKED, "masked: no"),
        ({"state": "started"}, UNKNOWN, "Could not find the requested service"),
        ({"enabled": False}, UNKNOWN, "Could not find the requested service"),
        ({"state": "running"}, RUNS, "one of started"),
        ({"scope": "user"}, RUNS, "one of system"),
        ({"state": "started"}, None, "no systemd"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_done(arguments, state, word):
    told = actions(arguments, state)
    assert isinstance(told, str)
    assert word in told


def test_a_reload_that_a_unit_cannot_do_is_refused_while_planning():
    assert "no ExecReload" in actions(
        {"state": "reloaded"}, RUNS, said={"unit:posd.service": ("CanReload=no\n", "", 0)}
    )


def test_a_unit_that_an_earlier_task_brings_is_one_that_stands_still():
    file = FileState("file", 0o644, "root", "root", b"[Service]\nExecReload=/bin/true\n")
    assert actions({"state": "restarted"}, UNKNOWN, files={f"{UNIT_FOLDER}/posd.service": file}) == ["start"]
    template = {f"{UNIT_FOLDER}/lane@.service": file}
    done, changes = decide(
        "service", {"name": "lane@1", "state": "started"}, units={"lane@1.service": UNKNOWN}, files=template
    )
    assert (done.changed, [change.action for change in changes]) == (True, ["start"])


def test_a_unit_that_planned_packages_may_bring_is_known_only_then():
    session = Scripted(units={"posd.service": UNKNOWN}, texts={"packages": "i|dash|1\n~|posd"})
    with pytest.raises(Undetermined):
        drive(step("service", {"name": "posd", "state": "started"}), session)


def test_a_name_with_its_kind_and_one_without_are_one_unit():
    session = Scripted(units={"posd.service": RUNS, "backup.timer": RUNS})
    tasks = [("service", {"name": name, "state": "started"}) for name in ("posd", "posd.service", "backup.timer")]
    assert run_all(session, tasks)[0] == ["ok", "ok", "ok"]
