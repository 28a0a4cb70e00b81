"""`--report`: many formats of one run, each whole, and none that costs another."""

from __future__ import annotations

import csv
import io
import json

import openpyxl
import pytest
from command_line import RECORDINGS, expected_findings, storefleet
from lxml import etree

from storefleet.reports.writer import FORMATS

BROKEN = RECORDINGS / "broken"
TOO_LONG = "x" * 245
"""A name that the disk takes, beside which no temporary name fits."""


def audit(fleet, *words):
    return storefleet("audit", "--fleet", fleet, "--replay", BROKEN, *words)


def test_every_format_of_one_run_finds_the_same(fleet, tmp_path):
    reports = [word for name in FORMATS for word in ("--report", f"{name}:{tmp_path / name}")]
    ended = audit(fleet, "--format", "json", *reports)
    assert ended.code == 1
    document = ended.document
    assert json.loads((tmp_path / "json").read_text()) == document

    table = csv.DictReader(io.StringIO((tmp_path / "csv").read_text("utf-8-sig"), newline=""))
    found = {f"{row['host']} {row['control']} {row['key']}" for row in table if row["state"] == "fail"}
    assert found == expected_findings()
    sheet = openpyxl.load_workbook(io.BytesIO((tmp_path / "xlsx").read_bytes()))["findings"]
    assert sheet.max_row - 1 >= len(expected_findings())
    results = json.loads((tmp_path / "sarif").read_text())["runs"][0]["results"]
    assert sum(result["kind"] == "fail" for result in results) == len(expected_findings())
    markdown = (tmp_path / "markdown").read_text()
    assert all(f"`{control}`" in markdown for _, control, _ in (line.split(" ", 2) for line in expected_findings()))
    assert f"\nfindings   new {len(expected_findings())}\n" in (tmp_path / "message").read_text()


def test_junit_holds_every_pass_while_the_document_lists_only_what_was_asked_for(fleet, tmp_path):
    short = audit(fleet, "--format", "json").document
    ended = audit(
        fleet, "--format", "json", "--report", f"junit:{tmp_path / 'j'}", "--report", f"sarif:{tmp_path / 's'}"
    )
    document = ended.document
    assert document["totals"] == short["totals"]
    states = {result["state"] for host in document["hosts"] for result in host["results"]}
    assert "pass" not in states
    assert {result["kind"] for result in json.loads((tmp_path / "s").read_text())["runs"][0]["results"]}.isdisjoint(
        {"pass"}
    )
    tree = etree.parse(tmp_path / "j").getroot()
    assert b"not listed" not in (tmp_path / "j").read_bytes()
    totals = document["totals"]["results"]
    cases = list(tree.iter("testcase"))
    assert sum(len(case) == 0 for case in cases) == totals["pass"] > 0
    assert int(tree.get("failures")) == totals["fail"]
    assert int(tree.get("errors")) == totals["error"] + totals["unknown"]
    assert len(cases) == sum(totals.values()) + document["totals"]["trial"]
    everything = audit(fleet, "--format", "json", "--all-results", "--report", f"junit:{tmp_path / 'all'}").document
    assert "pass" in {result["state"] for host in everything["hosts"] for result in host["results"]}


@pytest.mark.parametrize("order", [1, -1])
def test_a_report_that_cannot_be_written_costs_neither_the_others_nor_the_terminal(order, fleet, tmp_path):
    specs = [f"csv:{tmp_path / TOO_LONG}", f"message:{tmp_path / 'message'}"][::order]
    ended = audit(fleet, *(word for spec in specs for word in ("--report", spec)))
    assert ended.code == 3
    assert "could not be written" in ended.err
    assert "results = " in ended.out
    assert (tmp_path / "message").read_text().startswith("storefleet ")
    assert not (tmp_path / TOO_LONG).exists()
