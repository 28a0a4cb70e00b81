"""The modules of routers against a stand-in for FRR, over real shells; the router itself is asked in tests/lab."""

from __future__ import annotations

import json
import shutil

import frr_double
import playbook_world as world
import pytest

from storefleet.compliance import lines
from storefleet.errors import Moved
from storefleet.fleet.binding import Binding, Bound, digest_of
from storefleet.fleet.making import Making, first_number
from storefleet.model.changes import Alter
from storefleet.modules import remote
from storefleet.modules.risk import class_of, class_of_lines

FIRST = first_number("S0001-pos1")
SHELLS = [pytest.param(("dash",), id="dash"), pytest.param(("busybox", "ash"), id="ash")]


@pytest.fixture(params=SHELLS)
def router(request, tmp_path, monkeypatch):
    if not shutil.which(request.param[0]):
        pytest.skip(f"{request.param[0]} is not on this machine")
    monkeypatch.setattr(remote, "KEPT", str(tmp_path / "kept"))
    return frr_double.Router(tmp_path / "router", *request.param)


def config(**arguments):
    return f"- router_config: {json.dumps(arguments)}\n"


def plan(tmp_path, router, tasks):
    changes, ends = world.plan(tmp_path, router, tasks)
    return changes, [(end.ended, end.why) for end in ends]


def make(tmp_path, router, tasks):
    made, ends = world.make(tmp_path, router, tasks)
    return made, [(end.ended, end.why) for end in ends]


LANE = config(parents="interface lan0", lines=["description lane 1", "shutdown"])


def test_lines_are_set_once_and_the_second_run_says_why_it_does_nothing(tmp_path, router):
    before = router.running
    changes, ends = plan(tmp_path, router, LANE)
    assert (ends, len(changes), router.running) == ([("changed", "")], 1, before)
    assert changes[0].shown == (
        "- interface lan0 / description store LAN",
        "+ interface lan0 / description lane 1",
        "+ interface lan0 / shutdown",
    )
    assert (len(make(tmp_path, router, LANE)[0]), lines.write(router.running)) == (1, changes[0].after)
    assert make(tmp_path, router, LANE) == ([], [("ok", "it runs as it must")])


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"refused": ["ip route 10.8.0.0/16 10.0.1.9"]}, "10.8.0.0/16 10.0.1.9: not taken: % Configuration failed."),
        (
            {"respelt": {"ip route 10.8.0.0/16 10.0.1.9": "ip route 10.0.0.0/8 10.0.1.9"}},
            "lacks ip route 10.8.0.0/16 10.0.1.9; has ip route 10.0.0.0/8 10.0.1.9",
        ),
    ],
)
def test_a_line_that_is_refused_or_altered_undoes_the_rest(tmp_path, router, state, said):
    before = router.running
    router.set(**state)
    tasks = config(lines=["ip route 10.9.0.0/16 10.0.1.9", "ip route 10.8.0.0/16 10.0.1.9", "hostname other"])
    made, ((ended, why),) = make(tmp_path, router, tasks)
    assert (made, ended, router.running) == ([], "failed", before)
    assert said in why
    assert why.endswith("; refused and put back")


def test_what_could_not_be_put_back_is_told(tmp_path, router):
    router.set(refused=["hostname other"], stubborn=["ip route 10.9.0.0/16 10.0.1.9"])
    tasks = config(lines=["ip route 10.9.0.0/16 10.0.1.9", "hostname other"])
    _, ((ended, why),) = make(tmp_path, router, tasks)
    assert (ended, why.endswith("refused and NOT put back: look at the router")) == ("failed", True)


