"""The findings as rows of a table: what `csv` and `xlsx` share, with cells that no spreadsheet takes for a formula."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from storefleet.model.report import AuditDocument, HostReport, ReportedFinding, ReportedResult, StoreReport
from storefleet.reports.escape import visible
from storefleet.reports.values import observed, required

COLUMNS = (
    "store", "store_name", "host", "role", "audit", "control", "title", "severity", "state", "change", "first_seen",
    "key", "actual", "required", "reason", "cause", "waiver", "ticket", "fix", "observed_at", "trial",
)  # fmt: skip
"""The order is a promise: columns may be added at the end."""

_FORMULA = frozenset("=+-@")
_SHAPELESS = {"Cc", "Cf", "Mn", "Zs"}
_STARTERS = frozenset("\t\r\n")
_AFTER_SEMICOLON = re.compile(r""";(?=[\s"']*[=+\-@＝＋－＠﹢﹣﹦﹫])""")  # noqa: RUF001 - the forms that are meant
"""Where a comma is the decimal sign, a spreadsheet may split at semicolons, also inside quotes."""


def cell(text: str | None) -> str:
    """Return text for a cell: made visible, and with an apostrophe before what would begin a formula.

    A formula begins with ``= + - @``, also in full-width form and after blanks, quotes or marks without a shape, and
    with a tabulator or a line end. Text longer than :data:`~storefleet.reports.escape.MAX_LENGTH` characters is cut.
    """
    if not text:
        return ""
    shown = _AFTER_SEMICOLON.sub(";'", visible(text))
    return f"'{shown}" if _begins_formula(text) or _begins_formula(shown) else shown


def _begins_formula(text: str) -> bool:
    if text[0] in _STARTERS:
        return True
    for character in text:
        if unicodedata.normalize("NFKC", character)[:1] in _FORMULA:
            return True
        if not (character in "\"'" or character.isspace() or unicodedata.category(character) in _SHAPELESS):
            return False
    return False


def rows(document: AuditDocument) -> Iterator[tuple[str, ...]]:
    """Yield one row of cells per finding, and one per result that is ``unknown`` or an ``error``; all are text.

    Waived findings have a row with their waiver. What passed, does not apply or was left out has none.
    """
    names = {store.store: store for store in document.stores}
    for host in document.hosts:
        for result in host.results:
            yield from _of_result(names.get(host.store), host, result)


def _of_result(store: StoreReport | None, host: HostReport, result: ReportedResult) -> Iterator[tuple[str, ...]]:
    if result.state in {"unknown", "error"} or (result.state == "fail" and not result.findings):
        yield _row(store, host, result, None)
    if result.state in {"fail", "waived"}:
        for finding in result.findings:
            yield _row(store, host, result, finding)


def _row(
    store: StoreReport | None, host: HostReport, result: ReportedResult, finding: ReportedFinding | None
) -> tuple[str, ...]:
    about = (
        host.store,
        store.name if store else None,
        host.host,
        host.role,
        result.audit,
        result.control,
        result.title,
    )
    waived = finding is not None and finding.waiver is not None
    standing = (result.severity, "waived" if waived else result.state)
    life: tuple[str | None, ...] = (None,) * 5
    last: tuple[str | None, ...] = (result.waiver, None, None, result.observed_at)
    if finding is not None:
        life = (finding.change, finding.first_seen, finding.key, observed(finding), required(finding))
        last = (finding.waiver, finding.ticket, finding.fix, finding.observed_at)
    trial = "trial" if result.trial else None
    return tuple(map(cell, (*about, *standing, *life, result.reason, result.cause, *last, trial)))
