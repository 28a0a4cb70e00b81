"""The modules of the system on a till, each by itself: what they leave is what ansible-core left, and the way back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import fidelity
import msgspec
import pytest
import yaml
from till_world import KEY, Till, make_on, plan_on, run_all, whole

from storefleet.fleet.binding import Binding, Bound, digest_of
from storefleet.fleet.looking import Surroundings
from storefleet.fleet.making import Making
from storefleet.lab.lab import Lab
from storefleet.model.effects import RunScript
from storefleet.modules import remote, undo

pytestmark = pytest.mark.lab
REPOSITORY = Path(__file__).parents[2]
TILL = "S0001-pos1"
DEMO = (fidelity.FOLDER / "files" / "demo.service").read_text()


@pytest.fixture(scope="module")
def end_lab(lab_or_skip):
    yield
    Lab("modules", REPOSITORY).down()


@pytest.fixture
def till(end_lab):
    return fidelity.fresh("modules", REPOSITORY, python=False)


def tasks_of(name):
    """Return the tasks of a playbook that are one module call each, with its variables put in."""
    (play,) = yaml.safe_load((fidelity.FOLDER / f"{name}.yaml").read_text())
    found = []
    for task in play["tasks"]:
        for module, arguments in task.items():
            if isinstance(arguments, dict) and module not in ("command", "debug", "vars"):
                words = dict(arguments)
                if words.get("src") == "demo.service":
                    words = {"dest": words["dest"], "content": DEMO}
                for variable, value in play.get("vars", {}).items():
                    for word, text in words.items():
                        words[word] = text.replace(f"{{{{ {variable} }}}}", value) if isinstance(text, str) else text
                found.append((module, words))
    return found


CASES = ("09-service-states", "10-packages", "12-accounts", "13-cron", "14-system")


@pytest.mark.parametrize("name", CASES)
def test_modules_leave_what_ansible_leaves_the_first_time_and_the_second(till, name):
    recorded = fidelity.recording(name)["runs"]
    told = whole(till, TILL, tasks_of(name))
    for word in ("first", "second"):
        theirs = [task["ended"][TILL].partition(",")[0] for task in recorded[word]["tasks"]]
        assert told[word]["ends"] == theirs[: len(told[word]["ends"])], told[word]["faults"]
        assert told[word]["planned"] == told[word]["ends"]
        assert told[word]["left"] == recorded[word]["left"].get(TILL, {})
        assert told[word]["left_over"] == 0


@pytest.mark.parametrize("name", CASES)
def test_the_way_back_leaves_the_till_as_it_was(till, name):
    before = fidelity.look(till, TILL)
    device = Till(till, TILL)
    assert device.answer(RunScript(undo.arm("run-1", 600))).exit_status == 0
    tasks = tasks_of(name)
    changes, _, _ = plan_on(till, TILL, tasks)
    assert make_on(till, TILL, tasks, changes)[0].left == 0
    told = device.answer(RunScript(undo.undo_now("run-1"))).stdout.decode()
    assert "NOT taken back" not in told
    left = fidelity.changes(till, TILL, before, fidelity.look(till, TILL))
    left.get("services", {}).pop("posd.service", None)  # it was stopped, and runs anew
    left.get("accounts", {}).pop("gshadow", None)  # groupadd locks with ! what was locked with *
    assert {key for section in left.values() for key in section} == set()


def test_a_transaction_that_has_become_another_is_not_made(till):
    changes, _, _ = plan_on(till, TILL, [("apt", {"name": "fidelity-tool"})])
    till.enter(TILL, ["sh", "-s"], stdin="apt-get -qq -y install fidelity-tool=1.0 >/dev/null")
    output = Till(till, TILL).answer(RunScript(remote.change(changes[0], "run-1", 1)))
    assert (output.exit_status, output.stderr) == (remote.MOVED, b"it is now: fidelity-tool|1.0|1.1\n")


def test_who_holds_the_lock_of_dpkg_is_said(till):
    changes, _, _ = plan_on(till, TILL, [("apt", {"name": "fidelity-extra"})])
    hold = 'use Fcntl; open(F, ">>/var/lib/dpkg/lock-frontend"); '
    hold += 'my $l = pack("ssqqi", F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLK, $l); $| = 1; print "held\n"; sleep 60'
    with subprocess.Popen(till.device_argv(TILL, ["perl", "-e", hold]), stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        script = changes[0].script.replace("Lock::Timeout=60", "Lock::Timeout=1")
        output = Till(till, TILL).answer(
            RunScript(remote.change(msgspec.structs.replace(changes[0], script=script), "run-1", 1))
        )
        holder.kill()
    assert output.exit_status == 100
    assert b"/var/lib/dpkg/lock-frontend is held by process" in output.stderr
    assert b"(perl)" in output.stderr


BROKEN = """
mkdir -p /tmp/broken/DEBIAN
printf 'Package: broken\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@hq.example>\\nDescription: x\\n' \\
  >/tmp/broken/DEBIAN/control
