"""``stores.csv``: one row per store, typed where a column is known, text everywhere else."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import get_args

from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Source
from storefleet.documents.tables import Row, Table
from storefleet.inventory.lanes import parse_lanes
from storefleet.model.base import Json, is_identifier
from storefleet.model.store import StoreStatus
from storefleet.settings.parsers import timezone_fault

REQUIRED = ("store", "name", "region", "timezone", "format", "number")
KNOWN = (
    *REQUIRED,
    *("status", "opens_on", "closes_on", "hours", "tills", "sco", "link", "isp", "acquirer"),
    *("segment", "phone", "jump", "wan_ip"),
)
"""Columns that ``store.<column>`` always has, empty where the table has none of them."""
LANE_COLUMNS = frozenset({"tills", "sco"})
DATE_COLUMNS = ("opens_on", "closes_on")
_STATUSES = get_args(StoreStatus)
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class StoreRow:
    """One row with its cells typed, and where it stands."""

    id: str
    columns: dict[str, Json]
    source: Source
    empty_lanes: frozenset[str] = frozenset()


@dataclass
class _Ids:
    """The ids met so far; two that differ only in case would share a file on some machines."""

    seen: dict[str, tuple[str, int]] = field(default_factory=dict)

    def clash(self, text: str, line: int) -> str | None:
        first, where = self.seen.setdefault(text.lower(), (text, line))
        if where == line:
            return None
        if first == text:
            return f"the store {text!r} stands twice; the first is in line {where}"
        return f"the store {text!r} differs from {first!r} (line {where}) only in upper and lower case; rename one"


def read_stores(table: Table, lane_columns: Collection[str], notes: Decoder) -> list[StoreRow]:
    """Type every row; ``lane_columns`` are those that the blueprint counts devices by."""
    for name in table.columns:
        if not _COLUMN.fullmatch(name) or name == "id":
            notes.complain(
                table.source, f"the column {name!r} cannot be used as store.<column>; use letters, digits and _"
            )
    lanes = LANE_COLUMNS | frozenset(lane_columns)
    ids = _Ids()
    rows: list[StoreRow] = []
    for row in table.rows:
        before = len(notes.complaints)
        columns = _typed(row, lanes, notes)
        clash = ids.clash(row.cells["store"], row.source.line)
        if clash:
            notes.complain(row.source, clash)
        if len(notes.complaints) == before:
            empty = frozenset(name for name in lanes if not row.cells.get(name))
            rows.append(StoreRow(row.cells["store"], columns, row.source, empty))
    return rows


def _typed(row: Row, lane_columns: Collection[str], notes: Decoder) -> dict[str, Json]:
    cells = row.cells
    typed: dict[str, Json] = {**dict.fromkeys(KNOWN, ""), **cells}
    if not is_identifier(cells["store"]):
        message = (
            f"store: {cells['store']!r} is not an id; letters, digits, _ and -, at most 63, not starting with _ or -"
        )
        notes.complain(row.source, message)
    notes_for = _Cells(row, notes)
    for name in ("name", "region", "format"):
        notes_for.require(name)
    typed["number"] = notes_for.number()
    typed["status"] = notes_for.status()
    for name in DATE_COLUMNS:
        notes_for.date(name)
    for name in lane_columns:
        typed[name] = notes_for.lanes(name)
    fault = timezone_fault(cells["timezone"])
    if fault:
        notes.complain(row.source, f"timezone: {fault}")
    return typed


@dataclass(frozen=True, slots=True)
class _Cells:
    """Reads the typed cells of one row, complaining where a cell is not what its column says."""

    row: Row
    notes: Decoder

    def require(self, name: str) -> None:
        if not self.row.cells[name]:
            self.notes.complain(self.row.source, f"{name}: is empty, and every store has one")

    def number(self) -> int:
        cell = self.row.cells["number"]
        if _NUMBER.fullmatch(cell):
            return int(cell)
        bare = cell.lstrip("0") or "0"
        hint = f"; write {bare}" if _NUMBER.fullmatch(bare) and cell else ""
        self.notes.complain(self.row.source, f"number: a whole number is due here, not {cell!r}{hint}")
        return 0

    def status(self) -> str:
        cell = self.row.cells.get("status", "") or "open"
        if cell not in _STATUSES:
            self.notes.complain(self.row.source, f"status: {cell!r} is not one of {', '.join(_STATUSES)}")
        return cell

    def date(self, name: str) -> None:
        cell = self.row.cells.get(name, "")
        if cell and not is_date(cell):
            self.notes.complain(self.row.source, f"{name}: a date as 2026-11-22 is due here, not {cell!r}")

    def lanes(self, name: str) -> Json:
        try:
            return list(parse_lanes(self.row.cells.get(name, "")))
        except ValueError as fault:
            self.notes.complain(self.row.source, f"{name}: {fault}")
            return []


def is_date(text: str) -> bool:
    """Tell whether the text is a day as ``2026-11-22``."""
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
