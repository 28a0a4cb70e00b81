"""The page: nothing of a device is markup, nothing runs but our own, and what is left out is said."""

import audit_factory as factory
import msgspec
import pytest
from browsing import Elements, data_of, runs_only_ours
from hostile import HOSTILE

from storefleet.errors import InputError
from storefleet.model.findings import Expected, Finding
from storefleet.model.summary import host_report
from storefleet.reports.advice import first_steps
from storefleet.reports.html import MOST_BYTES, folder_pages, single_page
from storefleet.reports.html.data import Builder
from storefleet.reports.targets import parse_targets, write_report
from storefleet.reports.trend import TrendPoint
from storefleet.reports.writer import Extras

MARKUP = {"tag": "<script>alert(1)</script>", "end": "</script><img src=x onerror=alert(1)>", "comment": "<!--<script>"}
TEXTS = {**HOSTILE, **MARKUP}


def page_of(document, **more):
    return single_page(document, Builder(document, **more))


@pytest.mark.parametrize("label", TEXTS)
def test_hostile_text_adds_no_element_and_closes_none(label):
    document = factory.hostile_store(label, TEXTS[label])
    text = page_of(document, diffs={host.host: f"-{TEXTS[label]}" for host in document.hosts})
    assert Elements(text).found == Elements(page_of(factory.first_store())).found
    text.encode("utf-8")
    assert data_of(text)["stores"]


def test_only_our_script_and_style_may_run_and_nothing_is_loaded():
    runs_only_ours(page_of(factory.first_store()))


def test_every_finding_stands_on_the_page_of_its_store():
    document = factory.first_store()
    data = data_of(page_of(document))
    keys = {(item["key"], item["is"]) for item in data["details"]["S0412"]["faults"]}
    assert keys == {(item["key"], item["is"]) for item in data["faults"]}
    told = {
        finding.key
        for host in document.hosts
        for result in host.results
        if result.state == "fail"
        for finding in result.findings
    }
    assert {key for key, _ in keys} == told


def test_a_cell_shows_the_worst_host_and_what_was_not_judged_is_no_pass():
    document = factory.many_stores()
    data = data_of(page_of(document))
    names = [control["id"] for control in data["controls"]]
    cells = {line["id"]: dict(zip(names, line["cells"], strict=True)) for line in data["stores"]}
    for host in document.hosts:
        for result in host.results:
            if result.state == "fail" and not result.trial:
                assert cells[host.store][result.control] == "f"
    assert "." not in cells["S0017"].values(), "a store of which nobody answered has no pass"


def test_what_does_not_fit_is_left_out_and_said():
    document = factory.many_stores()
    diffs = {host.host: "-a\n+b\n" * 5000 for host in document.hosts}
    whole = page_of(document, diffs=diffs)
    small = single_page(document, Builder(document, diffs=diffs), most=len(whole) // 3)
    assert len(small) <= len(whole) // 3
    assert "Left out for size" in data_of(small)["note"]
    assert data_of(whole)["note"] == ""


def test_five_thousand_stores_fit_into_a_mail():
    document = factory.many_stores(5000)
    text = page_of(
        document,
        diffs={host.host: "-/network/dns/servers = []\n+/network/dns/servers = [1]\n" * 20 for host in document.hosts},
    )
    assert len(text.encode()) <= MOST_BYTES
    assert len(data_of(text)["stores"]) == 5000


def test_a_folder_has_a_page_for_each_store_and_replaces_only_its_own_kind(tmp_path):
    document = factory.many_stores()
    (target,) = parse_targets([f"html:{tmp_path}/night/"])
    write_report(target, document, Extras(trend=(TrendPoint("2026-11-21T08:14:03Z", 4, 1, 0),)))
    write_report(target, document, Extras())
    names = {path.name for path in (tmp_path / "night").iterdir()}
    assert names == {"index.html", *(f"{store.store}.html" for store in document.stores)}
    assert [path.name for path in tmp_path.iterdir()] == ["night"]
    (tmp_path / "night" / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="something else than an earlier report"):
        parse_targets([f"html:{tmp_path}/night/"])
    pages = dict(folder_pages(document, Builder(document)))
    assert list(data_of(pages["S0003.html"])["details"]) == ["S0003"]


def test_the_first_steps_lead_where_the_fault_is():
    document = factory.first_store()
    steps = first_steps(document, document.stores[0], document.hosts)
    assert len(steps) == 2
    assert "nc listens on 0.0.0.0:4444" in steps[0].what, "what is new comes first"
    assert "security" in steps[0].how
    assert "all 4 tills, so look at the router" in steps[1].how


def test_a_dark_store_is_rung_up_first():
    gone = [
        host_report(
            factory.host(),
            [factory.other("T-1", "unknown", "x")],
            judged=False,
            reason="no route",
            dark_since=factory.NIGHT,
        )
    ]
    document = factory.document([(factory.store(), gone)])
    first, second = first_steps(document, document.stores[0], document.hosts)
    assert "no route" in first.what
    assert "Ring the store" in first.how
    assert second.command == "storefleet audit -l S0412"


def test_one_fault_is_followed_by_a_second_look():
    fault = factory.failing("T-1", "low", "A rule", Finding("/app/x", Expected("1", 1, True), 2))
    document = factory.document(
        [(factory.store(), [host_report(factory.host(), [fault], factory.lives([fault]), judged=True)])]
    )
    first, second = first_steps(document, document.stores[0], document.hosts)
    assert first.how == "It is 2 and should be 1."
    assert second.command


def test_times_carry_their_zone():
    document = factory.first_store()
    for zone, shown in (("store", "CET"), ("UTC", "UTC"), ("Asia/Shanghai", "CST")):
        assert shown in data_of(page_of(document, timezone=zone))["run"]["when"]


def test_the_document_is_not_touched():
    document = factory.first_store()
    before = msgspec.to_builtins(document)
    page_of(document)
    assert msgspec.to_builtins(document) == before
