"""The findings as a workbook: findings, stores and the verdict on a sheet each."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from storefleet.errors import StorageError
from storefleet.model.instants import instant
from storefleet.model.report import AuditDocument
from storefleet.reports.rows import COLUMNS, cell, rows

MAX_ROWS = 1_048_576
"""Rows of an Excel sheet, its header included."""

MAX_CELL = 32_767
"""Characters of an Excel cell, counted in units of UTF-16."""

_CUT = "… (cut)"
_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "constant_memory": True,
}
_WIDTHS = {
    "store_name": 24, "host": 18, "title": 48, "key": 48, "actual": 40, "required": 40, "reason": 40, "fix": 40,
    "first_seen": 22, "observed_at": 22, "cause": 20,
}  # fmt: skip
_STORES = (
    "store",
    "name",
    "region",
    "format",
    "state",
    "worst",
    "open",
    "new",
    "hosts",
    "judged",
    "link",
    "dark_since",
)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One sheet that is filled from the top: with constant memory a row that was left cannot be returned to."""

    sheet: Worksheet
    bold: Format
    limit: int

    def fill(self, header: Sequence[str], body: Iterable[Sequence[str | int | float]], widths: Sequence[int]) -> int:
        """Write header and rows, and return how many rows did not fit."""
        for column, width in enumerate(widths):
            self.sheet.set_column(column, column, width)
        self.sheet.freeze_panes(1, 0)
        self._write(0, header, self.bold)
        number = left_out = 0
        for row in body:
            if number + 1 >= self.limit:
                left_out += 1
                continue
            number += 1
            self._write(number, row, None)
        self.sheet.autofilter(0, 0, number, len(header) - 1)
        return left_out

    def _write(self, number: int, row: Sequence[str | int | float], style: Format | None) -> None:
        for column, value in enumerate(row):
            if isinstance(value, str):
                if value:
                    self.sheet.write_string(number, column, fitting(value), style)
            else:
                self.sheet.write_number(number, column, value, style)


def fitting(text: str) -> str:
    """Return text that fits a cell; what is cut says so."""
    if len(text.encode("utf-16-le")) // 2 <= MAX_CELL:
        return text
    kept = text.encode("utf-16-le")[: 2 * (MAX_CELL - len(_CUT))]
    return f"{kept.decode('utf-16-le', errors='ignore')}{_CUT}"


def audit_xlsx(document: AuditDocument, *, max_rows: int = MAX_ROWS) -> bytes:
    """Return the workbook; the same document gives the same bytes.

    Findings beyond ``max_rows`` are left out and counted on the sheet of the verdict. Uses the temporary folder of the
    system; raises :class:`StorageError` when that has no room.
    """
    try:
        return _workbook(document, max_rows)
    except (OSError, FileCreateError) as fault:
        message = f"the workbook could not be made in the temporary folder: {fault}"
        raise StorageError(message) from fault


def _workbook(document: AuditDocument, max_rows: int) -> bytes:
    stream = io.BytesIO()
    with Workbook(stream, _OPTIONS) as book:
        book.use_zip64()
        if started := instant(document.run.started_at):
            book.set_properties({"created": started.replace(tzinfo=None)})
        bold = book.add_format({"bold": True})
        findings = _Sheet(book.add_worksheet("findings"), bold, max_rows)
        left_out = findings.fill(COLUMNS, rows(document), [_WIDTHS.get(name, 12) for name in COLUMNS])
        stores = _Sheet(book.add_worksheet("stores"), bold, MAX_ROWS)
        stores.fill(_STORES, _stores(document), [10, 24, 12, 14, 12, 10, 8, 8, 8, 8, 12, 22])
        verdict = _Sheet(book.add_worksheet("verdict"), bold, MAX_ROWS)
        verdict.fill(("what", "value"), _verdict(document, left_out), [28, 60])
    return stream.getvalue()


def _stores(document: AuditDocument) -> Iterator[tuple[str | int, ...]]:
    for store in document.stores:
        words = (store.store, store.name, store.region, store.store_format, store.state, store.worst)
        counts = (store.open, store.new, store.hosts, store.judged)
        yield (*map(cell, words), *counts, cell(store.link), cell(store.dark_since))


def _verdict(document: AuditDocument, left_out: int) -> Iterator[tuple[str, str | int | float]]:
    run, verdict, totals = document.run, document.verdict, document.totals
    yield "fleet", cell(run.fleet)
    yield "run", cell(run.id)
    yield "started at", cell(run.started_at)
    yield "finished at", cell(run.finished_at)
    yield "exit", verdict.exit
    yield "verdict", cell(verdict.words)
    yield "hosts expected", verdict.coverage.expected
    yield "hosts judged", verdict.coverage.judged
    yield "coverage %", verdict.coverage.percent
    yield "coverage floor %", verdict.coverage.floor
    yield "stores", totals.stores
    yield "hosts", totals.hosts
    for state, count in totals.results.items():
        yield f"results {state}", count
    yield "results on trial", totals.trial
    for name in ("new", "worse", "still", "reopened", "fixed", "retired"):
        yield f"findings {name}", getattr(document.changes, name)
    if left_out:
        yield "rows left out", left_out
        yield "why", "Excel holds no more rows in a sheet; the csv report has them all"
