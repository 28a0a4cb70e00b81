"""The formats of reports.

A format is a function of the document; those whose libraries are slow to load are imported when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from storefleet.model.report import AuditDocument
from storefleet.reports.csv_report import audit_csv
from storefleet.reports.html import folder_pages, single_page
from storefleet.reports.html.data import Builder
from storefleet.reports.json_report import audit_json
from storefleet.reports.junit_report import audit_junit
from storefleet.reports.markdown_report import audit_markdown
from storefleet.reports.message import message_text
from storefleet.reports.sarif_report import audit_sarif
from storefleet.reports.terminal import audit_text
from storefleet.reports.trend import TrendPoint


@dataclass(frozen=True, slots=True)
class Extras:
    """What a report may use beside the document: compliance diffs by host, the zone of printed times, past runs."""

    diffs: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "store"
    trend: Sequence[TrendPoint] = ()


Writer: TypeAlias = Callable[[AuditDocument, Extras], str | bytes]
"""Text is written as UTF-8."""


def _text(document: AuditDocument, extras: Extras) -> str:
    """Return the terminal report in full and without colours: a file has room."""
    return audit_text(document, everything=True, timezone=extras.timezone, diffs=extras.diffs)


def _builder(document: AuditDocument, extras: Extras) -> Builder:
    return Builder(document, timezone=extras.timezone, diffs=extras.diffs, trend=extras.trend)


def _html(document: AuditDocument, extras: Extras) -> str:
    return single_page(document, _builder(document, extras))


def _html_pages(document: AuditDocument, extras: Extras) -> Iterator[tuple[str, str]]:
    return folder_pages(document, _builder(document, extras))


def _json(document: AuditDocument, _extras: Extras) -> str:
    return audit_json(document)


def _csv(document: AuditDocument, _extras: Extras) -> str:
    return audit_csv(document)


def _junit(document: AuditDocument, _extras: Extras) -> str:
    return audit_junit(document)


def _markdown(document: AuditDocument, extras: Extras) -> str:
    return audit_markdown(document, timezone=extras.timezone)


def _message(document: AuditDocument, extras: Extras) -> str:
    return message_text(document, timezone=extras.timezone)


def _prometheus(document: AuditDocument, _extras: Extras) -> str:
    from storefleet.reports.prometheus_report import audit_prometheus  # noqa: PLC0415 - a tenth of a second of imports

    return audit_prometheus(document)


def _sarif(document: AuditDocument, _extras: Extras) -> str:
    return audit_sarif(document)


def _xlsx(document: AuditDocument, _extras: Extras) -> bytes:
    from storefleet.reports.xlsx_report import audit_xlsx  # noqa: PLC0415 - a tenth of a second of imports

    return audit_xlsx(document)


FORMATS: Mapping[str, Writer] = {
    "csv": _csv,
    "html": _html,
    "json": _json,
    "junit": _junit,
    "markdown": _markdown,
    "message": _message,
    "prometheus": _prometheus,
    "sarif": _sarif,
    "text": _text,
    "xlsx": _xlsx,
}
"""Every format enters here, ours and later ones alike."""

NEEDS_ALL_RESULTS = frozenset({"junit"})
"""Formats that show each pass: whoever runs an audit for one of them must keep the passes."""

FolderWriter: TypeAlias = Callable[[AuditDocument, Extras], Iterator[tuple[str, str]]]

FOLDERS: Mapping[str, FolderWriter] = {"html": _html_pages}
"""Formats that can also be a folder of files, by name and content."""

WITH_DIFFS = frozenset({"text", "html"})
"""Formats that show compliance diffs, which are only made when somebody asks."""

WITH_TREND = frozenset({"html"})
"""Formats that draw a line of earlier runs, whose documents are only read when somebody asks."""
