"""`--report FORMAT:PATH`, the JSON document and the picture."""

import json
import os
import stat

import audit_factory as factory
import pytest
from hostile import HOSTILE

from storefleet.documents.published import problems
from storefleet.errors import InputError, StorageError
from storefleet.model.findings import Expected, Finding
from storefleet.model.report import AuditDocument
from storefleet.model.summary import host_report
from storefleet.reports.json_report import audit_json
from storefleet.reports.picture import svg_of
from storefleet.reports.targets import Target, needs_all_results, parse_targets, write_report, write_reports
from storefleet.reports.terminal import audit_lines, audit_text
from storefleet.reports.writer import FORMATS, NEEDS_ALL_RESULTS, Extras


def test_each_format_is_written_whole_with_our_mode(tmp_path):
    before = os.umask(0o000)
    try:
        for target in parse_targets(f"{name}:{tmp_path / name}" for name in FORMATS):
            write_report(target, factory.first_store(), Extras({"S0412-pos2": "-a\n+b\n"}, "UTC"))
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o640}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FORMATS), "no temporary file stays"
    assert AuditDocument.from_json(json.loads((tmp_path / "json").read_text())) == factory.first_store()
    text = (tmp_path / "text").read_text()
    assert "08:14 UTC" in text
    assert "\n-a\n+b\n" in text
    assert "\x1b" not in text


def test_a_path_may_hold_colons(tmp_path):
    assert parse_targets([f"json:{tmp_path}/a:b"]) == (Target("json", tmp_path / "a:b"),)


def test_every_bad_report_is_named_at_once_and_the_formats_listed(tmp_path):
    specs = ["pdf:x", "json", "json:", ":x", f"text:{tmp_path}", f"text:{tmp_path}/no/x", "json:a\0b"]
    with pytest.raises(InputError) as caught:
        parse_targets(specs)
    assert len(caught.value.complaints) == len(specs)
    message = str(caught.value)
    for words in (f"one of {', '.join(sorted(FORMATS))}", "this is a folder", "does not exist; make it first", "NUL"):
        assert words in message


def test_two_reports_cannot_write_one_file(tmp_path):
    with pytest.raises(InputError, match="same place"):
        parse_targets([f"json:{tmp_path}/x", f"text:{tmp_path}/x"])


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "gone" / "x"
    with pytest.raises(StorageError, match="could not be written"):
        write_report(Target("json", path), factory.first_store())


def test_one_report_that_cannot_be_written_does_not_lose_the_others(tmp_path):
    gone = [Target("csv", tmp_path / "gone" / "a"), Target("xlsx", tmp_path / "gone" / "b")]
    targets = [gone[0], Target("markdown", tmp_path / "m"), gone[1], Target("message", tmp_path / "n")]
    with pytest.raises(StorageError) as caught:
        write_reports(targets, factory.first_store())
    assert all(str(target.path) in str(caught.value) for target in gone)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m", "n"]


def test_the_bug_of_one_writer_does_not_lose_the_others_and_is_still_a_bug(tmp_path, monkeypatch):
    def broken(_document, _extras):
        raise ZeroDivisionError

    monkeypatch.setitem(FORMATS, "csv", broken)
    targets = [Target("csv", tmp_path / "c"), Target("json", tmp_path / "j"), Target("text", tmp_path / "gone" / "t")]
    with pytest.raises(ZeroDivisionError):
        write_reports(targets, factory.first_store())
    assert [path.name for path in tmp_path.iterdir()] == ["j"]


def test_no_report_is_written_before_all_are_made(tmp_path, monkeypatch):
    def looks(_document, _extras):
        assert list(tmp_path.iterdir()) == []
        return b"\xff\x00"

    monkeypatch.setitem(FORMATS, "xlsx", looks)
    write_reports([Target("json", tmp_path / "j"), Target("xlsx", tmp_path / "x")], factory.first_store())
    assert (tmp_path / "x").read_bytes() == b"\xff\x00"


def test_only_a_format_that_shows_passes_gets_the_document_that_lists_them(tmp_path):
    short = factory.first_store()
    full = factory.many_stores()
    targets = parse_targets(f"{name}:{tmp_path / name}" for name in FORMATS)
    assert needs_all_results(targets)
    assert not needs_all_results(target for target in targets if target.format not in NEEDS_ALL_RESULTS)
    write_reports(targets, short, full=full)
    for target in targets:
        content = FORMATS[target.format](full if target.format in NEEDS_ALL_RESULTS else short, Extras())
        assert target.path.read_bytes() == (content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("label", HOSTILE)
def test_json_is_one_line_of_ascii_that_fits_the_schema_whatever_a_device_says(label):
    document = factory.hostile_store(label, HOSTILE[label])
    text = audit_json(document)
    assert text.isascii()
    assert text.count("\n") == 1
    plain = json.loads(text)
    assert AuditDocument.from_json(plain) == document
    instants = [
        line for line in problems(plain, "audit-1") if "date-time" not in line and "is not valid under any" not in line
    ]
    assert instants == [], "only the instants, which hold hostile text here, may be refused"


def test_the_order_of_the_json_is_the_documented_one():
    assert list(json.loads(audit_json(factory.first_store())))[:6] == [
        "format",
        "run",
        "verdict",
        "totals",
        "stores",
        "hosts",
    ]


def test_numbers_that_json_does_not_know_become_words():

    result = factory.failing("T-1", "low", "t", Finding("/a", Expected("w"), [float("nan"), float("inf"), 1.5]))
    document = factory.document([(factory.store(), [host_report(factory.host(), [result], judged=True)])])
    finding = json.loads(audit_json(document), parse_constant=pytest.fail)["hosts"][0]["results"][0]["findings"][0]
    assert finding["actual"] == ["nan", "inf", 1.5]


def test_the_picture_is_the_same_bytes_each_time_and_holds_the_words():
    document = factory.first_store()
    picture = svg_of(audit_lines(document))
    assert picture == svg_of(audit_lines(document))
    assert "T-PAY-01" in picture
    assert "url(http" not in picture
    assert "@font-face" not in picture
    assert "Fira Code" in picture
    assert "storefleet&#160;audit" in picture or "storefleet audit" in picture
    assert svg_of(audit_text(document, colour=True)).count("<text") == picture.count("<text")
