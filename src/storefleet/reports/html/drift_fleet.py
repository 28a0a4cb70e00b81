"""The data of the page over all stores: the verdict, what is alike, one-offs, the trend, and a line for each store."""

from __future__ import annotations

from collections import Counter
from typing import Any

from storefleet.model.drift import CAUSES, DriftDocument, StoreDrift
from storefleet.reports.drift_groups import Group, golden_words, groups, one_off_words, quiet_words
from storefleet.reports.drift_words import Clock, clock_of, headline, loud, rank
from storefleet.reports.escape import visible

_LONGEST = 400
_MOST_GROUPS = 1000


def fleet_data(document: DriftDocument, fleet: str, timezone: str, *, whole_fleet: bool) -> dict[str, Any]:
    """Return what the page shows beside the details of stores."""
    at = clock_of(document, timezone)
    found = groups(document.stores)
    shared, single = ([one for one in found if one.one_off is kind] for kind in (False, True))
    seen = document.coverage
    return {
        "fleet": visible(fleet),
        "whole": whole_fleet,
        "run": {"id": visible(document.run.run), "when": at(document.run.at)} if document.run else None,
        "since": "" if document.since == "approved" else at(document.since),
        "exit": document.exit,
        "headline": headline(document),
        "summary": [[cause, document.summary.get(cause, 0)] for cause in CAUSES],
        "unchanged": document.unchanged,
        "coverage": {"compared": seen.compared, "expected": seen.expected, "floor": seen.floor, "enough": seen.enough},
        "groups": [_group(one, at) for one in shared[:_MOST_GROUPS]],
        "one_offs": [_group(one, at) for one in single[:_MOST_GROUPS]],
        "more": max(0, len(shared) - _MOST_GROUPS) + max(0, len(single) - _MOST_GROUPS),
        "one_off_words": one_off_words(single) if single else "",
        "golden": golden_words(document.stores),
        "quiet": quiet_words(document.stores),
        "identities": [identity for store in document.stores for identity in identities(store)],
        "gaps": [gap for store in document.stores for gap in gaps(store)],
        "trend": [
            {"run": visible(one.run), "at": at(one.at), "stores": one.stores, "hosts": one.hosts}
            for one in document.trend
        ],
        "stores": [_line(store) for store in sorted(document.stores, key=_order)],
        "details": {},
    }


def identities(store: StoreDrift) -> list[dict[str, Any]]:
    """Return who is not who it should be."""
    return [
        {
            "store": visible(store.store),
            "host": visible(note.host),
            "kind": note.kind,
            "others": [visible(other) for other in note.others],
            "words": visible(note.words, _LONGEST),
            "evidence": [visible(piece, _LONGEST) for piece in note.evidence],
        }
        for note in store.identities
    ]


def gaps(store: StoreDrift) -> list[dict[str, str]]:
    """Return the hosts of which nothing can be said."""
    return [
        {"store": visible(store.store), "host": visible(gap.host), "reason": visible(gap.reason, _LONGEST)}
        for gap in store.not_compared
    ]


def _group(one: Group, at: Clock) -> dict[str, Any]:
    return {
        "signature": visible(one.first.signature, _LONGEST),
        "class": one.first.cause,
        "severity": one.severity,
        "stores": one.stores,
        "hosts": one.hosts,
        "since": at(one.since) if one.since else "?",
        "first": visible(one.first_store),
        "next": one.next_step,
    }


def _line(store: StoreDrift) -> dict[str, Any]:
    many = Counter(one.cause for one in store.differences)
    found = loud(store)
    return {
        "id": visible(store.store),
        "name": visible(store.name, 80),
        "worst": max(map(rank, found)) if found else None,
        "drifted": len(found),
        "classes": ", ".join(f"{many[cause]:,} {cause}" for cause in CAUSES if many[cause]),
        "strange": len(store.identities),
        "golden": len(store.golden),
        "unread": sum(one.state == "cannot_parse" for one in store.golden),
        "gaps": len(store.not_compared),
        "ended": len(store.ended),
    }


def _order(store: StoreDrift) -> tuple[object, ...]:
    found = loud(store)
    return (-len(store.identities), -max(map(rank, found), default=-1), -len(found), store.store)
