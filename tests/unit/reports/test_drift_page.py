"""The page of drift: nothing of a device is markup, nothing runs but our own, and everything known stands on it."""

import re

import drift_factory as factory
import pytest
from browsing import Elements, data_of, runs_only_ours
from hostile import HOSTILE

from storefleet.reports.html.drift import drift_page

MARKUP = {"tag": "<script>alert(1)</script>", "end": "</script><img src=x onerror=alert(1)>", "comment": "<!--<script>"}
TEXTS = {**HOSTILE, **MARKUP}


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("label", TEXTS)
def test_hostile_text_adds_no_element_and_closes_none(label, whole):
    text = drift_page(factory.hostile(TEXTS[label]), fleet=TEXTS[label], whole_fleet=whole)
    assert Elements(text).found == Elements(drift_page(factory.one_store())).found
    text.encode("utf-8")
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1]
    assert not re.search("[<>&]", data)
    assert data.isascii()
    assert len(text) < 800_000, "a value of any length is cut"


def test_only_our_script_and_style_may_run_and_nothing_is_loaded():
    runs_only_ours(drift_page(factory.one_store()))


def test_everything_that_is_known_of_a_store_is_on_its_page():
    data = data_of(drift_page(factory.one_store(), fleet="grocery-de"))
    assert data["headline"].endswith("1 of them critical")
    store = data["details"]["S0412"]
    shut, behind = store["differences"][:2]
    assert (shut["approved"], shut["intended"], shut["observed"]) == ("absent", "absent", "shutdown")
    assert (shut["repair"], shut["undo"]) == (["interface wan0", " no shutdown"], ["interface wan0", " shutdown"])
    assert shut["life"] == "BACK AGAIN, had gone 2 times since it was approved"
    assert "recorded" in shut["when"]
    assert len(shut["told"]) == 2
    assert behind["fix"] == "storefleet push pos-endpoint.yaml -l S0412-pos2"
    assert [len(store[name]) for name in ("golden", "gaps", "ended", "identities", "quiet")] == [2, 1, 1, 1, 3]
    assert len(data["trend"]) == len(factory.TREND)


def test_the_map_counts_by_host_and_section_and_takes_the_worst():
    found = data_of(drift_page(factory.one_store()))["details"]["S0412"]["map"]
    cells = {row["host"]: dict(zip(found["sections"], row["cells"], strict=True)) for row in found["rows"]}
    assert cells["S0412-router"] == {"interface wan0": [1, 4], "pos": None}
    assert cells["S0412-pos2"]["pos"] == [3, 2]
    many = tuple(factory.plain(f"D-{number}", "manual", section=f"section {number}") for number in range(60))
    wide = data_of(drift_page(factory.document(factory.store(differences=many))))["details"]["S0412"]["map"]
    assert len(wide["sections"]) == 25
    assert sum(cell[0] for row in wide["rows"] for cell in row["cells"] if cell) == 60


def test_the_timeline_stands_between_the_two_runs_and_knows_the_instant_of_who():
    found = data_of(drift_page(factory.one_store()))["details"]["S0412"]["timeline"]
    rows = {row["id"]: row for row in found["rows"]}
    shut = rows[factory.SHUT]
    assert 0 <= shut["before"] < shut["who"] < shut["seen"] < 1000
    assert (rows["D-11110003"]["seen"], rows["D-11110003"]["before"]) == (None, None)
    assert found["approved"] == 0, "an approval of long ago stands at the edge"
    assert found["from"].startswith("21.11. 02:20")
    nothing = factory.plain("D-1", "unknown", first_seen=None, last_otherwise=None)
    bare = data_of(drift_page(factory.document(factory.store(differences=(nothing,)))))
    assert bare["details"]["S0412"]["timeline"] is None


def test_the_sheet_has_the_gravest_first_and_counts_what_it_leaves_out():
    many = tuple(factory.plain(f"D-{number}", "manual", host=f"S0412-pos{number % 5}") for number in range(40))
    document = factory.document(factory.store(differences=(*many, factory.shut())))
    found = data_of(drift_page(document))["details"]["S0412"]["sheet"]
    steps = [step for host in found["hosts"] for step in host["steps"]]
    assert steps[0]["id"] == factory.SHUT
    assert steps[0]["lines"] == ["interface wan0", " no shutdown"]
    assert len(steps) + found["left"] == 41
    assert len(found["warnings"]) == 2
    assert all(step["lines"] or step["command"] or step["next"] for step in steps)


def test_a_fleet_is_told_by_what_is_alike_with_the_next_step():
    data = data_of(drift_page(factory.fleet(), whole_fleet=True))
    assert [(one["stores"], one["class"], one["first"]) for one in data["groups"]] == [
        (18, "behind", "S0001"),
        (9, "manual", "S0009"),
    ]
    assert data["groups"][1]["next"] == "storefleet drift S0009 --ask"
    assert data["one_off_words"] == "3: 1 unsaved, 2 manual; critical in S0005"
    assert data["stores"][0]["id"] == "S0005"
    assert data["details"].keys() == {line["id"] for line in data["stores"]}


def test_what_does_not_fit_is_left_out_and_said():
    document = factory.fleet(200)
    whole = drift_page(document, whole_fleet=True)
    small = drift_page(document, whole_fleet=True, most=len(whole) // 2)
    assert len(small.encode()) <= len(whole) // 2
    data = data_of(small)
    missing = len(data["stores"]) - len(data["details"])
    assert data["note"].startswith(f"Left out for size: the details of {missing} stores")
    assert "S0005" in data["details"], "the worst is there"
    assert data_of(whole)["note"] == ""
    for most in (len(whole) - 1000, len(whole) // 3):
        assert len(drift_page(document, whole_fleet=True, most=most).encode()) <= most


def test_without_scripts_the_report_is_there_as_text():
    text = drift_page(factory.one_store())
    assert "repair  interface wan0 / no shutdown" in re.search("<noscript><pre>(.*?)</pre>", text, re.DOTALL)[1]


def test_times_carry_their_zone():
    for zone, shown in (("store", "CET"), ("UTC", "UTC"), ("Asia/Shanghai", "CST")):
        assert shown in data_of(drift_page(factory.one_store(), timezone=zone))["details"]["S0412"]["seen"]
