"""The report of drift as text, CSV, Markdown, JSON and diff: all that is known is there, and no device's text acts."""

import csv
import io
import json
import stat
import unicodedata

import drift_factory as factory
import msgspec
import pytest
from hostile import HOSTILE

from storefleet.documents.published import problems
from storefleet.errors import InputError, StorageError
from storefleet.model.drift import Coverage, DriftDocument, DriftPoint
from storefleet.reports.drift_groups import groups
from storefleet.reports.drift_markdown import drift_markdown
from storefleet.reports.drift_rows import COLUMNS, drift_csv
from storefleet.reports.drift_text import drift_lines, drift_text
from storefleet.reports.drift_words import headline
from storefleet.reports.drift_writer import DRIFT_FORMATS, DriftExtras, drift_json, drift_targets, write_drift
from storefleet.reports.targets import Target

TEXTS = {
    **HOSTILE,
    "closing tag": "</script><img src=x onerror=alert(1)>",
    "pipe and ticks": "a|b `c` ```",
    "cmd": "=cmd",
}
INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def flat(text):
    return " ".join(text.split())


def table(document):
    text = drift_csv(document).removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_a_store_is_told_with_everything_that_is_known():
    told = flat(drift_text(factory.one_store(), whole_fleet=False))
    for words in (
        "S0412 Lübeck Nord · compared with what was approved on 02.11. 10:14 CET (op-b, CHG-20301)",
        "seen 22.11. 02:20 CET",
        "! swapped S0412-pos1 with S0413-pos1: it shows the serial number of S0413-pos1",
        "serial SN-77 was approved of S0413-pos1",
        "unsaved critical S0412-router interface wan0 / shutdown absent → shutdown fails R-IF-02",
        "→ intended absent (store.yaml, feature ports: extra, so since 21.11. 23:14 CET)",
        "not saved: the next reload undoes it; lane 2 has no link",
        "BACK AGAIN, had gone 2 times since it was approved",
        "21.11. 17:02 CET by netadmin from 10.0.4.17, recorded: log file: shutdown only here 2 facts told with it",
        "repair interface wan0 / no shutdown in configuration mode of S0412-router, then write memory",
        "undo interface wan0 / shutdown",
        "behind medium S0412-pos2 /app/pos/port 19003 fails T-APP-03 → intended 19004",
        "D-0b77aa02 untouched; came to fail between 21.11. 02:20 CET and 21.11. 23:14 CET 412 stores alike",
        "412 stores alike fix storefleet push pos-endpoint.yaml -l S0412-pos2",
        "golden fail S0412-router store.yaml ntp: 1 missing, 2 extra, 3 out of order",
        "golden cannot_parse S0412-router2 store.yaml: nothing was compared, the configuration is cut",
        "not compared S0412-kiosk1: dark since",
        "gone since 22.11. 02:20 CET S0412-pos1 /files[/etc/motd] was sha256 00",
        "adopted 1 as it is intended",
        "ours 2 by 20261120T0900Z-push-6c11 by op-b: not drift",
        "stores with drift over the last 14 runs, since 08.11. 02:20 CET: 4 5 1 2 3 4 5 1 2 3 4 5 1 2",
        "unchanged 1,343 stores · seen 22.11. 02:20 CET · not compared 1 host → exit 3",
    ):
        assert words in told
    order = [
        told.index(words) for words in ("! swapped", "unsaved critical", "behind medium", "golden fail", "adopted 1")
    ]
    assert order == sorted(order)


@pytest.mark.parametrize("width", [60, 100, 120])
def test_no_line_is_wider_than_the_terminal(width):
    for document, whole in ((factory.one_store(), False), (factory.fleet(), True)):
        for line in drift_lines(document, "store", width, whole_fleet=whole, one_offs=True):
            assert line.cell_len <= width, line.plain


def test_class_words_keep_their_width_so_that_severities_stand_below_each_other():
    lines = drift_text(factory.one_store(), whole_fleet=False).splitlines()
    heads = [line for line in lines if line[2:10].strip() in {"unsaved", "behind", "manual", "reverted", "replaced"}]
    assert len(heads) == 5
    assert {line[10] for line in heads} == {" "}
    assert all(line[11:].split()[0] in {"critical", "medium", "info"} for line in heads)


def test_a_fleet_is_a_table_of_what_is_alike_and_one_line_of_one_offs():
    document = factory.fleet()
    told = flat("\n".join(line.plain for line in drift_lines(document, "store", 100, whole_fleet=True)))
    assert "18 behind medium 21.11. 23:14 CET S0001 storefleet push pos-endpoint.yaml -l S0001-pos1" in told
    assert "9 manual info 09.11. 02:20 CET S0009 storefleet drift S0009 --ask router ntp gone" in told
    assert "1 unsaved critical 21.11. 23:14 CET S0005-router" in told, "what is grave has a row, alone as it may be"
    assert "one-offs 2: 2 manual (--one-offs lists them)" in told
    assert "odd 3" not in told
    listed = drift_lines(document, "store", 100, whole_fleet=True, one_offs=True)
    shown = flat("\n".join(line.plain for line in listed))
    assert "odd 3" in shown
    assert "storefleet drift S0005 has the lines; write memory where it is right wan0 shut" in shown


