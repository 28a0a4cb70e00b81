"""Two hidden values are alike whatever their marks; whatever else differs is a difference."""

import pytest

from storefleet.collect.redact import key_id, masked, redact
from storefleet.drift.compare import CONFIG, deltas
from storefleet.drift.hidden import alike

ONE, TWO = (redact("s3cret", key) for key in (b"one", b"two"))


def found(approved, observed, part="app"):
    return [(before.key, now.key) for before, now in alike(deltas({part: approved}, {part: observed}))]


def test_a_fact_of_which_only_the_mark_is_another_is_alike():
    fact = '/app/pos/tid = "{}"\n/app/pos/port = {}\n'
    assert found(fact.format(ONE, 1), fact.format(TWO, 1)) == [("/app/pos/tid", "/app/pos/tid")]
    assert found(fact.format(ONE, 1), fact.format(TWO, 2)) == [("/app/pos/tid", "/app/pos/tid")]
    assert found(fact.format(ONE, 1), fact.format("<redacted>", 1)) == [("/app/pos/tid", "/app/pos/tid")]
    assert found(fact.format(ONE, 1), fact.format("T1", 1)) == []
    assert found(fact.format(ONE, 1), "/app/pos/port = 1\n") == []


def test_a_line_went_and_one_came_in_the_same_place():
    text = "router bgp 1\n neighbor 10.0.0.{} password {}\nexit\n"
    key = "router bgp 1 / neighbor 10.0.0.1 password"
    assert found(text.format(1, ONE), text.format(1, TWO), CONFIG) == [(key, key)], "one line, in the place of another"
    assert found(text.format(1, ONE), text.format(2, TWO), CONFIG) == []
    assert found(text.format(1, ONE), text.format(1, ONE) + f"password {TWO}\n", CONFIG) == []


def test_each_line_has_one_partner():
    lines = "password {}\nenable password {}\n"
    other = redact("else", b"two")
    assert len(found(lines.format(ONE, ONE), lines.format(TWO, TWO), CONFIG)) == 2
    assert len(found(f"password {ONE}\n", f"password {TWO}\npassword {other}\n", CONFIG)) == 1


def test_lines_that_hide_nothing_are_no_pair():
    assert found("hostname a\n", "hostname b\n", CONFIG) == []


def test_a_section_that_hides_something_is_alike_with_what_stands_below_it():
    text = "key chain {}\n key 1\nexit\n"
    assert len(found(text.format(ONE), text.format(TWO), CONFIG)) == 1, "a section is told with its lines"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"a {ONE} b {TWO}", "a <redacted> b <redacted>"),
        ("<redacted>", "<redacted>"),
        ("<redacted:12>", "<redacted:12>"),
        ("<redacted:0123456789abcdef>", "<redacted:0123456789abcdef>"),
    ],
)
def test_only_our_own_marks_are_masked(text, told):
    assert masked(text) == told


def test_a_key_has_a_name_that_is_nothing_of_it():
    assert key_id(b"one") == key_id(b"one") != key_id(b"two")
    assert key_id(b"") == ""
    assert len(key_id(b"one")) == 8
    assert key_id(b"one") not in redact("storefleet", b"one")
