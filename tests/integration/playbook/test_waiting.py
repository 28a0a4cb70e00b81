"""Waiting, asserting and saying: nothing is waited for while a plan is made."""

import socket
import time
from types import SimpleNamespace

import pytest
from module_world import World
from playbook_world import Shell

from storefleet.fleet import making

TOOLS = {"dash": ("dash",), "busybox": ("busybox", "ash")}


def sleeping(monkeypatch, sleep):
    monkeypatch.setattr(making, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))


@pytest.fixture(params=TOOLS.values(), ids=TOOLS)
def world(request, monkeypatch):
    slept = []
    sleeping(monkeypatch, slept.append)
    world = World(Shell(*request.param))
    world.slept = slept
    return world


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_plan_waits_for_nothing_and_does_not_even_look(world, tmp_path):
    tasks = [
        f"wait_for: {{path: {tmp_path}/none, timeout: 1}}",
        "wait_for: {port: 1, timeout: 1, delay: 5}",
        "wait_for_connection: {timeout: 1}",
        "pause: {minutes: 5}",
    ]
    changes, ends = world.plan(*tasks)
    assert (changes, world.shell.scripts, world.slept) == ([], [], [])
    assert [end.ended for end in ends] == ["ok"] * 4
    assert all("only when" in end.why for end in ends)


def test_an_open_port_is_found_and_a_closed_one_is_gone(world, port):
    assert world.make(f"wait_for: {{port: {port}, timeout: 3}}")[1][0].ended == "ok"
    assert world.make("wait_for: {port: 1, host: 127.0.0.1, state: stopped, timeout: 3}")[1][0].ended == "ok"
    _, (end,) = world.make(f"wait_for: {{port: {port}, state: stopped, timeout: 0}}")
    assert (end.ended, end.why) == ("failed", f"127.0.0.1:{port} is not stopped after 0 s")
    assert world.make("wait_for: {port: 1, timeout: 0, msg: own words}")[1][0].why == "own words"


def test_a_path_is_waited_for_until_it_is_there_and_holds_what_is_searched(world, tmp_path, monkeypatch):
    path = tmp_path / "log"
    steps = [lambda: None, lambda: path.write_text("starting\n"), lambda: path.write_text("starting\nready in 5 s\n")]
    sleeping(monkeypatch, lambda seconds: seconds and steps.pop(0)())
    task = f"wait_for: {{path: {path}, search_regex: '^ready in \\d+', timeout: 60}}"
    assert world.make(task)[1][0].ended == "ok"
    assert steps == []


def test_a_path_that_stays_is_not_absent(world, tmp_path):
    assert world.make(f"wait_for: {{path: {tmp_path}, state: absent, timeout: 0}}")[1][0].ended == "failed"
    assert world.make(f"wait_for: {{path: {tmp_path}/none, state: absent, timeout: 0}}")[1][0].ended == "ok"


def test_with_neither_port_nor_path_time_passes(world):
    assert world.make("wait_for: {timeout: 7}", "pause: {minutes: 1, seconds: 5}")[1][0].ended == "ok"
    assert [seconds for seconds in world.slept if seconds] == [7.0, 65.0]


@pytest.mark.parametrize(
    ("task", "why"),
    [
        ("wait_for: {port: 1, path: /x}", "exclude"),
        ("wait_for: {port: 70000}", "a host, a port"),
        ("wait_for: {port: 1, host: 'a;b'}", "a host, a port"),
        ("wait_for: {port: 1, search_regex: x}", "search_regex"),
        ("wait_for: {path: /x, search_regex: '('}", "not a regular expression"),
        ("wait_for: {path: /x, state: drained}", "state"),
        ("pause: {prompt: really}", "nobody is there"),
        ("pause: {}", "is due here"),
        ("ping: {data: crash}", "boom"),
        ("assert: {that: }", "that is due"),
        ("assert: {that: [{a: b}]}", "an expression is due"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(world, task, why):
    _, (end,) = world.plan(task)
    assert (end.ended, world.shell.scripts) == ("failed", [])
    assert why in end.why


def test_a_host_that_answers_is_pinged_and_one_that_does_not_is_no_pass(world):
    assert world.plan("ping:")[1][0].values == {"ping": "pong"}
    assert world.plan("ping: {data: here}")[1][0].values == {"ping": "here"}
    assert World(Shell("true")).plan("ping:")[1][0].ended == "failed"


def test_the_first_expression_that_does_not_hold_is_told(world):
    world.holds = {"a": True, "b > 1": False, "c": True}
    assert world.plan("assert: {that: [a, c, true]}")[1][0].why == "All assertions passed"
    assert world.plan("assert: {that: a, success_msg: fine}")[1][0].why == "fine"
    _, (end,) = world.plan("assert: {that: [a, b > 1, c]}")
    assert (end.ended, end.why) == ("failed", "Assertion failed: b > 1")
    assert end.values["assertion"] == "b > 1"
    assert world.plan("assert: {that: [false], fail_msg: wrong}")[1][0].why == "wrong: false"


def test_what_is_said_is_text_or_data(world):
    assert world.plan("debug: {msg: [1, yes, ü]}")[1][0].why == '[1, true, "ü"]'
    assert world.plan("debug: {}")[1][0].why == "Hello world!"
    assert world.plan("debug: {msg: x, verbosity: 2}")[1][0].ended == "skipped"
    world.render = lambda text: {"{{ name }}": "its value"}[text]
    assert world.plan("debug: {var: name}")[1][0].why == "its value"


def test_a_port_that_opens_late_is_found(world, monkeypatch):
    with socket.socket() as late:
        late.bind(("127.0.0.1", 0))
        number = late.getsockname()[1]
        asked = []
        sleeping(monkeypatch, lambda _seconds: asked.append(1) or (len(asked) == 3 and late.listen()))
        assert world.make(f"wait_for: {{port: {number}, timeout: 60}}")[1][0].ended == "ok"
    assert len(asked) >= 3
