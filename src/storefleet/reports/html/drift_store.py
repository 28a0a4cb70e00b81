"""The data of one store's page: its differences with all their sides, when they came, where they are, what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from storefleet.model.drift import QUIET, Difference, DriftDocument, StoreDrift
from storefleet.reports.drift_groups import quiet_words
from storefleet.reports.drift_words import (
    Clock,
    alike_words,
    approval_words,
    clock_of,
    consequences,
    feature_words,
    fix_command,
    is_intended,
    life_words,
    loud,
    place,
    rank,
    side,
    sides,
    standard_words,
    when_words,
    where_typed,
)
from storefleet.reports.escape import visible
from storefleet.reports.html.drift_fleet import gaps, identities
from storefleet.reports.html.drift_sheet import sheet
from storefleet.reports.html.drift_timeline import timeline

_LONGEST = 1000
_MOST_SECTIONS = 24
OTHERS = "others"


def store_data(store: StoreDrift, document: DriftDocument, timezone: str) -> dict[str, Any]:
    """Return all that the page of a store shows."""
    at = clock_of(document, timezone, store)
    found = loud(store)
    return {
        "approved": approval_words(store.approved, document.since, at),
        "reason": visible(store.approved.reason, _LONGEST) if store.approved and document.since == "approved" else "",
        "seen": at(store.seen.at) if store.seen else "",
        "identities": identities(store),
        "differences": [_difference(one, at) for one in found],
        "quiet": [_difference(one, at) for one in store.differences if one.cause in QUIET],
        "quiet_words": quiet_words([store]),
        "timeline": timeline(store, found, at),
        "map": _map(found),
        "golden": [
            {"host": visible(one.host), "state": one.state.replace("_", " "), "words": feature_words(one)}
            for one in store.golden
        ],
        "gaps": gaps(store),
        "ended": [
            {"at": at(one.at.at), "host": visible(one.host), "key": visible(one.key, _LONGEST), "was": side(one.was)}
            for one in store.ended
        ],
        "sheet": sheet(store, found, at),
    }


def _difference(one: Difference, at: Clock) -> dict[str, Any]:
    approved, observed, intended = sides(one, _LONGEST)
    return {
        "id": visible(one.id),
        "host": visible(one.host),
        "part": visible(one.part),
        "class": one.cause,
        "severity": rank(one),
        "key": place(one, _LONGEST),
        "approved": approved,
        "intended": intended if is_intended(one) else None,
        "standard": standard_words(one, at),
        "observed": observed,
        "controls": [visible(control) for control in one.matters.controls],
        "harm": consequences(one),
        "when": when_words(one, at),
        "life": life_words(one),
        "alike": alike_words(one),
        "told": [visible(key, _LONGEST) for key in one.told_with],
        "repair": [visible(line, _LONGEST) for line in one.repair],
        "undo": [visible(line, _LONGEST) for line in one.undo_repair],
        "where": where_typed(one),
        "fix": fix_command(one),
    }


def _map(found: Sequence[Difference]) -> dict[str, Any]:
    """Return hosts by sections with how many differ there and how grave the worst is; rare sections share a column."""
    many = Counter(_section(one) for one in found)
    names = sorted(name for name, _ in many.most_common(_MOST_SECTIONS))
    columns = [*names, OTHERS] if len(many) > len(names) else names
    cells: dict[str, dict[str, list[int]]] = {}
    for one in found:
        name = _section(one) if _section(one) in names else OTHERS
        cell = cells.setdefault(one.host, {}).setdefault(name, [0, 0])
        cell[:] = [cell[0] + 1, max(cell[1], rank(one))]
    rows = [{"host": visible(host), "cells": [row.get(name) for name in columns]} for host, row in cells.items()]
    return {"sections": [visible(name, 60) for name in columns], "rows": rows}


def _section(one: Difference) -> str:
    return one.section or one.part