def test_a_group_knows_who_was_first_and_equal_signatures_of_two_classes_stay_apart():
    document = factory.fleet()
    behind = next(one for one in groups(document.stores) if one.first.cause == "behind")
    manual = next(one for one in groups(document.stores) if one.stores == 9)
    assert (manual.first_store, manual.since, manual.stores, manual.hosts) == ("S0009", "2026-11-09T01:20:00Z", 9, 9)
    assert (behind.stores, behind.one_off) == (18, False)
    other = factory.store("S0099", differences=(factory.difference(cause="manual", host="S0099-pos1"),))
    found = groups((*document.stores, other))
    same = [one for one in found if one.first.signature == behind.first.signature]
    assert [(one.first.cause, one.stores, one.one_off) for one in same] == [("behind", 18, False), ("manual", 1, False)]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (factory.document(), "Nothing drifted"),
        (
            factory.one_store(),
            (
                "What is intended of 1 router is not known; 1 host not who it should be; 6 differences in 1 store, "
                "1 of them critical"
            ),
        ),
        (factory.fleet(), "30 differences in 18 stores, 1 of them critical"),
        (
            factory.document(coverage=Coverage(1, 25, 90.0)),
            "Too few hosts could be compared: 1 of 25",
        ),
        (
            factory.document(factory.store(differences=(factory.plain("D-1", "manual"),), identities=(), golden=())),
            "1 difference in 1 store, none fails a control",
        ),
        (
            factory.document(factory.store(differences=(factory.plain("D-1", "ours"),), identities=(), golden=())),
            "Nothing drifted",
        ),
    ],
)
def test_the_verdict_is_one_sentence_and_unknown_is_no_pass(document, words):
    assert headline(document) == words
    assert drift_markdown(document, whole_fleet=True).splitlines()[2] == words
    assert f"exit {document.exit}" in drift_text(document, whole_fleet=True)


def test_the_csv_has_a_row_for_each_difference_and_its_columns_are_a_promise():
    document = factory.one_store()
    found = table(document)
    assert len(found) == len(document.stores[0].differences) == 9
    assert drift_csv(document).startswith("\ufeffstore,store_name,host,part,section,key,id,class,severity,")
    assert COLUMNS[-3:] == ("approved_at", "approved_by", "ticket")
    shut, behind = found[:2]
    assert (shut["id"], shut["class"], shut["severity"], shut["controls"]) == (
        factory.SHUT,
        "unsaved",
        "critical",
        "R-IF-02",
    )
    assert (shut["approved"], shut["who"], shut["who_from"], shut["certainty"]) == (
        "",
        "netadmin",
        "10.0.4.17",
        "recorded",
    )
    assert (shut["repair"], shut["flaps"], shut["life"]) == ("interface wan0 / no shutdown", "2", "reopened")
    assert (behind["approved"], behind["intended"], behind["observed"]) == ("19003", "19004", "19003")
    assert (behind["standard"], behind["standard_state"], behind["fix"]) == ("T-APP-03", "fails", "pos-endpoint.yaml")
    assert (behind["same_in_stores"], behind["approved_by"], behind["ticket"]) == ("412", "op-b", "CHG-20301")


def test_every_field_of_a_difference_has_a_column():
    nested = {"standard", "who", "matters", "cause", "first_seen", "last_otherwise", "last_seen"}
    plain = {field.encode_name for field in msgspec.structs.fields(factory.difference()) if field.name not in nested}
    assert plain <= set(COLUMNS)


@pytest.mark.parametrize("label", TEXTS)
def test_hostile_text_stays_in_its_cell_and_begins_no_formula(label):
    document = factory.hostile(TEXTS[label])
    found = table(document)
    assert len(found) == 4
    for row in found:
        assert list(row) == list(COLUMNS)
        for value in row.values():
            bare = unicodedata.normalize("NFKC", value).lstrip("\"' ")
            assert value[:1] == "'" or not bare.startswith(("=", "+", "-", "@"))
            assert {unicodedata.category(character) for character in value}.isdisjoint(INVISIBLE)


def outside_code(line):
    """Return a line of Markdown without its code spans, as CommonMark finds them."""
    kept, at = "", 0
    while at < len(line):
        if line[at] != "`":
            kept += line[at]
            at += 1
            continue
        fence = len(line[at:]) - len(line[at:].lstrip("`"))
        end = at + fence
        while True:
            end = line.find("`" * fence, end)
            assert end >= 0, "a code span that nothing closes"
            run = len(line[end:]) - len(line[end:].lstrip("`"))
            if run == fence:
                break
            end += run
        at = end + fence
    return kept


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("label", TEXTS)
def test_markdown_holds_foreign_text_only_as_code(label, whole):
    text = drift_markdown(factory.hostile(TEXTS[label]), whole_fleet=whole)
    harmless = drift_markdown(factory.hostile("harmless"), whole_fleet=whole)
    assert [outside_code(line) for line in text.replace("(empty)", "``` ```").splitlines()] == [
        outside_code(line) for line in harmless.splitlines()
    ] or label in {"empty", "blanks"}
    for line in text.splitlines():
        assert not line.startswith("|") or line.replace("\\|", "").count("|") == 8
        assert {unicodedata.category(character) for character in line}.isdisjoint(INVISIBLE)
    text.encode()


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("label", TEXTS)
def test_hostile_text_drives_no_terminal_and_makes_no_line_of_its_own(label, whole):
    text = drift_text(factory.hostile(TEXTS[label]), whole_fleet=whole)
    assert {unicodedata.category(character) for character in text.replace("\n", "")}.isdisjoint(INVISIBLE)
    assert text.splitlines() == text.split("\n")[:-1]
    assert len(text) < 200_000, "a value of any length is cut"
    text.encode()


