"""The findings as CSV, for a person with a spreadsheet."""

from __future__ import annotations

import csv
import io

from storefleet.model.report import AuditDocument
from storefleet.reports.rows import COLUMNS, rows

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as the code page of its country."""


def audit_csv(document: AuditDocument) -> str:
    """Return a header and one row per finding, unknown and error, as RFC 4180 has it: commas, quotes, CR LF."""
    stream = io.StringIO(newline="")
    stream.write(BYTE_ORDER_MARK)
    table = csv.writer(stream)
    table.writerow(COLUMNS)
    table.writerows(rows(document))
    return stream.getvalue()
