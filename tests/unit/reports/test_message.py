"""The morning message: a dozen lines that a person reads on a phone, whatever the night brought."""

import unicodedata
from pathlib import Path
from textwrap import indent

import audit_factory as factory
import pytest
from hostile import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from storefleet.model.findings import Expected, Finding
from storefleet.model.report import ClosedFinding, Identity, Recorded, WaiverUse
from storefleet.model.summary import host_report
from storefleet.reports.message import message_text

MOST_LINES = 24


def night():
    """Every kind of line at once."""
    old = [factory.failing(f"T-{n:02}", "low", "old", Finding(f"/{n}", Expected("w"), n)) for n in range(3)]
    new = [factory.failing(f"N-{n:02}", "high", "brand new", Finding(f"/n/{n}", Expected("w"), n)) for n in range(5)]
    worse = [factory.failing("W-01", "high", "grew worse", Finding("/w", Expected("w"), 1))]
    back = [factory.failing("B-01", "high", "came back", Finding("/b", Expected("w"), 1))]
    recorded = Recorded(
        factory.lives(old, "still", "2026-09-22T08:00:00Z").lives
        + factory.lives(new).lives
        + factory.lives(worse, "worse").lives
        + factory.lives(back, "reopened").lives
    )
    odd = Identity("5CG7777AAA", as_expected=False)
    stores = [
        (
            factory.store(),
            [
                host_report(factory.host(), [*old, *new, *worse, *back], recorded, judged=True, identity=odd),
                host_report(factory.host(device="pos2"), old, recorded, judged=True),
            ],
        )
    ]
    for number in range(1, 6):
        name = f"S{number:04}"
        unseen = factory.other("T-01", "unknown", "timeout")
        dark = host_report(factory.host(name), [unseen], judged=False, reason="timeout")
        stores.append((factory.store(name), [dark]))
    closed = [
        ClosedFinding("S0412-pos1", "S0412", "a", "C", "/c", "low", "fixed", factory.NIGHT, factory.NIGHT),
    ]
    waivers = [WaiverUse(f"W-{n:04}", f"2026-12-0{n}") for n in range(1, 6)] + [WaiverUse("W-9", "2027-12-01")]
    return factory.document(stores, closed=closed, waivers=waivers)


def test_a_night_reads_like_this(golden):
    golden("message.txt", message_text(night()))


def test_the_reference_shows_the_message_as_it_is():
    page = (Path(__file__).parents[3] / "docs" / "reference" / "reports.md").read_text(encoding="utf-8")
    assert indent(message_text(night()), "    ") in page


def test_a_quiet_night_is_three_lines():
    store = (factory.store(), [host_report(factory.host(), factory.passing(5), judged=True)])
    lines = message_text(factory.document([store])).splitlines()
    assert lines[1:] == ["verdict    no findings   exit 0", "coverage   1 of 1 hosts judged (100 %, floor 100)"]


@pytest.mark.parametrize("width", [60, 72, 100])
@pytest.mark.parametrize(
    "document", [factory.first_store(), factory.many_stores(), night()], ids=["one", "many", "all"]
)
def test_no_line_is_wider_than_asked_for(width, document):
    text = message_text(document, width=width)
    assert text.endswith("\n")
    assert max(map(cell_len, text.splitlines())) <= width


def test_times_carry_their_zone():
    assert "22.11. 09:14 CET" in message_text(factory.first_store())
    assert "22.11. 08:14 UTC" in message_text(factory.first_store(), timezone="UTC")


def test_unknown_is_said_and_never_passed():
    assert "40 unknown (not passed)" in message_text(factory.first_store())


def test_waived_and_trial_findings_are_no_news():
    waived = factory.failing("T-1", "high", "t", Finding("/a", Expected("w"), 1, waiver="W-1"))
    trial = factory.failing("T-2", "high", "t", Finding("/a", Expected("w"), 1), trial=True)
    recorded = factory.lives([waived, trial])
    store = (factory.store(), [host_report(factory.host(), [waived, trial], recorded, judged=True)])
    assert "\nnew " not in message_text(factory.document([store]))


def check(text, width=100):
    assert max(map(cell_len, text.splitlines())) <= width
    assert len(text.splitlines()) <= MOST_LINES
    categories = {unicodedata.category(character) for character in text.replace("\n", "")}
    assert categories.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    text.encode()


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_text_adds_no_line_and_moves_nothing(label):
    check(message_text(factory.hostile_store(label, HOSTILE[label])))


@settings(deadline=None)
@given(st.text(st.characters(), max_size=200))
def test_no_text_makes_the_message_wide_or_long(text):
    check(message_text(factory.hostile_store("any", text)))