def test_what_the_inverse_lines_do_not_bring_back_the_whole_old_text_does(tmp_path, router):
    before = router.running
    router.set(refused=["hostname other"], respelt={"no ip route 0.0.0.0/0 10.0.1.254": "no interface wan0"}, deaf=1)
    tasks = config(lines=["no ip route 0.0.0.0/0 10.0.1.254", "hostname other"])
    _, ((ended, why),) = make(tmp_path, router, tasks)
    assert (ended, router.running, why.endswith("refused and put back")) == ("failed", before, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"lines": ["nonsense here"]}, "nonsense here: not taken: line 1: % Unknown command"),
        ({"lines": ["router bgp 65000"]}, "bgpd does not run there"),
        ({"lines": ["exit"]}, "parents names the section"),
        ({"lines": ["do show version"]}, "is a command"),
        ({"lines": ["a\tb"]}, "printable"),
        ({"lines": []}, "exactly one of lines and src is due"),
        ({"lines": ["x"], "match": "exact"}, "parents names it"),
        ({"lines": ["x"], "save": "sometimes"}, "save: false, changed or always"),
        ({"lines": ["x"], "src": "x.j2"}, "do not go with it"),
        ({"lines": ["x"], "parents": ["no router bgp 1"]}, "that is a line"),
    ],
)
def test_bad_input_and_unknown_lines_are_refused_before_any_change_is_asked(tmp_path, router, arguments, said):
    before = router.running
    changes, ((ended, why),) = plan(tmp_path, router, config(**arguments))
    assert (changes, ended, said in why, router.running) == ([], "failed", True, before), why


def test_a_secret_stands_in_no_list_of_processes_and_in_nothing_that_people_read(tmp_path, router):
    router.set(refused=["password s3cret-word"])
    changes, _ = plan(tmp_path, router, config(lines=["password s3cret-word"]))
    assert changes[0].shown == ("+ password <redacted>",)
    _, ((_, why),) = make(tmp_path, router, config(lines=["password s3cret-word"]))
    assert "s3cret" not in why
    assert "<redacted>: not taken" in why
    assert "s3cret" not in str(router.argv)


def test_a_router_that_moved_since_the_plan_is_left_alone(tmp_path, router):
    changes, _ = plan(tmp_path, router, LANE)
    router.set(running=frr_double.BASE + "ip route 10.3.0.0/16 10.0.1.9\n")
    making = Making(router, "S0001-router", Binding((Bound(digest_of(changes[0], world.KEY)),)), world.KEY, "run-1")
    with pytest.raises(Moved, match=r"has ip route 10\.3\.0\.0/16"):
        making.answer(changes[0])
    assert ("interface lan0", "shutdown") not in router.running


def test_a_running_text_that_was_cut_is_no_answer(tmp_path, router):
    router.set(cut=True)
    _, ((ended, why),) = plan(tmp_path, router, LANE)
    assert (ended, "without its end" in why) == ("failed", True)


def test_saving_comes_last_and_only_where_something_is_to_be_saved(tmp_path, router):
    old = router.saved.read_text()
    tasks = config(parents="interface lan0", lines=["shutdown"], save="changed")
    made, _ = make(tmp_path, router, tasks)
    assert [change.subject for change in made] == ["router:running-config", "router:saved-config"]
    assert frozenset(lines.ordered(router.saved.read_text())) == router.running
    assert make(tmp_path, router, tasks)[0] == make(tmp_path, router, "- router_save: {}\n")[0] == []
    kept = tmp_path / "kept" / "run-1"
    assert (kept / f"{FIRST + 2}.conf").read_text() == old


def test_what_was_not_saved_as_it_runs_leaves_the_old_file(tmp_path, router):
    old = router.saved.read_text()
    router.set(running=frr_double.BASE + "ip route 10.3.0.0/16 10.0.1.9\n", spoils=True)
    _, ((ended, why),) = make(tmp_path, router, "- router_save: {}\n")
    assert (ended, "the old file is back" in why, router.saved.read_text()) == ("failed", True, old)
    assert not router.saved.with_name("frr.conf.sav").exists()


def test_lines_that_are_not_taken_are_not_saved(tmp_path, router):
    old = router.saved.read_text()
    router.set(refused=["shutdown"])
    make(tmp_path, router, config(parents="interface lan0", lines=["shutdown"], save="always"))
    assert router.saved.read_text() == old


