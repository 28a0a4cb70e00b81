"""CSV files as rows of text with line numbers: cells stay what was written, except that outer blanks are dropped.

A spreadsheet that was saved carelessly (semicolons, ragged rows, a column twice, another charset) is refused with
every complaint at once; nothing is guessed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Source

MAX_CELL = 32_768
"""Characters of one cell: what a spreadsheet can hold; more means that a quote was never closed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: every column of the header has a cell, empty when nothing stood there."""

    cells: Mapping[str, str]
    source: Source


@dataclass(frozen=True, slots=True)
class Table:
    """The columns in the order written, and the rows that are not empty."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    source: Source


def parse_table(text: str, path: str, notes: Decoder, required: Collection[str] = ()) -> Table:
    """Read CSV text; rows that cannot be understood are complained about and left out."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines = _lines(reader, path, notes)
    header = next(lines, None)
    if header is None:
        notes.complain(Source(path, 0), f"is empty; the first line names the columns: {', '.join(required)}")
        return Table((), (), Source(path, 0))
    columns, source = tuple(header[0]), header[1]
    if not _header_stands(columns, source, notes, required):
        return Table((), (), source)
    rows = tuple(row for cells, place in lines if (row := _row(columns, cells, place, notes)) is not None)
    return Table(columns, rows, source)


def _lines(reader: Iterator[list[str]], path: str, notes: Decoder) -> Iterator[tuple[list[str], Source]]:
    """Yield the lines that hold anything, with the line on which each starts (a quoted cell may span several)."""
    ended = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            message = f"not valid CSV: {fault}; look for a quote that is not closed, here or in the lines before"
            notes.complain(Source(path, ended + 1), message)
            return
        source = Source(path, ended + 1)
        ended = reader.line_num  # type: ignore[attr-defined]  # the csv reader has it; Iterator does not say so
        cells = [cell.strip() for cell in cells]
        if any(cells):
            yield cells, source


def _header_stands(columns: tuple[str, ...], source: Source, notes: Decoder, required: Collection[str]) -> bool:
    before = len(notes.complaints)
    if len(columns) == 1 and (";" in columns[0] or "\t" in columns[0]):
        notes.complain(source, "the columns are not separated by commas; save the file as comma-separated CSV")
        return False
    for number, name in enumerate(columns, 1):
        if not name:
            notes.complain(source, f"column {number} has no name; name it or remove it")
        elif name in columns[: number - 1]:
            notes.complain(source, f"the column {name!r} stands twice; keep one")
    missing = [name for name in required if name not in columns]
    if missing:
        notes.complain(source, f"the columns {', '.join(missing)} are missing; required: {', '.join(required)}")
    return len(notes.complaints) == before


def _row(columns: tuple[str, ...], cells: list[str], source: Source, notes: Decoder) -> Row | None:
    if len(cells) != len(columns):
        hint = "; a cell that holds a comma needs quotes" if len(cells) > len(columns) else ""
        notes.complain(source, f"{len(cells)} cells where the header has {len(columns)} columns{hint}")
        return None
    for name, cell in zip(columns, cells, strict=True):
        if len(cell) > MAX_CELL or not cell.isprintable():
            notes.complain(
                source, f"{name}: a line break, a control character or an overlong text; write one plain line"
            )
            return None
    return Row(dict(zip(columns, cells, strict=True)), source)
