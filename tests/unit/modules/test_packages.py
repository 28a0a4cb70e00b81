"""What apt is asked for, and what a plan binds of it."""

import subprocess

import pytest
from till_world import Done, decide

from storefleet.modules.transactions import (
    TRANSACTION,
    Installed,
    Package,
    cost_of,
    installed,
    packages,
    text_of,
    way_back,
)

HAVE = "i|dash|0.5.12\ni|tool|1.0\nc|left|1.0\nn|gone|"


def said(transaction="", sources="", error="", status=0):
    return {"": (f"{transaction}--\n{sources}", error, status)}


def asked(arguments, have=HAVE, **answers):
    return decide("apt", arguments, texts={"packages": have, "package-lists": "5000"}, said=said(**answers))


def test_an_installed_package_is_asked_for_nothing():
    done, changes = asked({"name": ["tool", "dash"]})
    assert (done.changed, done.why, changes) == (False, "it is installed", [])


def test_a_transaction_is_shown_whole_and_bound_whole():
    done, (change,) = asked({"name": "new, tool"}, transaction="lib||2\nnew||1\n", sources="")
    assert done.changed
    assert change.shown == ("lib (new) -> 2", "new (new) -> 1")
    assert change.before == "lib||2\nnew||1"
    assert "install new" in change.script
    assert "lib- new-" in change.way_back
    assert installed(change.after).versions == {"dash": "0.5.12", "tool": "1.0", "lib": "2", "new": "1"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "tool=2.0"}, "install tool=2.0"),
        ({"name": "tool", "state": "latest"}, "install tool"),
        ({"name": "tool", "state": "absent"}, "install tool-"),
        ({"name": "left", "state": "absent", "purge": True}, "--purge install left-"),
        ({"name": "new", "install_recommends": False}, "APT::Install-Recommends=no install new"),
        ({"pkg": "new", "allow_downgrade": True}, "--allow-downgrades install new"),
        ({"upgrade": "dist"}, "dist-upgrade"),
        ({"upgrade": True}, "--with-new-pkgs upgrade"),
        ({"autoremove": True, "purge": True}, "--purge --auto-remove autoremove"),
        ({"name": "new", "only_upgrade": True, "force_apt_get": True}, "--only-upgrade install new"),
    ],
)
def test_what_apt_is_asked_for(arguments, words):
    _, (change,) = asked(arguments, transaction="x||1\n")
    assert words in change.script
    assert words in change.read


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"name": "tool=1.0"}, "it is installed"),
        ({"name": "never", "state": "absent", "purge": True}, "none of it is installed"),
        ({"name": "left", "state": "absent"}, "none of it is installed"),
        ({"name": "tool", "state": "latest"}, "apt finds nothing to do"),
        ({"name": "tool", "update_cache": True}, "it is installed"),
        ({"update_cache": True, "cache_valid_time": 6000}, "the package lists are fresh"),
    ],
)
def test_where_there_is_nothing_to_do_it_is_said_why(arguments, why):
    done, changes = asked(arguments)
    assert (done.changed, done.why, changes) == (False, why, [])


