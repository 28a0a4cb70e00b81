"""`router_config: {golden: …}` against a stand-in for FRR, over real shells; tests/lab asks the router itself."""

from __future__ import annotations

import ast
import json
import shutil

import frr_double
import playbook_world as world
import pytest

from storefleet.compliance import lines
from storefleet.compliance.golden import Feature, Golden, Rendered
from storefleet.documents.nodes import Source
from storefleet.modules import remote

HERE = Source("g.yaml", 1)
SHELLS = [pytest.param(("dash",), id="dash"), pytest.param(("busybox", "ash"), id="ash")]
FEATURES = (
    Feature("routes", HERE, ("ip route",), extra="fail"),
    Feature("interfaces", HERE, ("interface",), ignore_children=("bandwidth",)),
    Feature("names", HERE, ("hostname",), risk="service"),
    Feature("things", HERE, ("thing",), ordered=True),
    Feature("users", HERE, ("user",), secret=(2,), extra="fail"),
)
TEXT = """\
hostname S0001-router
ip route 0.0.0.0/0 10.0.1.254
interface lan0
 description store LAN
 no shutdown
interface wan0
 description to head office
"""


@pytest.fixture(params=SHELLS)
def router(request, tmp_path, monkeypatch):
    if not shutil.which(request.param[0]):
        pytest.skip(f"{request.param[0]} is not on this machine")
    monkeypatch.setattr(remote, "KEPT", str(tmp_path / "kept"))
    return frr_double.Router(tmp_path / "router", *request.param)


def golden(text=TEXT):
    def of(name):
        assert name == "shop"
        return Rendered(Golden("shop", "all", "golden/shop.j2", FEATURES, HERE), lines.ordered(text))

    return of


def task(**more):
    arguments = json.dumps({"golden": "shop", **more})
    return f"- router_config: {arguments}\n  register: found\n- debug: {{var: found.golden}}\n"


def plan(tmp_path, router, text=TEXT, **more):
    changes, ends = world.plan(tmp_path, router, task(**more), golden=golden(text))
    return changes, next((end.ended, end.why) for end in ends)


def make(tmp_path, router, text=TEXT, **more):
    made, ends = world.make(tmp_path, router, task(**more), golden=golden(text))
    return made, [(end.ended, end.why) for end in ends]


def drift(router, *more):
    text = frr_double.BASE.replace("store LAN", "shop floor").replace(" ip address 10.0", " shutdown\n ip address 10.0")
    router.set(running="".join(f"{line}\n" for line in more) + text)


def test_what_is_missing_comes_what_must_go_goes_and_what_is_only_warned_of_stays(tmp_path, router):
    drift(router, "ip route 10.9.0.0/16 10.0.1.9")
    before = router.running
    changes, end = plan(tmp_path, router)
    assert (end, router.running) == (("changed", ""), before)
    assert [(change.shown, change.cost) for change in changes] == [
        (
            (
                "- interface lan0 / description shop floor",
                "- ip route 10.9.0.0/16 10.0.1.9",
                "+ interface lan0 / description store LAN",
            ),
            "path",
        )
    ]
    made, ends = make(tmp_path, router)
    assert (len(made), ends[0]) == (1, ("changed", ""))
    assert lines.write(router.running) == changes[0].after
    assert ("interface wan0", "shutdown") in router.running
    assert ast.literal_eval(ends[1][1])["interfaces"]["extra"] == [
        "interface lan0 / description shop floor",
        "interface lan0 / ip address 10.100.1.1/24",
        "interface wan0 / ip address 10.0.1.1/24",
        "interface wan0 / shutdown",
    ]
    assert make(tmp_path, router)[0] == []


def test_what_is_left_there_is_told(tmp_path, router):
    state = world.run(tmp_path, router, task(), golden=golden())[2]
    named = "interface lan0 / ip address 10.100.1.1/24; interface wan0 / ip address 10.0.1.1/24"
    assert state.notes == [f"golden shop: interfaces: 2 lines more than it says, left there: {named}"]


