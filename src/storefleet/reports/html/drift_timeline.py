"""When the differences of a store came: between which two runs, and when somebody did it, along one line of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from storefleet.model.drift import Difference, StoreDrift
from storefleet.model.instants import instant
from storefleet.reports.drift_words import Clock, place, rank, when_words
from storefleet.reports.escape import visible

WIDE = 1000
_MOST = 60


def timeline(store: StoreDrift, found: Sequence[Difference], at: Clock) -> dict[str, Any] | None:
    """Return places from 0 to 1000 of each difference's instants; ``None`` where no instant is known.

    An approval long before everything else stands at the left edge, so that it does not press the rest together.
    """
    known = sorted(moment for one in found for moment in _moments(one))
    if not known:
        return None
    last = max([known[-1], *filter(None, [instant(store.seen.at) if store.seen else None])])
    first = known[0]
    approved = instant(store.approved.at) if store.approved else None
    if approved is not None and first - (last - first) / 2 <= approved < first:
        first = approved
    span = (last - first).total_seconds() or 1.0

    def position(text: str | None) -> int | None:
        moment = instant(text)
        share = (moment - first).total_seconds() / span if moment else 0
        return round(WIDE * min(1.0, max(0.0, share))) if moment else None

    return {
        "from": at(first.isoformat()),
        "to": at(last.isoformat()),
        "approved": position(store.approved.at) if store.approved else None,
        "approved_words": f"approved {at(store.approved.at)}" if store.approved else "",
        "rows": [
            {
                "id": visible(one.id),
                "host": visible(one.host),
                "key": place(one, 120),
                "severity": rank(one),
                "before": position(one.last_otherwise.at if one.last_otherwise else None),
                "seen": position(one.first_seen.at if one.first_seen else None),
                "who": position(one.who.at) if one.who else None,
                "words": when_words(one, at),
            }
            for one in sorted(found, key=_order)[:_MOST]
        ],
        "more": max(0, len(found) - _MOST),
    }


def _moments(one: Difference) -> Iterator[datetime]:
    seen = (one.first_seen, one.last_otherwise, one.who)
    yield from filter(None, (instant(each.at) for each in seen if each is not None))


def _order(one: Difference) -> tuple[str, str]:
    return (min((moment.isoformat() for moment in _moments(one)), default="~"), one.host)