def test_the_way_back_undoes_the_lines_and_the_saving_and_at_boot_the_file_alone(tmp_path, router):
    before, old = router.running, router.saved.read_text()
    made, _ = make(tmp_path, router, config(parents="interface lan0", lines=["shutdown"], save="always"))
    kept = f"k={tmp_path}/kept/run-1"
    lines_back, file_back = (change.way_back for change in made)
    after = router.running
    assert router.answer(Alter(subject="", action="", cost="config", script=f"when=boot\n{lines_back}"))
    assert router.running == after
    for number, script in ((FIRST + 2, file_back), (FIRST + 1, lines_back)):
        done = router.answer(Alter(subject="", action="", cost="config", script=f"{kept} n={number}\n{script}"))
        assert done.exit_status == 0, done.stderr
    assert (router.running, router.saved.read_text()) == (before, old)


def test_a_template_is_merged_and_a_section_can_be_exact(tmp_path, router, monkeypatch):
    text = "interface lan0\n description {{ host.name }}\n!\nip route 10.9.0.0/16 10.0.1.9\n"
    monkeypatch.setitem(world.LOCAL, "templates/router.j2", text)
    make(tmp_path, router, config(src="router.j2"))
    assert {("interface lan0", "description S0001-pos1"), ("ip route 10.9.0.0/16 10.0.1.9",)} <= router.running
    tasks = config(parents="interface lan0", lines=["ip address 10.100.1.1/24"], match="exact")
    make(tmp_path, router, tasks)
    assert {path[-1] for path in router.running if path[0] == "interface lan0"} == {
        "interface lan0",
        "ip address 10.100.1.1/24",
    }
    assert make(tmp_path, router, tasks)[0] == []


def test_a_command_is_asked_without_a_secret_in_its_answer(tmp_path, router):
    tasks = "- router_command: {commands: [show version, show interface]}\n  register: said\n"
    tasks += "- debug: {msg: '{{ said.stdout[1] }}'}\n"
    _, ends = make(tmp_path, router, tasks)
    assert ends == [("ok", "it was asked"), ("ok", "show interface: fine\n password <redacted>")]


@pytest.mark.parametrize("command", ["write memory", "show version | include x", "show version\nreload", "clear bgp"])
def test_only_what_shows_may_be_asked(tmp_path, router, command):
    _, ((ended, why),) = plan(tmp_path, router, f"- router_command: {{commands: [{command!r}]}}\n")
    assert (ended, "read-only list" in why) == ("failed", True)
    assert router.argv == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("interface lan0", "description x"), "config"),
        (("hostname x",), "config"),
        (("no log syslog",), "config"),
        (("line vty", "exec-timeout 5 0"), "config"),
        (("interface lan0", "shutdown"), "path"),
        (("interface lan0", "no ip address 10.1.1.1/24"), "path"),
        (("ip route 0.0.0.0/0 10.0.1.254",), "path"),
        (("access-list A seq 5 deny any",), "path"),
        (("line vty", "access-class A"), "path"),
        (("something new",), "path"),
        (("router bgp 1", "neighbor X description y"), "path"),
        (("router ospf", "log-adjacency-changes"), "path"),
        (("route-map X permit 10", "description y"), "path"),
        (("ip prefix-list X seq 5 permit any",), "path"),
        (("interface lan0", "ip ospf cost 5"), "path"),
    ],
)
def test_a_line_that_is_not_known_to_be_harmless_can_cut_the_way(tmp_path, path, expected):
    assert class_of_lines([path]) == class_of_lines([("hostname x",), path]) == expected


def test_the_class_counts_what_a_line_takes_away_too(tmp_path, router):
    (change,), _ = plan(tmp_path, router, config(lines=["no interface wan0"]))
    assert class_of(change) == "path"
    (change,), _ = plan(tmp_path, router, config(parents="interface lan0", lines=["description x"]))
    assert class_of(change) == "config"
