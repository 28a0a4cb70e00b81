"""The table of findings: no cell is a formula, and csv and xlsx say the same."""

import csv
import io
import unicodedata
from datetime import UTC, datetime

import audit_factory as factory
import openpyxl
import pytest
from hostile import HOSTILE
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from storefleet.errors import StorageError
from storefleet.model.findings import Expected, Finding
from storefleet.model.summary import host_report
from storefleet.reports.csv_report import audit_csv
from storefleet.reports.rows import COLUMNS, cell, rows
from storefleet.reports.xlsx_report import MAX_CELL, audit_xlsx, fitting

INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
ANY_TEXT = st.text(st.characters())
PIECES = st.lists(st.sampled_from(["=", "+", "-", "@", "\uff1d", ";", " ", "\t", "\r", "'", '"', "x", "\u200b", ","]))


def begins_a_formula(text: str) -> bool:
    bare = unicodedata.normalize("NFKC", text).lstrip("\"' ")
    return bare.startswith(("=", "+", "-", "@"))


@example(" \t=1")
@example("\u3000\uff1d1")
@example("\ufe621")
@example('"=1')
@example("\u200b=1")
@settings(deadline=None)
@given(st.one_of(ANY_TEXT, PIECES.map("".join)))
def test_no_cell_begins_like_a_formula_whatever_separator_a_spreadsheet_takes(text):
    shown = cell(text)
    assert not shown or shown[0] == "'" or not begins_a_formula(shown)
    for part in shown.split(";"):
        assert part[:1] == "'" or not begins_a_formula(part)
    assert {unicodedata.category(character) for character in shown}.isdisjoint(INVISIBLE)
    shown.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("\t1", "'\\t1"),
        ("\r1", "'\\r1"),
        ("  @x", "'  @x"),
        ("a=b", "a=b"),
        ("a;=b", "a;'=b"),
        ('a; "=b', "a;' \"=b"),
        ("", ""),
        (None, ""),
        ("x\0y", "x\\x00y"),
    ],
)
def test_a_formula_is_told_from_a_word(text, shown):
    assert cell(text) == shown


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


def read_xlsx(content: bytes, sheet: str = "findings") -> list[tuple[object, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [tuple(row) for row in book[sheet].iter_rows(values_only=True)]


def test_the_csv_of_a_store_has_a_row_for_each_finding_unknown_and_error():
    document = factory.first_store()
    table = read_csv(audit_csv(document))
    assert audit_csv(document).encode().startswith(b"\xef\xbb\xbfstore,store_name,host,")
    assert audit_csv(document).count("\r\n") == len(table) + 1
    states = [row["state"] for row in table]
    assert states.count("fail") == document.totals.results["fail"]
    assert states.count("unknown") == document.totals.results["unknown"]
    listener = next(row for row in table if row["control"] == "T-LST-01" and row["state"] == "fail")
    assert listener["host"] == "S0412-pos2"
    assert listener["store_name"] == "Lübeck Nord"
    assert listener["change"] == "new"
    assert listener["key"] == "/ports/listening[tcp,0.0.0.0,4444]"
    assert '"port": 4444' in listener["actual"]
    unknown = next(row for row in table if row["control"] == "T-CERT-01")
    assert unknown["reason"] == "sudo refused"


def test_a_waived_finding_has_a_row_with_its_waiver_and_is_no_failure():
    waived = Finding("/b", Expected("w"), 2, waiver="W-1")
    result = factory.failing("T-1", "low", "t", Finding("/a", Expected("w"), 1), waived)
    document = factory.document([(factory.store(), [host_report(factory.host(), [result], judged=True)])])
    found = {row["key"]: (row["state"], row["waiver"]) for row in read_csv(audit_csv(document))}
    assert found == {"/a": ("fail", ""), "/b": ("waived", "W-1")}


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_text_stays_in_its_cell_in_both_tables(label):
    document = factory.hostile_store(label, HOSTILE[label])
    expected = list(rows(document))
    assert expected
    table = list(csv.reader(io.StringIO(audit_csv(document).removeprefix("\ufeff"), newline=""), strict=True))
    assert table == [list(COLUMNS), *map(list, expected)]
    book = openpyxl.load_workbook(io.BytesIO(audit_xlsx(document)))
    shown = [[unescape(value or "") for value in row] for row in book["findings"].iter_rows(values_only=True)]
    assert shown == table
    for sheet in book:
        for row in sheet.iter_rows():
            for item in row:
                assert item.data_type in {"s", "inlineStr", "n"}, "never a formula"
                assert item.hyperlink is None


def test_the_workbook_says_what_the_document_says():
    document = factory.many_stores()
    content = audit_xlsx(document)
    assert audit_xlsx(document) == content, "the same document gives the same bytes"
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["findings", "stores", "verdict"]
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref.startswith("A1:")
    assert book["findings"].column_dimensions["L"].width > 40
    stores = [row[:8] for row in read_xlsx(content, "stores")]
    assert stores[0] == ("store", "name", "region", "format", "state", "worst", "open", "new")
    assert ("S0005", "Filiale 5", "north", "supermarket", "findings", "high", 1, 1) in stores
    verdict = dict(read_xlsx(content, "verdict"))
    assert verdict["exit"] == 1
    assert verdict["hosts judged"] == 117
    assert verdict["results pass"] == 3744
    assert "rows left out" not in verdict
    assert book.properties.created == datetime(2026, 11, 22, 8, 14, 3, tzinfo=UTC).replace(tzinfo=None)


def test_rows_that_a_sheet_cannot_hold_are_counted():
    document = factory.many_stores()
    content = audit_xlsx(document, max_rows=11)
    assert len(read_xlsx(content)) == 11
    verdict = dict(read_xlsx(content, "verdict"))
    assert verdict["rows left out"] == len(list(rows(document))) - 10
    assert "csv" in verdict["why"]


@pytest.mark.parametrize("letter", ["x", "😀", "收"])
def test_a_cell_that_excel_cannot_hold_is_cut_and_says_so(letter):
    shown = fitting(letter * 40_000)
    assert MAX_CELL - 1 <= len(shown.encode("utf-16-le")) // 2 <= MAX_CELL
    assert shown.endswith("(cut)")
    assert fitting(letter * 10_000) == letter * 10_000


def test_a_temporary_folder_without_room_is_a_fault_of_storage(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(StorageError, match="temporary folder"):
        audit_xlsx(factory.first_store())