printf '#!/bin/sh\\necho no licence here >&2; exit 1\\n' >/tmp/broken/DEBIAN/postinst
chmod 755 /tmp/broken/DEBIAN/postinst
dpkg-deb --build /tmp/broken /tmp/broken.deb
"""


def test_what_a_failing_package_says_is_passed_on_and_nothing_is_built_on_it(till):
    till.enter(TILL, ["sh", "-s"], stdin=BROKEN)
    tasks = [("apt", {"deb": "/tmp/broken.deb"})]
    _, ends, faults = make_on(till, TILL, tasks, plan_on(till, TILL, tasks)[0])
    assert ends == ["failed"]
    assert "no licence here" in faults[0]
    _, ends, faults = plan_on(till, TILL, [("apt", {"name": "fidelity-extra"})])
    assert (ends, faults) == (
        ["failed"], ["only half configured on this host: broken; run dpkg --configure -a there first"],
    )  # fmt: skip
    changes, ends, _ = plan_on(till, TILL, [("apt", {"name": "broken", "state": "absent"})])
    assert (ends, len(changes)) == (["changed"], 1)


def test_a_downgrade_and_a_pattern_are_refused(till):
    till.enter(TILL, ["sh", "-s"], stdin="apt-get -qq -y install fidelity-tool=1.1 >/dev/null")
    tasks = [("apt", {"name": name}) for name in ("fidelity-tool=1.0", "fid.lity-aged", "fidelity-aged=3")]
    _, ends, faults = plan_on(till, TILL, tasks)
    assert ends == ["failed"] * 3
    for word, fault in zip(("downgrade", "No package", "Version '3'"), faults, strict=True):
        assert word in fault
    changes, ends, _ = plan_on(till, TILL, [("apt", {"name": "fidelity-tool=1.0", "allow_downgrade": True})])
    assert (ends, changes[0].shown) == (["changed"], ("fidelity-tool 1.1 -> 1.0",))


def test_an_address_is_taken_up_and_the_second_time_it_is_as_it_must_be(till):
    tasks = [("network_address", {"interface": "eth0", "address": "10.100.1.77/24", "gateway": "10.100.1.1"})]
    told = whole(till, TILL, tasks)
    assert (told["first"]["ends"], told["second"]["ends"], told["second"]["changes"]) == (["changed"], ["ok"], [])
    shown = till.enter(TILL, ["ip", "-4", "address", "show", "eth0"]).stdout
    assert "10.100.1.77/24" in shown
    assert "10.100.1.11/24" not in shown


def test_a_reboot_is_awaited_until_another_boot_answers(till):
    tasks = [("reboot", {"reboot_timeout": 60})]
    changes, _, _ = plan_on(till, TILL, tasks)
    around = Surroundings(again=lambda: Till(till, TILL))
    bound = Binding(tuple(Bound(digest_of(change, KEY)) for change in changes))
    before = till.enter(TILL, ["cat", "/proc/sys/kernel/random/boot_id"]).stdout
    session = Making(Till(till, TILL), TILL, bound, KEY, "run-1", around)
    assert run_all(session, tasks)[0] == ["changed"]
    assert till.enter(TILL, ["cat", "/proc/sys/kernel/random/boot_id"]).stdout != before
