"""Differences of which both sides are hidden: under one key another mark is another secret, under two it is none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from storefleet.collect.redact import HIDDEN, masked
from storefleet.drift.compare import Delta


def alike(some: Sequence[Delta]) -> list[tuple[Delta, Delta]]:
    """Return the differences whose two sides are equal but for what is hidden, as what was approved and what is seen.

    A fact has both in one; of a configuration one line may have gone and another come, where neither takes the place of
    the other.
    """
    found: list[tuple[Delta, Delta]] = []
    gone: dict[tuple[str, str, str], list[Delta]] = defaultdict(list)
    for one in some:
        if one.approved is not None and one.observed is not None:
            if masked(one.approved) == masked(one.observed):
                found.append((one, one))
        elif one.approved is not None and _hides(one):
            gone[_place(one, one.approved)].append(one)
    for one in some:
        if one.approved is None and one.observed is not None and _hides(one):
            before = gone.get(_place(one, one.observed))
            if before:
                found.append((before.pop(0), one))
    return found


def _hides(delta: Delta) -> bool:
    return HIDDEN in masked(f"{delta.key} {delta.approved} {delta.observed}")


def _place(delta: Delta, side: str) -> tuple[str, str, str]:
    return delta.part, masked(delta.key), masked(side)
