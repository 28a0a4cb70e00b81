"""The findings as CSV, for a person with a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from storefleet.model.report import AuditDocument
from storefleet.reports.rows import COLUMNS, rows


def audit_csv(document: AuditDocument) -> str:
    """Return a header and one row per finding, unknown and error, as RFC 4180 has it: commas, quotes, CR LF."""
    return table(COLUMNS, rows(document))


def table(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a header and these rows; without the mark before them Excel reads UTF-8 as its country's code page."""
    stream = io.StringIO(newline="")
    stream.write("\ufeff")
    writer = csv.writer(stream)
    writer.writerow(columns)
    writer.writerows(lines)
    return stream.getvalue()
