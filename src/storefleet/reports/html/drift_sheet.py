"""The sheet of a store: what a technician does first, host by host, on one page of paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from storefleet.model.drift import Difference, StoreDrift
from storefleet.reports.drift_groups import next_step
from storefleet.reports.drift_words import (
    Clock,
    change_words,
    consequences,
    fix_command,
    is_intended,
    place,
    rank,
    sides,
    when_words,
    where_typed,
)
from storefleet.reports.escape import visible

_PAGE = 46
"""Lines of an A4 page between head and foot, in the size in which the sheet prints."""
_ACROSS = 88
"""Characters of one such line; those of the lines that are typed are the widest."""
_HOST = 2
_MOST_PER_HOST = 4
_MOST_LINES = 6
_MOST_WARNINGS = 3
_SHORT = 110


def sheet(store: StoreDrift, found: Sequence[Difference], at: Clock) -> dict[str, Any]:
    """Return the steps by host, the gravest first, so many as one page holds; what is left out is counted."""
    hosts: dict[str, list[dict[str, Any]]] = {}
    warnings = _warnings(store)
    room = _PAGE - sum(map(_rows, warnings))
    left = 0
    for one in sorted(found, key=lambda each: -rank(each)):
        step = _step(one, store.store, at)
        taken = _height(step) + (0 if one.host in hosts else _HOST)
        if taken > room or len(hosts.get(one.host, ())) >= _MOST_PER_HOST:
            left += 1
        else:
            room -= taken
            hosts.setdefault(one.host, []).append(step)
    code = visible(store.store)
    return {
        "warnings": warnings,
        "hosts": [{"host": visible(host), "steps": steps} for host, steps in hosts.items()],
        "left": left,
        "again": f"storefleet audit -l {code}; storefleet drift {code}",
    }


def _height(step: dict[str, Any]) -> int:
    """Return how many lines of paper a step takes at most."""
    texts = [f"{step[name]} " for name in ("what", "sides", "harm", "when", "where", "command", "next") if step[name]]
    return sum(map(_rows, texts)) + sum(map(_rows, step["lines"])) + 1


def _rows(text: str) -> int:
    return -(-len(text) // _ACROSS)


def _warnings(store: StoreDrift) -> list[str]:
    told = [
        f"{visible(note.host)}: {visible(note.words, _SHORT)}. Look at its label first." for note in store.identities
    ]
    gaps = store.not_compared
    told += [f"{visible(gap.host)} was not compared: {visible(gap.reason, _SHORT)}" for gap in gaps]
    more = len(told) - _MOST_WARNINGS
    return told[:_MOST_WARNINGS] + (
        [f"and {more:,} more hosts that are strange or were not compared"] if more > 0 else []
    )


def _step(one: Difference, store: str, at: Clock) -> dict[str, Any]:
    lines = [visible(line, _SHORT) for line in one.repair]
    command = fix_command(one)
    return {
        "id": visible(one.id),
        "severity": rank(one),
        "class": one.cause,
        "what": place(one, _SHORT),
        "sides": _sides(one),
        "harm": visible(consequences(one), _SHORT),
        "when": visible(when_words(one, at), 2 * _SHORT),
        "where": where_typed(one) if lines else "",
        "lines": lines[:_MOST_LINES] + ([f"and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []),
        "command": command,
        "next": "" if lines or command else next_step(one, store),
    }


def _sides(one: Difference) -> str:
    due = f"  →  intended {sides(one, _SHORT)[2]}" if is_intended(one) else ""
    return f"{change_words(one, _SHORT)}{due}"
