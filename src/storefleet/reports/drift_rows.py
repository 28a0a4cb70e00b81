"""Drift as CSV: a row for each difference, with cells that no spreadsheet takes for a formula."""

from __future__ import annotations

from collections.abc import Iterator

from storefleet.model.drift import Difference, DriftDocument, StoreDrift
from storefleet.reports.csv_report import table
from storefleet.reports.rows import cell

COLUMNS = (
    "store", "store_name", "host", "part", "section", "key", "id", "class", "severity", "controls", "breaks",
    "approved", "intended", "observed", "standard", "feature", "standard_state", "first_seen", "last_otherwise",
    "last_seen", "life", "flaps", "ours", "who", "who_from", "who_at", "certainty", "evidence", "signature",
    "same_in_stores", "repair", "undo_repair", "fix", "told_with", "approved_at", "approved_by", "ticket",
)  # fmt: skip
"""The order is a promise: columns may be added at the end. Instants are UTC; a list is told with `` / `` between."""


def drift_csv(document: DriftDocument) -> str:
    """Return a header and one row per difference, as RFC 4180 has it.

    A side that is not there is an empty cell, and one that is there without a value says ``present``.
    """
    return table(COLUMNS, rows(document))


def rows(document: DriftDocument) -> Iterator[tuple[str, ...]]:
    """Yield one row of cells per difference, store by store."""
    for store in document.stores:
        for one in store.differences:
            yield tuple(map(cell, (store.store, store.name, *_difference(one), *_approval(store))))


def _difference(one: Difference) -> Iterator[str | None]:
    yield from (one.host, one.part, one.section, one.key, one.id, one.cause)
    yield from (one.matters.severity, " ".join(one.matters.controls), one.matters.breaks)
    yield from (_side(one.approved), _side(one.intended), _side(one.observed))
    found = one.standard
    yield from (found.by, found.feature, found.state) if found else (None, None, None)
    yield from (seen.at if seen else None for seen in (one.first_seen, one.last_otherwise, one.last_seen))
    yield from (one.life, str(one.flaps), one.ours)
    who = one.who
    yield from (who.user, who.origin, who.at, who.certainty, who.evidence) if who else (None,) * 5
    yield from (one.signature, str(one.same_in_stores or ""), _lines(one.repair), _lines(one.undo_repair))
    yield from (one.fix, _lines(one.told_with))


def _side(text: str | None) -> str | None:
    return "present" if text == "" else text


def _lines(lines: tuple[str, ...]) -> str:
    return " / ".join(line.strip() for line in lines)


def _approval(store: StoreDrift) -> tuple[str | None, ...]:
    found = store.approved
    return (found.at, found.by, found.ticket) if found else (None, None, None)
