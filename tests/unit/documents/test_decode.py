"""The type that is due decides how a text is read; another spelling is a complaint that shows both."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.documents.decode import Decoder, decode
from storefleet.documents.nodes import Node, Scalar, Source, core_value
from storefleet.documents.reader import parse
from storefleet.errors import InputError
from storefleet.model.base import Value


class Inner(Value, frozen=True):
    source: Source
    port: int = 22
    host: str | None = None


class Outer(Value, frozen=True):
    name: str
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    either: str | tuple[str, ...] = ()
    level: Literal["low", "high"] = "low"
    by_name: Mapping[str, float] = {}
    day: datetime.date | None = None
    flag: bool = False
    kept: Node = Scalar("", plain=False, source=Source("", 0))
    renamed: str = msgspec.field(default="", name="from")


def read(text: str, kind: Any) -> Any:
    return decode(parse(text, "f.yaml"), kind, "it", "f.yaml")


def refused(text: str, kind: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(text, kind)
    return [str(each) for each in caught.value.complaints]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("0412", str, "0412"),
        ("12:30", str, "12:30"),
        ("2.10", str, "2.10"),
        ("NO", str, "NO"),
        ("2026-11-22", str, "2026-11-22"),
        ("'null'", str, "null"),
        ("412", int, 412),
        ("-7", int, -7),
        ("0x1f", int, 31),
        ("0o17", int, 15),
        ("1.5", float, 1.5),
        ("3", float, 3.0),
        ("true", bool, True),
        ("False", bool, False),
        ("2026-11-22", datetime.date, datetime.date(2026, 11, 22)),
        ("~", str | None, None),
        ("'~'", str | None, "~"),
        ("[1, 2]", list[int], [1, 2]),
        ("[1, 2]", tuple[int, ...], (1, 2)),
        ("[a]", Sequence[str], ("a",)),
        ("{a: 1}", dict[str, int], {"a": 1}),
        ("a", str | list[str], "a"),
        ("[a]", str | list[str], ["a"]),
        ("5", int | str, 5),
        ("05", int | str, "05"),
        ("'5'", int | str, "5"),
        ("yes", bool | str, "yes"),
        ("high", Literal["low", "high"], "high"),
        ("2", Literal[1, 2], 2),
        ("{a: [0412, 1, 1.5, true, null, x]}", Any, {"a": ["0412", 1, 1.5, True, None, "x"]}),
        ("'1'", Any, "1"),
        ("yes", Any, "yes"),
        ("1e3", Any, 1000.0),
    ],
)
def test_a_value_is_read_as_the_type_that_is_due(text: str, kind: Any, value: Any):
    found = read(text, kind)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "kind", "complaint"),
    [
        ("05", int, "it: a whole number is due here, not '05': write 5"),
        ("'5'", int, "it: a whole number is due here, not '5': write 5"),
        ("5.0", int, "it: a whole number is due here, not '5.0'"),
        ("1_000", int, "not '1_000'"),
        ("yes", bool, "it: true or false is due here, not 'yes'"),
        ("'true'", bool, "it: true or false is due here"),
        ("x", float, "it: a number is due here, not 'x'"),
        ("true", float, "a number is due here, not 'true'"),
        ("22.11.2026", datetime.date, "it: a date as 2026-11-22 is due here, not '22.11.2026'"),
        ("20261122", datetime.date, "a date as 2026-11-22"),
        ("2026-02-30", datetime.date, "a date as 2026-11-22"),
        ("~", str, "it: text is due here, and there is none"),
        ("[a]", str, "it: one value is due here, not a list"),
        ("a", list[str], "it: a list is due here, not a value ('a')"),
        ("a", dict[str, str], "it: a mapping is due here, not a value ('a')"),
        ("{a: b}", list[str], "it: a list is due here, not a mapping"),
        ("medium", Literal["low", "high"], "it: 'medium' is not one of low, high"),
        ("[low]", Literal["low", "high"], "it: a list is not one of low, high"),
        ("{a: b}", str | list[str], "it: text or a list is due here, not a mapping"),
        ("2.10", Any, "2.10 would be read as the number 2.1: quote it if it is text, or write 2.1"),
    ],
)
def test_another_spelling_is_refused_and_both_are_shown(text: str, kind: Any, complaint: str):
    said = refused(text, kind)
    assert len(said) == 1
    assert said[0].startswith("f.yaml:1: ")
    assert complaint in said[0]


def test_a_struct_is_read_with_its_place_and_its_defaults():
    value = read("name: x\ninner:\n  port: 2\nmany: [{host: a}]\nfrom: y\nkept: [1]\n", Outer)
    assert (value.name, value.renamed, value.level) == ("x", "y", "low")
    assert value.inner == Inner(Source("f.yaml", 3), 2)
    assert value.many[0].host == "a"
    assert value.kept.source == Source("f.yaml", 6)


def test_all_complaints_of_a_document_come_at_once_sorted():
    text = "nam: x\nmany:\n  - {port: a}\n  - {prot: 1}\n  - x\nlevel: mid\nby_name: {a: b, c: d}\nflag: yes\n"
    assert refused(text, Outer) == [
        "f.yaml:1: it: the key 'name' is missing",
        "f.yaml:1: it: unknown key 'nam'; did you mean 'name'?",
        "f.yaml:3: it: many[0]: port: a whole number is due here, not 'a'",
        "f.yaml:4: it: many[1]: unknown key 'prot'; did you mean 'port'?",
        "f.yaml:5: it: many[2]: a mapping is due here, not a value ('x')",
        "f.yaml:6: it: level: 'mid' is not one of low, high",
        "f.yaml:7: it: by_name.a: a number is due here, not 'b'",
        "f.yaml:7: it: by_name.c: a number is due here, not 'd'",
        "f.yaml:8: it: flag: true or false is due here, not 'yes'",
    ]


def test_the_place_of_a_value_cannot_be_written_by_the_user():
    assert "unknown key 'source'" in refused("name: x\ninner: {source: y}\n", Outer)[0]


def test_an_empty_document_is_refused():
    assert refused("", Outer) == ["f.yaml: it is empty"]


def test_one_decoder_gathers_over_many_nodes():
    decoder = Decoder()
    assert decoder.decode(parse("a", "a.yaml"), int, "a") is None
    assert decoder.decode(parse("b", "b.yaml"), str, "b") == "b"
    assert decoder.plain(parse("2.10", "c.yaml")) is None
    with pytest.raises(InputError) as caught:
        decoder.finish()
    assert [complaint.path for complaint in caught.value.complaints] == ["a.yaml", "c.yaml"]


def test_texts_that_are_left_stay_as_written_whatever_is_due():
    decoder = Decoder(leave=lambda text: "{{" in text)
    value = decoder.decode(parse("name: x\ninner: {port: '{{ n }}'}\nlevel: '{{ l }}'\n", "f.yaml"), Outer, "it")
    decoder.finish()
    assert value is not None
    assert value.inner is not None
    assert (value.inner.port, value.level) == ("{{ n }}", "{{ l }}")


@given(st.integers(min_value=-(10**30), max_value=10**30))
def test_a_whole_number_is_read_back(number: int):
    assert read(str(number), int) == number == read(str(number), Any)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_back_or_refused_but_never_changed(number: float):
    node = parse(repr(number), "f.yaml")
    assert isinstance(node, Scalar)
    try:
        value = core_value(node)
    except ValueError:
        return
    assert value == number


@given(st.text(alphabet="0123456789.+-eExo", min_size=1, max_size=10))
def test_what_is_read_as_a_number_is_what_was_written(text: str):
    node = Scalar(text, plain=True, source=Source("f", 1))
    try:
        value = core_value(node)
    except ValueError:
        return
    if isinstance(value, float) and "e" not in text.lower():
        assert repr(value) == text.lstrip("+")
    if isinstance(value, int) and "x" not in text and "o" not in text:
        assert str(value) == text.lstrip("+").replace("-0", "0") or value == 0
