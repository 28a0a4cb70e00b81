"""Equal drift has one name: a store's own values are replaced by what they are before differences are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping

from storefleet.drift.compare import Delta

_HASH = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{28,}\b")
"""A checksum, of which its beginning is enough to people, who type a signature after the report."""

_SHORT = 3
"""A value of fewer characters is everybody's: replacing it would make unlike things alike."""


def signature(delta: Delta, own: Mapping[str, str]) -> str:
    """Return the name of a difference; ``own`` gives the store's and the host's own values by what they are."""
    sides = [signature_of(side, own) for side in (delta.approved, delta.observed)]
    key = _replaced(delta.key, own)
    return f"{delta.part} {key}: {sides[0]} → {sides[1]}"


def behind_signature(delta: Delta, intended: str | None, own: Mapping[str, str]) -> str:
    """Return the name of what is as it was approved while something else is intended."""
    sides = [signature_of(side, own) for side in (delta.observed, intended)]
    return f"{delta.part} {_replaced(delta.key, own)}: {sides[0]}, intended {sides[1]}"


def signature_of(side: str | None, own: Mapping[str, str]) -> str:
    """Return one side of a difference with a store's own values by their names."""
    if side is None:
        return "absent"
    return _replaced(_HASH.sub(r"\1…", side), own) or "present"


def _replaced(text: str, own: Mapping[str, str]) -> str:
    values = sorted(((value, name) for name, value in own.items() if len(value) > _SHORT), key=lambda one: -len(one[0]))
    if not values:
        return text
    names = dict(reversed(values))
    pattern = re.compile("|".join(rf"(?<![\w.]){re.escape(value)}(?![\w.])" for value, _ in values))
    return pattern.sub(lambda match: f"{{{names[match[0]]}}}", text)
