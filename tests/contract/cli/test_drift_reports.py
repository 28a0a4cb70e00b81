"""`drift --report`: many formats of one comparison, understood before anything is done, and none that costs another."""

import csv
import io
import json
import stat

import pytest
from command_line import RECORDINGS, storefleet

from storefleet.reports.drift_writer import DRIFT_FORMATS

TOO_LONG = "x" * 245
"""A name that the disk takes, beside which no temporary name fits."""


def drift(fleet, *words):
    return storefleet("drift", *words, "--fleet", fleet)


@pytest.fixture
def drifted(fleet):
    for night, code in (("mended", (0, 1)), ("broken", (1,))):
        ended = storefleet("audit", "--fleet", fleet, "--replay", RECORDINGS / night)
        assert ended.code in code, ended.err
        if night == "mended":
            day_one = ("drift", "accept", "all", "--as-found", "--reason", "day one", "--fleet", fleet)
            assert storefleet(*day_one).code == 0
    return fleet


def test_every_format_of_one_comparison_tells_the_same(drifted, tmp_path):
    reports = [word for name in DRIFT_FORMATS for word in ("--report", f"{name}:{tmp_path / name}")]
    ended = drift(drifted, "S0001", "--format", "json", *reports)
    assert ended.code == 1
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in DRIFT_FORMATS} == {0o640}
    assert json.loads((tmp_path / "json").read_text()) == ended.document
    (store,) = ended.document["stores"]
    names = [one["id"] for one in store["differences"]]
    loud = {one["id"] for one in store["differences"] if one["class"] not in {"adopted", "ours"}}
    assert len(loud) > 1
    table = list(csv.DictReader(io.StringIO((tmp_path / "csv").read_text("utf-8-sig"), newline="")))
    assert [row["id"] for row in table] == names
    (dns,) = [row for row in table if row["key"] == "/network/dns/servers" and row["host"] == "S0001-pos2"]
    assert (dns["observed"], dns["controls"]) == ('["10.100.1.1", "8.8.8.8"]', "T-NET-01")
    for name in ("text", "markdown", "html"):
        text = (tmp_path / name).read_text()
        assert all(one in text for one in loud), name
    diff = (tmp_path / "diff").read_text()
    assert '+/network/dns/servers = ["10.100.1.1", "8.8.8.8"]' in diff
    assert drift(drifted, "S0001", "--diff").out.endswith(diff)
    assert "S0002" not in diff


def test_the_reports_of_a_fleet_go_by_what_is_alike_and_a_file_lists_the_one_offs(drifted, tmp_path):
    reports = [word for name in ("text", "html", "markdown") for word in ("--report", f"{name}:{tmp_path / name}")]
    ended = drift(drifted, *reports)
    assert ended.code == 1
    assert "one-offs" in ended.out
    assert '["{intended.gateway}", "10.0.0.53"]' in (tmp_path / "text").read_text()
    assert (tmp_path / "markdown").read_text().startswith("## storefleet drift: exit 1\n")
    assert "Do this first" in (tmp_path / "html").read_text()


def test_since_a_date_is_what_a_report_says_it_compares_with(drifted, tmp_path):
    since = drift(drifted, "S0001", "--format", "json").document["stores"][0]["seen"]["at"]
    ended = drift(drifted, "S0001", "--since", since, "--report", f"text:{tmp_path / 't'}")
    assert ended.code in (0, 1), ended.err
    assert (tmp_path / "t").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("S0001", "--report", "sarif:x"), "one of csv, diff, html, json, markdown, text"),
        (("S0001", "--report", "html:/no/such/folder/x"), "does not exist; make it first"),
        (("S0001", "--report", "json:x", "--report", "csv:x"), "same place"),
        (("--report", "diff:x"), "name the stores"),
    ],
)
def test_a_report_that_means_nothing_is_refused_before_anything_is_compared(fleet, words, said):
    ended = drift(fleet, *words)
    assert (ended.code, said in ended.err) == (2, True), ended.err
    assert "run storefleet audit first" not in ended.err


def test_a_report_that_cannot_be_written_costs_neither_the_others_nor_the_terminal(drifted, tmp_path):
    ended = drift(drifted, "S0001", "--report", f"csv:{tmp_path / TOO_LONG}", "--report", f"markdown:{tmp_path / 'm'}")
    assert ended.code == 3
    assert "could not be written" in ended.err
    assert "T-NET-01" in ended.out
    assert (tmp_path / "m").read_text().startswith("## storefleet drift: exit 1")
    assert not (tmp_path / TOO_LONG).exists()
