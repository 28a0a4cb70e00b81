"""The ``if:`` of a route: one comparison of a count, such as ``new(severity>=critical) > 0``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias, cast

from storefleet.model.base import Value
from storefleet.model.findings import SEVERITIES, Severity

Counted: TypeAlias = Literal["new", "worse", "reopened", "still", "fixed", "dark"]
_NAMES = ("new", "worse", "reopened", "still", "fixed", "dark")
_SHAPE = re.compile(
    r"\s*(?P<name>[a-z]+)\s*(\(\s*severity\s*>=\s*(?P<least>[a-z]+)\s*\))?\s*(?P<than>>=|<=|>|<|=)\s*(?P<count>[0-9]{1,6})\s*"
)
_THAN: Mapping[str, Callable[[int, int], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
}


class ConditionFault(ValueError):
    """The text is no condition; the message says what would be one."""


class Condition(Value, frozen=True):
    """One comparison; ``least`` is the least severity that counts."""

    name: Counted
    least: Severity
    than: str
    count: int

    def holds(self, counts: Mapping[tuple[str, Severity], int]) -> bool:
        """Tell whether it holds for counts by name and severity; a store that is dark counts as ``info``."""
        worst = SEVERITIES.index(self.least)
        total = sum(
            number
            for (name, severity), number in counts.items()
            if name == self.name and SEVERITIES.index(severity) >= worst
        )
        return _THAN[self.than](total, self.count)


def parse_condition(text: str) -> Condition:
    """Understand a condition; raises :class:`ConditionFault`."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ConditionFault(f"{text!r} is no comparison such as: new(severity>=critical) > 0")
    if found["name"] not in _NAMES:
        raise ConditionFault(f"{found['name']!r} is no count; there are {', '.join(_NAMES)}")
    least = found["least"] or "info"
    if least not in SEVERITIES:
        raise ConditionFault(f"{least!r} is no severity; there are {', '.join(SEVERITIES)}")
    return Condition(cast("Counted", found["name"]), cast("Severity", least), found["than"], int(found["count"]))