@pytest.mark.parametrize(
    ("arguments", "answers", "word"),
    [
        ({"name": "Tool"}, {}, "is no package"),
        ({"name": "tool*"}, {}, "patterns are not taken"),
        ({"name": "tool-"}, {}, "is no package"),
        ({"name": "--purge"}, {}, "is no package"),
        ({"name": "a=1=2"}, {}, "is no package"),
        ({}, {}, "name or deb is due"),
        ({"deb": "/x.deb", "name": "x"}, {}, "deb goes with"),
        ({"upgrade": "dist", "name": "x1"}, {}, "upgrade goes with"),
        ({"name": "new"}, {"error": "W: no\nE: Unable to locate package new\n", "status": 1}, "new: Unable to locate"),
        ({"name": "tool=0.9"}, {"error": "E: Packages were downgraded and -y", "status": 1}, "allow_downgrade: yes"),
        ({"name": "new"}, {"transaction": "new||1\n", "error": "storefleet: interrupted\n"}, "dpkg --configure -a"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_done(arguments, answers, word):
    told, changes = asked(arguments, **answers)
    assert word in told
    assert changes == []


def test_nothing_is_built_on_a_half_configured_package_but_the_package_itself_may_go():
    have = f"{HAVE}\nF|half|1.0"
    assert "half configured on this host: half" in asked({"name": "new"}, have, transaction="new||1\n")[0]
    assert asked({"name": "half", "state": "absent"}, have, transaction="half|1.0|\n")[0].changed


def test_what_an_earlier_task_of_the_plan_installs_is_left_out_of_the_next_transaction():
    known = installed(HAVE).after((Package("lib", "", "2"),), ("first",))
    parts = packages("lib||2\nnew||1\ntool|1.0|1.1", known)
    assert [one.words for one in parts] == ["new (new) -> 1", "tool 1.0 -> 1.1"]
    done, (change,) = asked({"name": "new"}, known.text, transaction="lib||2\nnew||1\n")
    assert done.changed
    assert change.before == "new||1"


def test_what_was_foretold_reads_back_as_it_was():
    known = Installed({"a": "1"}, frozenset({"b"}), (), (("a", "b-"),))
    assert installed(known.text) == known


def test_a_plan_that_only_removes_what_is_not_needed_leaves_no_empty_word_for_apt():
    _, (change,) = asked({"autoremove": True}, transaction="tool|1.0|\n")
    assert installed(change.after).asked == ((),)
    _, (second,) = asked({"name": "new"}, change.after, transaction="new||1\n")
    assert "install new </dev/null" in second.read


def test_the_renewal_of_the_lists_comes_before_the_transaction():
    _, changes = asked({"name": "new", "update_cache": True}, transaction="new||1\n")
    assert [change.subject for change in changes] == ["package-lists", "packages"]


def test_a_package_file_is_bound_with_its_content():
    answers = {
        "": ("pay||1.0\n--\nsha256|abc\n", "", 0),
        "file:/srv/pay.deb": ("pay\n1.0\n", "", 0),
    }
    done, (change,) = decide("apt", {"deb": "/srv/pay.deb"}, texts={"packages": HAVE}, said=answers)
    assert isinstance(done, Done)
    assert change.before == "pay||1.0\nsha256|abc"
    assert "sha256sum </srv/pay.deb" in change.read


@pytest.mark.parametrize(
    ("names", "cost"),
    [(["tool"], "service"), (["openssh-server"], "path"), (["tool", "libc6"], "path"), (["linux-image-amd64"], "path")],
)
def test_a_package_without_which_nobody_comes_in_is_of_the_worst_class(names, cost):
    assert cost_of(tuple(Package(name, "", "1") for name in names)) == cost


def test_the_way_back_is_said_to_be_unsure_where_a_version_can_be_had_no_more():
    parts = (Package("a", "", "1"), Package("b", "1", "2"), Package("c", "1", ""), Package("d", "1", "", purged=True))
    script, unsure = way_back(parts, frozenset({"b|1", "d|1"}))
    assert "install a- b=1 d=1" in script
    assert unsure == ("no way back is sure: c 1 is in no package source of this host",)
    assert way_back((Package("c", "1", ""),), frozenset())[0] == ""


SIMULATED = """\
Reading package lists...
The following packages will be REMOVED:
  old* gone
Inst fresh (1:2.0 Debian:12 [amd64])
Inst tool [1.0] (1.1 localhost [all]) [fresh:amd64 ]
Remv gone [3.0] [x ]
Purg old [1.0]
Conf fresh (1:2.0 Debian:12 [amd64])
"""


def test_what_apt_prints_becomes_the_bare_transaction():
    done = subprocess.run(["sh", "-c", TRANSACTION], input=SIMULATED, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["fresh||1:2.0", "gone|3.0|", "old|purged|", "tool|1.0|1.1"]
    known = installed("i|old|1.0\ni|gone|3.0\ni|tool|1.0")
    assert text_of(packages(done.stdout, known)) == done.stdout.strip()


def test_a_host_without_dpkg_is_told_by_name():
    assert "no dpkg" in decide("package", {"name": "x1"}, texts={"packages": "none"})[0]