@pytest.mark.parametrize("label", TEXTS)
def test_the_json_is_one_line_of_ascii_that_means_the_document(label):
    document = factory.hostile(TEXTS[label])
    text = drift_json(document)
    assert text.isascii()
    assert text.count("\n") == 1
    assert msgspec.convert(json.loads(text), DriftDocument) == document
    assert problems(json.loads(drift_json(factory.one_store())), "drift-1") == []


def test_each_format_is_written_whole_with_our_mode_and_the_diff_only_when_it_is_asked_for(tmp_path):
    asked = []

    def diff():
        asked.append("diff")
        return "-a\x1b[2J\n+b\n"

    extras = DriftExtras("grocery-de", "UTC", whole_fleet=False, diff=diff)
    targets = drift_targets([f"{name}:{tmp_path / name}" for name in DRIFT_FORMATS], whole_fleet=False)
    write_drift([one for one in targets if one.format != "diff"], factory.one_store(), extras)
    assert asked == []
    write_drift(targets, factory.one_store(), extras)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o640}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(DRIFT_FORMATS), "no temporary file stays"
    assert (tmp_path / "diff").read_text() == "-a\\x1b[2J\n+b\n"
    assert "01:20 UTC" in (tmp_path / "text").read_text()


def test_what_means_nothing_is_refused_with_the_formats_that_drift_has(tmp_path):
    with pytest.raises(InputError) as caught:
        drift_targets(["sarif:x", "json", f"html:{tmp_path}/no/x", f"html:{tmp_path}/"], whole_fleet=False)
    assert len(caught.value.complaints) == 4
    assert "one of csv, diff, html, json, markdown, text" in str(caught.value)
    with pytest.raises(InputError, match="name the stores"):
        drift_targets([f"diff:{tmp_path}/x"], whole_fleet=True)


def test_one_report_that_cannot_be_written_does_not_lose_the_others(tmp_path):
    targets = [Target("csv", tmp_path / "gone" / "a"), Target("json", tmp_path / "j")]
    with pytest.raises(StorageError, match="could not be written"):
        write_drift(targets, factory.one_store(), DriftExtras())
    assert [path.name for path in tmp_path.iterdir()] == ["j"]


def test_what_does_not_fit_on_the_terminal_is_counted_and_in_a_file_everything_is():
    some = tuple(factory.plain(f"D-{number:08x}", "manual", signature=f"kind {number}") for number in range(40))
    document = factory.document(*(factory.store(code, differences=some) for code in ("S1", "S2")))
    short = "\n".join(line.plain for line in drift_lines(document, "store", 100, whole_fleet=True))
    assert "and 10 more" in short
    assert sum(f"kind {number}" in drift_text(document, whole_fleet=True) for number in range(40)) == 40


def test_a_trend_is_told_only_where_something_drifted_and_there_is_more_than_one_run():
    for trend, told in (
        ((DriftPoint("r", "2026-11-08T01:20:00Z", 3, 3),), False),
        (quiet(), False),
        (factory.TREND, True),
    ):
        text = drift_text(factory.document(trend=trend), whole_fleet=True)
        assert ("stores with drift over the last" in text) is told


def quiet():
    return tuple(msgspec.structs.replace(point, stores=0, hosts=0) for point in factory.TREND)


def test_a_fleet_says_of_which_routers_nothing_is_known_since_that_is_why_it_exits_so():
    document = factory.document(*(factory.store(f"S{number}") for number in range(5)))
    assert document.exit == 3
    for told in (drift_text(document, whole_fleet=True), drift_markdown(document, whole_fleet=True)):
        assert "golden  cannot_parse  1 router: S0412-router2" in told
        assert "golden  fail  1 router: S0412-router" in told


@pytest.mark.parametrize(("state", "code"), [("warn", 0), ("fail", 1), ("cannot_parse", 3)])
def test_a_golden_feature_that_fails_is_no_pass_where_a_run_of_ours_made_it_so(state, code):
    golden = factory.FeatureState(host="S0412-router", golden="g", feature="ntp", state=state, missing=1)
    ours = factory.plain("D-11110006", "ours", ours="run by op-b")
    quiet = factory.store(differences=(ours,), golden=(golden,), identities=(), not_compared=())
    assert factory.document(quiet, coverage=Coverage(1, 1)).exit == code