def test_only_the_features_that_are_named_are_touched_and_their_risk_counts(tmp_path, router):
    drift(router, "ip route 10.9.0.0/16 10.0.1.9")
    changes, _ = plan(tmp_path, router, features=["interfaces"])
    assert [change.cost for change in changes] == ["config"]
    changes, _ = plan(tmp_path, router, TEXT.replace("S0001", "S0002"), features="names")
    assert [(change.shown, change.cost) for change in changes] == [(("+ hostname S0002-router",), "service")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"golden": 5}, "golden: the name of a golden configuration is due here"),
        ({"golden": None, "features": ["routes"]}, "golden: the name of a golden configuration is due here"),
        ({"lines": ["x"]}, "lines does not go with it"),
        ({"src": "x.j2"}, "src does not go with it"),
        ({"parents": "interface lan0"}, "parents does not go with it"),
        ({"match": "exact"}, "match does not go with it"),
        ({"features": []}, "a list of features of shop is due here"),
        ({"features": [1]}, "a list of features of shop is due here"),
        ({"features": ["ntp"]}, "shop has no feature 'ntp'; there are: routes, interfaces, names"),
        ({"save": "sometimes"}, "save: false, changed or always"),
    ],
)
def test_bad_arguments_are_refused_before_the_router_is_asked(tmp_path, router, arguments, said):
    changes, (ended, why) = plan(tmp_path, router, **arguments)
    assert (changes, ended, said in why, router.scripts) == ([], "failed", True, []), why


def test_a_running_text_that_was_cut_is_no_answer(tmp_path, router):
    router.set(cut=True)
    _, (ended, why) = plan(tmp_path, router)
    assert (ended, "without its end" in why) == ("failed", True)


@pytest.mark.parametrize("running", ["thing 2\nthing 1\n", "thing 1\n"])
def test_an_order_that_only_the_router_makes_is_refused_and_never_taken_for_done(tmp_path, router, running):
    router.set(running=running + frr_double.BASE)
    changes, (ended, why) = plan(tmp_path, router, TEXT + "thing 1\nthing 2\n", features=["things"])
    assert (changes, ended, "stands out of its order, which only the router decides" in why) == ([], "failed", True)


def test_lines_in_the_order_of_the_golden_text_are_as_they_must_be(tmp_path, router):
    router.set(running="thing 2\nthing 1\n" + frr_double.BASE)
    changes, end = plan(tmp_path, router, TEXT + "thing 2\nthing 1\n", features=["things"])
    assert (changes, end) == ([], ("ok", "it runs as it must"))


def test_what_the_lines_make_of_it_is_read_back_and_another_end_is_put_back(tmp_path, router):
    drift(router, "ip route 10.9.0.0/16 10.0.1.9")
    router.set(stubborn=["ip route 10.9.0.0/16 10.0.1.9"])
    before = router.running
    made, ((ended, why), *_) = make(tmp_path, router)
    assert (made, ended, router.running) == ([], "failed", before)
    assert "has ip route 10.9.0.0/16 10.0.1.9" in why


def test_a_secret_by_its_place_is_in_nothing_that_people_read(tmp_path, router):
    router.set(running="user bob s3cret-old\n" + frr_double.BASE, refused=["user bob s3cret-new"])
    changes, _ = plan(tmp_path, router, TEXT + "user bob s3cret-new\n")
    assert changes[0].shown == ("- user bob <redacted>", "+ user bob <redacted>")
    _, ends = make(tmp_path, router, TEXT + "user bob s3cret-new\n")
    assert "user bob <redacted>: not taken" in ends[0][1]
    router.set(refused=[], respelt={"user bob s3cret-new": "user bob s3cret-other"})
    _, more = make(tmp_path, router, TEXT + "user bob s3cret-new\n")
    assert "has (a line with a secret)" in more[0][1]
    assert "s3cret" not in str((ends, more, router.argv))
