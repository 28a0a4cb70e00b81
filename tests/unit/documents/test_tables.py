"""CSV cells stay text with their line; a careless save of a spreadsheet is refused, all complaints at once."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.documents.decode import Decoder
from storefleet.documents.reader import parse
from storefleet.documents.secrets import is_secret_name, literal_secrets
from storefleet.documents.tables import Table, parse_table


def read(text: str, required: tuple[str, ...] = ()) -> tuple[Table, list[str]]:
    notes = Decoder()
    table = parse_table(text, "t.csv", notes, required)
    return table, [str(each) for each in notes.complaints]


def test_cells_are_text_without_outer_blanks_and_rows_know_their_line():
    table, said = read('a,b\n 0412 ,"x, y"\n\n,,\r\n"1\n",2\n')
    assert said == []
    assert [(dict(row.cells), row.source.line) for row in table.rows] == [
        ({"a": "0412", "b": "x, y"}, 2),
        ({"a": "1", "b": "2"}, 5),
    ]
    assert table.columns == ("a", "b")


COMMAS = "t.csv:1: the columns are not separated by commas; save the file as comma-separated CSV"
PLAIN = "t.csv:2: a: a line break, a control character or an overlong text; write one plain line"
QUOTE = "look for a quote that is not closed, here or in the lines before"
CASES = {
    "": ["t.csv: is empty; the first line names the columns: a"],
    "\n\n": ["t.csv: is empty; the first line names the columns: a"],
    "a;b\n1;2\n": [COMMAS],
    "a\tb\n": [COMMAS],
    "a,a,\n": [
        "t.csv:1: column 3 has no name; name it or remove it",
        "t.csv:1: the column 'a' stands twice; keep one",
    ],
    "b\n": ["t.csv:1: the columns a are missing; required: a"],
    "a,b\n1\n1,2,3\n": [
        "t.csv:2: 1 cells where the header has 2 columns",
        "t.csv:3: 3 cells where the header has 2 columns; a cell that holds a comma needs quotes",
    ],
    'a,b\n"1\n2",3\n': [PLAIN],
    "a\nx\x00y\n": [PLAIN],
    f"a\n{'x' * 32_769}\n": [PLAIN],
    'a\n"x"y\n': [f"t.csv:2: not valid CSV: ',' expected after '\"'; {QUOTE}"],
}


@pytest.mark.parametrize(("text", "complaints"), CASES.items())
def test_what_cannot_stand_is_refused_at_its_line(text: str, complaints: list[str]):
    assert sorted(read(text, ("a",))[1]) == complaints


CELLS = st.text(
    alphabet=st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs", "Cf", "Co", "Cn")), max_size=10
)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2).filter(any), max_size=6))
def test_what_python_writes_is_read_back(rows: list[list[str]]):
    text = io.StringIO()
    csv.writer(text).writerows([["a", "b"], *rows])
    table, said = read(text.getvalue())
    assert said == []
    assert [list(row.cells.values()) for row in table.rows] == rows


@given(st.text(alphabet='a,";\n\r\t \x00é', max_size=40))
def test_no_text_does_more_than_be_complained_about(text: str):
    table, said = read(text, ("a",))
    assert said or table.columns


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "Password",
        "enable_password",
        "snmp-community",
        "apiToken",
        "api_key",
        "preSharedKey",
        "PSK",
        "secret",
    ],
)
def test_keys_that_name_a_secret(key: str):
    assert is_secret_name(key)


@pytest.mark.parametrize(
    "key",
    ["password_max_age", "credential", "key", "public_key", "compass", "pinpad", "secretary", "bypass", "tokens_per_s"],
)
def test_keys_that_do_not(key: str):
    assert not is_secret_name(key)


def test_a_literal_secret_is_found_at_any_depth_and_never_repeated():
    text = "a: [{password: s3cr3t}]\nb: {enable: [s3cr3t]}\nc: https://u:s3cr3t@h/\n"
    text += "d: {password: {env: X}}\ne: {token: }\n"
    node = parse(text, "f.yaml")
    assert node is not None
    found = literal_secrets(node)
    assert [complaint.line for complaint in found] == [1, 2, 3]
    assert "s3cr3t" not in str(found)
