"""The way back of an earlier run: what it asks for, given what the host kept and how it is now."""

import pytest

from storefleet.errors import TaskFailed
from storefleet.fleet.drive import drive
from storefleet.model.changes import ActOnUnit, Change, FileState, MakeFolder, ReadFile, ReadText, ReadUnit, UnitState
from storefleet.modules.base import Request
from storefleet.modules.undoing import undo_run


class Host:
    """Answers looks out of what it was told, and writes down what it is asked to change."""

    def __init__(self, lines, units=None, files=None, after=""):
        self.texts = {"list": "".join("\t".join(map(str, line)) + "\n" for line in lines), "after": after}
        self.units, self.files = dict(units or {}), dict(files or {})
        self.asked = []

    def answer(self, effect):
        if isinstance(effect, ReadText):
            return self.texts[effect.subject.rpartition("/")[2]]
        if isinstance(effect, ReadUnit):
            return self.units.get(effect.unit, UnitState("not-found", "inactive", ""))
        if isinstance(effect, ReadFile):
            return self.files.get(effect.path)
        assert isinstance(effect, Change)
        self.asked.append(effect)
        if isinstance(effect, ActOnUnit) and effect.unit:
            now = self.units[effect.unit]
            enabled = {"enable": "enabled", "disable": "disabled", "mask": "masked", "unmask": "disabled"}
            active = {"stop": "inactive", "restart": "active"}
            self.units[effect.unit] = UnitState(
                now.load, active.get(effect.action, now.active), enabled.get(effect.action, now.enabled)
            )
        return None

    def close(self):
        pass


def undone(host):
    drive(undo_run(Request({"run": "r1"}, lambda _kind, _name: b"", lambda text: text)), host)
    return [(type(one).__name__ if not isinstance(one, ActOnUnit) else one.action, one.target) for one in host.asked]


def unit(number, action, before, name="a.service"):
    return number, "unit", f"{action} {before}", name


@pytest.mark.parametrize(
    ("before", "now", "asked"),
    [
        ("inactive disabled", UnitState("masked", "inactive", "masked"), ["unmask"]),
        ("active enabled", UnitState("masked", "inactive", "masked"), ["unmask", "enable", "restart"]),
        ("inactive masked", UnitState("loaded", "active", "disabled"), ["stop", "mask"]),
        ("inactive masked", UnitState("masked", "inactive", "masked"), []),
        ("active static", UnitState("loaded", "inactive", "static"), ["restart"]),
    ],
)
def test_a_unit_is_brought_back_to_what_it_was_masks_too(before, now, asked):
    host = Host([unit(1, "mask", before)], {"a.service": now})
    assert [action for action, _ in undone(host)] == asked


def test_a_unit_that_the_run_brought_ends_before_its_file_goes():
    path = "/etc/systemd/system/a.service"
    brought = FileState("file", 0o644, "root", "root", b"x")
    lines = [(1, "absent", "-", path), unit(2, "daemon-reload", "- -", ""), unit(3, "enable", "inactive disabled")]
    lines += [unit(4, "start", "inactive enabled")]
    host = Host(
        lines,
        {"a.service": UnitState("loaded", "active", "enabled")},
        {path: brought},
        f"1\tfile 644 root root {brought.digest}\t{path}\n",
    )
    assert undone(host) == [
        ("stop", "a.service"),
        ("disable", "a.service"),
        ("RemovePath", path),
        ("daemon-reload", "systemd"),
    ]


def test_a_link_that_took_the_place_of_a_folder_goes_before_the_folder_comes_back():
    link = FileState("link", 0o777, "root", "root", b"/srv/other")
    host = Host([(1, "folder", "755 root root", "/srv/d")], {}, {"/srv/d": link}, "1\tlink /srv/other\t/srv/d\n")
    assert undone(host) == [("RemovePath", "/srv/d"), ("MakeFolder", "/srv/d")]
    made = host.asked[1]
    assert isinstance(made, MakeFolder)
    assert made.before is None


def test_a_host_that_kept_nothing_says_so():
    with pytest.raises(TaskFailed, match="nothing is kept of r1"):
        undone(Host([]))
