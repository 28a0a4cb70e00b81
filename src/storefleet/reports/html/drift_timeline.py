"""When the differences of a store came: between which two runs, and when somebody did it, along one line of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storefleet.model.drift import Difference, StoreDrift
from storefleet.model.instants import instant
from storefleet.reports.drift_words import Clock, place, rank, when_words
from storefleet.reports.escape import visible

WIDE = 1000
_MOST = 60


@dataclass(frozen=True)
class _Axis:
    """A line of time; places on it go from 0 to 1000."""

    first: datetime
    last: datetime

    def place(self, text: str | None) -> int | None:
        """Return the place of an instant, at the nearer end where it lies outside."""
        moment = instant(text)
        if moment is None:
            return None
        share = (moment - self.first).total_seconds() / ((self.last - self.first).total_seconds() or 1.0)
        return round(WIDE * min(1.0, max(0.0, share)))


def timeline(store: StoreDrift, found: Sequence[Difference], at: Clock) -> dict[str, Any] | None:
    """Return the places of each difference's instants; ``None`` where no instant is known."""
    axis = _axis(store, found)
    if axis is None:
        return None
    approved = store.approved.at if store.approved else None
    return {
        "from": at(axis.first.isoformat()),
        "to": at(axis.last.isoformat()),
        "approved": axis.place(approved),
        "approved_words": f"approved {at(approved)}" if approved else "",
        "rows": [_row(one, axis, at) for one in sorted(found, key=_order)[:_MOST]],
        "more": max(0, len(found) - _MOST),
    }


def _axis(store: StoreDrift, found: Sequence[Difference]) -> _Axis | None:
    """Return the line from the first instant to the last.

    An approval long before everything else stands at the left edge, so that it does not press the rest together.
    """
    known = sorted(moment for one in found for moment in _moments(one))
    if not known:
        return None
    first, last = known[0], known[-1]
    if store.seen and (seen := instant(store.seen.at)) is not None:
        last = max(last, seen)
    approved = instant(store.approved.at) if store.approved else None
    if approved is not None and first - (last - first) / 2 <= approved < first:
        first = approved
    return _Axis(first, last)


def _row(one: Difference, axis: _Axis, at: Clock) -> dict[str, Any]:
    return {
        "id": visible(one.id),
        "host": visible(one.host),
        "key": place(one, 120),
        "severity": rank(one),
        "before": axis.place(one.last_otherwise.at if one.last_otherwise else None),
        "seen": axis.place(one.first_seen.at if one.first_seen else None),
        "who": axis.place(one.who.at) if one.who else None,
        "words": when_words(one, at),
    }


def _moments(one: Difference) -> Iterator[datetime]:
    seen = (one.first_seen, one.last_otherwise, one.who)
    yield from filter(None, (instant(each.at) for each in seen if each is not None))


def _order(one: Difference) -> tuple[str, str]:
    return (min((moment.isoformat() for moment in _moments(one)), default="~"), one.host)
