"""Stores that nobody answers of, as they went dark: a region that lost its line is one thing, not four hundred."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from storefleet.model.instants import instant
from storefleet.model.report import StoreReport
from storefleet.notify.faults import INCIDENT_STORES

TOGETHER_S = 3600.0
"""Stores that went dark no further apart than this, each after the one before, went dark together."""


def dark_groups(stores: Iterable[StoreReport]) -> list[Sequence[StoreReport]]:
    """Return the dark stores, those of one outage together, the longest dark first."""
    known = [(since, store) for store in stores if store.state == "dark" and (since := instant(store.dark_since))]
    groups: list[list[StoreReport]] = []
    last: datetime.datetime | None = None
    for since, store in sorted(known, key=lambda pair: (pair[0], pair[1].store)):
        if last is None or (since - last).total_seconds() > TOGETHER_S:
            groups.append([])
        groups[-1].append(store)
        last = since
    return [part for group in groups for part in _parts(group)]


def _parts(group: list[StoreReport]) -> list[Sequence[StoreReport]]:
    return [group] if len(group) >= INCIDENT_STORES else [[store] for store in group]
