"""Lane cells: ``4`` is lanes 1 to 4, ``1-4,6`` is lanes 1, 2, 3, 4 and 6, ``0`` is none on purpose."""

from __future__ import annotations

import re

MAX_LANE = 999

_COUNT = re.compile(r"0|[1-9][0-9]*")
_PART = re.compile(r"(?P<first>[1-9][0-9]*)(-(?P<last>[1-9][0-9]*))?")


def parse_lanes(cell: str) -> list[int]:
    """Return the lane numbers of a cell in rising order; raises ``ValueError`` with what is wrong and right."""
    text = cell.strip()
    if not text:
        return []
    if _COUNT.fullmatch(text):
        return _span(1, int(text), cell)
    lanes: list[int] = []
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"{cell!r} is not a lane cell; write 4, or 1-4,6 (a spreadsheet may have made it a date)")
        first = int(match["first"])
        lanes.extend(_span(first, int(match["last"] or first), cell))
    if len(set(lanes)) != len(lanes):
        raise ValueError(f"{cell!r} names a lane twice")
    return sorted(lanes)


def _span(first: int, last: int, cell: str) -> list[int]:
    if last > MAX_LANE:
        raise ValueError(f"{cell!r}: lane numbers end at {MAX_LANE}")
    if last < first and last != 0:
        raise ValueError(f"{cell!r} counts backwards; write {last}-{first}")
    return list(range(first, last + 1))
