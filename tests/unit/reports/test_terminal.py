"""The terminal report: pinned as text, within 100 columns, and quiet where no terminal is."""

import re
import unicodedata
from pathlib import Path

import audit_factory as factory
import msgspec
import pytest
from hostile import HOSTILE
from rich.cells import cell_len

from storefleet.model.findings import Expected, Finding
from storefleet.model.report import Identity, Recorded
from storefleet.model.summary import host_report
from storefleet.reports.terminal import audit_text

DIFF = "--- S0412-pos2.observed\n+++ S0412-pos2.required\n@@ -3 +3 @@\n-/a = 1\n+/a = 2\n"


def test_one_store_reads_like_the_worked_example(golden):
    golden("first-store.txt", audit_text(factory.first_store(), diffs={"S0412-pos2": DIFF}))


def test_many_stores_are_one_page(golden):
    golden("many-stores.txt", audit_text(factory.many_stores()))


@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("document", [factory.first_store(), factory.many_stores()], ids=["one", "many"])
def test_no_line_is_wider_than_the_screen(width, document):
    assert max(map(cell_len, audit_text(document, width=width, verbose=True).splitlines())) <= width


def test_without_colour_there_is_no_escape_sequence_and_with_it_the_same_words():
    plain = audit_text(factory.first_store())
    coloured = audit_text(factory.first_store(), colour=True)
    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize("label", HOSTILE)
@pytest.mark.parametrize("fleet", [False, True], ids=["store", "fleet"])
def test_hostile_text_in_every_field_neither_breaks_nor_moves_nor_widens_the_report(label, fleet):
    document = factory.hostile_store(label, HOSTILE[label])
    if fleet:
        document = msgspec.structs.replace(document, stores=document.stores * 6)
    text = audit_text(document, verbose=True, everything=True, diffs={HOSTILE[label]: f"-{HOSTILE[label]}"})
    assert {unicodedata.category(character) for character in text.replace("\n", "")}.isdisjoint({"Cc", "Cf", "Cs"})
    assert "\x1b" not in text
    body = text[: text.rindex("\n\n-")] if "\n\n-" in text else text
    assert max(map(cell_len, body.splitlines())) <= 100


def test_times_are_in_the_zone_asked_for_and_always_carry_it():
    for zone, shown in (
        ("store", "09:14 CET"),
        ("UTC", "08:14 UTC"),
        ("Asia/Shanghai", "16:14 CST"),
        ("no/where", "08:14 UTC"),
    ):
        assert f"22.11. {shown}" in audit_text(factory.first_store(), timezone=zone)
    assert "22.11. 05:14 UTC-03" in audit_text(factory.first_store(), timezone="America/Sao_Paulo")


def test_a_clean_store_says_so_and_a_dark_one_does_not():
    clean = factory.document([(factory.store(), [host_report(factory.host(), factory.passing(5), judged=True)])])
    assert "nothing wrong in what was judged" in audit_text(clean)
    assert "exit 0" in audit_text(clean)
    dark = factory.document([(factory.store(), [host_report(factory.host(), [], judged=False, reason="timeout")])])
    assert "nothing wrong" not in audit_text(dark)
    assert "exit 3" in audit_text(dark)
    assert "no host was judged" in audit_text(dark)


def test_a_host_that_nobody_meant_to_look_at_is_skipped_and_not_dark():
    spare = host_report(
        factory.host(device="pos9"), [factory.other("T-1", "skipped", "in repair, INC-7")], judged=False,
        reason="in repair, INC-7", expected=False,
    )  # fmt: skip
    store = (factory.store(), [host_report(factory.host(), factory.passing(5), judged=True), spare])
    text = audit_text(factory.document([store]))
    assert "skipped   pos9   in repair, INC-7" in text
    assert "unknown   pos9" not in text
    assert "dark" not in text
    closed = factory.document([(factory.store(), [spare])])
    assert closed.stores[0].state == "skipped"
    assert "nothing wrong" not in audit_text(closed)


@pytest.mark.parametrize(
    ("words", "value", "shown"),
    [('"open"', "open", "open"), ("at most 95", 95, "at most 95"), ("", None, "null"), ("below 95", 94, "below 95")],
)
def test_what_should_be_is_the_rule_or_the_one_value(words, value, shown):
    result = factory.failing("T-1", "low", "t", Finding("/a", Expected(words, value, has_value=True), 99))
    document = factory.document([(factory.store(), [host_report(factory.host(), [result], judged=True)])])
    assert audit_text(document).count(f"should be {shown}\n") == 1


def test_a_device_that_its_router_contradicts_is_named_although_no_control_looked_there():
    seen = "contradicted by S0412-router, which sees 52:54:00:66:66:66 at 10.101.156.12"
    report = host_report(factory.host(), [], judged=True, identity=Identity("5CG1234XYZ", None, seen))
    text = audit_text(factory.document([(factory.store(), [report])]))
    assert f"odd pos1 {seen}: a swapped card, a double address, or a lie" in " ".join(text.split())
    assert "replaced?" not in text
    assert msgspec.to_builtins(Identity("5CG1234XYZ", as_expected=True)) == {
        "serial": "5CG1234XYZ",
        "as_expected": True,
    }


def test_what_is_new_is_not_pushed_off_the_page_by_old_faults():
    old = [factory.failing(f"T-{n:02}", "critical", "old", Finding(f"/{n}", Expected("w"), n)) for n in range(40)]
    results = [*old, factory.LISTENER]
    recorded = Recorded(factory.lives(old, "still").lives + factory.lives([factory.LISTENER]).lives)
    stores = [(factory.store("S0001"), [host_report(factory.host("S0001"), results, recorded, judged=True)])]
    stores += [
        (
            factory.store(f"S{n:04}"),
            [host_report(factory.host(f"S{n:04}"), old, factory.lives(old, "still"), judged=True)],
        )
        for n in range(2, 20)
    ]
    document = factory.document(stores)
    text = audit_text(document)
    assert "nc listens on 0.0.0.0:4444" in text
    assert "and 26 more faults; --all shows them" in text
    assert "T-39" in audit_text(document, everything=True)


def test_all_seven_states_are_counted_and_add_up():
    text = audit_text(factory.first_store())
    line = next(line for line in text.splitlines() if " results = " in line)
    total, *counts = [int(number.replace(",", "")) for number in re.findall(r"[\d,]+", line)]
    assert len(counts) == 7
    assert sum(counts) == total


def test_the_reference_shows_the_report_as_it_is():
    page = (Path(__file__).parents[3] / "docs" / "reference" / "reports.md").read_text(encoding="utf-8")
    assert audit_text(factory.first_store()).rstrip("\n") in page
