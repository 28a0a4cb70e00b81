"""What is asked of a host: the registry, the selection by role, the shape of the script."""

import pytest
from collect_harness import NONCE, NOW, clock, plan, run

from storefleet.collect.plan import Endpoint, WatchedFiles
from storefleet.collect.quote import quote, quote_glob
from storefleet.collect.registry import Registry, collector, standard
from storefleet.errors import InputError
from storefleet.model.effects import NONCE as MARK


def script(**parts):
    return next(collector("linux").step(plan(**parts), clock())).script


def test_a_platform_taken_twice_names_both_owners():
    registry = standard()
    with pytest.raises(InputError, match=r"storefleet.*acme-plugin"):
        registry.add("linux", collector("linux"), "acme-plugin")


def test_an_unknown_platform_names_those_there_are():
    with pytest.raises(InputError, match="busybox, frr, linux"):
        collector("android")
    assert Registry().platforms() == ()


def test_only_endpoints_of_the_hosts_role_are_measured_and_each_once():
    ends = (
        Endpoint("a", "pay.hq.example", 1, "1.2", ("till",)),
        Endpoint("b", "pay.hq.example", 1, "1.3"),
        Endpoint("c", "cam.hq.example", 2, None, ("server",)),
    )
    text = script(endpoints=ends)
    assert text.count("  reach ") == 1
    assert "reach pay.hq.example 1 1.3 &" in text


def test_the_script_is_small_and_runs_only_when_it_arrived_whole():
    text = script()
    assert len(text) < 40_000
    *head, last = text.splitlines()
    assert last.endswith("main; fi; exit 0")
    assert text.count(MARK) == 1
    assert not [line for line in head if line.startswith(("frame ", "measure ", "probes ", "main "))]


def test_a_light_plan_leaves_out_what_is_slow():
    light, full = script(light=True, watch=(WatchedFiles(("/etc/hosts",)),)), script()
    assert "frame packages" not in light
    assert "frame files-0" not in light
    assert "frame listening" in light
    assert "frame packages" in full


def test_what_a_light_plan_leaves_out_is_missing_and_not_absent():
    answer = f"BEGIN {NONCE} me\n\nEND {NONCE} me 0\n".encode()
    gaps = {gap.path: gap.reason for gap in run(collector("linux").step(plan(light=True), clock()), answer).missing}
    assert gaps["/software"] == "left out of a light collection"


def test_words_and_globs_are_quoted():
    assert quote("a'b; rm -rf /") == "'a'\"'\"'b; rm -rf /'"
    assert quote_glob("/etc/$(x)/*.conf") == "/etc/'$''('x')'/*.conf"
    with pytest.raises(ValueError, match="NUL"):
        quote("a\x00b")


@pytest.mark.parametrize(
    ("printed", "offset"),
    [("{}.250000000", 0.2), ("{}", 0.5), ("{}.%N", 0.5), ("{}.N", 0.5)],
)
def test_the_clock_is_compared_with_the_instant_of_the_answer(printed, offset):
    seconds = int(NOW.timestamp()) + 2
    stdout = f"BEGIN {NONCE} clock\n{printed.format(seconds)}\n\nEND {NONCE} clock 0\n".encode()
    system = run(collector("linux").step(plan(), clock()), stdout).facts["system"]
    assert system["clock_offset_s"] == offset


def test_a_device_that_lives_in_1970_is_read_and_its_offset_is_told():
    stdout = f"BEGIN {NONCE} clock\n61.000000000\n\nEND {NONCE} clock 0\n".encode()
    document = run(collector("linux").step(plan(), clock()), stdout)
    assert document.facts["system"]["clock_offset_s"] < -(10**9)
    assert document.collected_at.startswith("2026")


def test_a_clock_that_nobody_can_read_is_missing():
    stdout = f"BEGIN {NONCE} clock\nMon Nov 23\n\nEND {NONCE} clock 0\n".encode()
    gaps = {gap.path: gap.reason for gap in run(collector("linux").step(plan(), clock()), stdout).missing}
    assert gaps["/system/clock_offset_s"] == "cannot parse: date +%s"
