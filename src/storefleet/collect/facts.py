"""Facts and gaps as parsers yield them, and putting them together into the parts of a state document."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from storefleet.model.base import Json
from storefleet.model.state import Missing

MAX_STRING = 4096
MAX_ITEMS = 10_000
MAX_TEXT = 1024 * 1024
MAX_DEPTH = 24
_WHOLE_PARTS = {"services", "files"}
"""Parts whose next step is a name of the host's own, not of ours."""
_WHOLE_TEXT = {"/config/running/text", "/config/startup/text"}


class Fact(NamedTuple):
    """One value at one place of the state document (a JSON Pointer)."""

    path: str
    value: Json


Found: TypeAlias = Fact | Missing
Findings: TypeAlias = Iterator[Found]


class TooLarge(Exception):
    """A value has more entries, or is deeper, than a state document takes."""


def pointer(*steps: str) -> str:
    """Return the JSON Pointer of the steps (RFC 6901)."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


@functools.lru_cache(maxsize=4096)
def steps(path: str) -> tuple[str, ...]:
    """Return the steps of a JSON Pointer."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:])


def _too_large(value: Json) -> bool:
    """NaN and infinity are no JSON; nothing that a device counts needs more than 64 bits."""
    if isinstance(value, int | float):
        return not abs(value) < 2**64
    return isinstance(value, list | dict) and len(value) > MAX_ITEMS


def bounded(value: Json, text: int = MAX_STRING, depth: int = MAX_DEPTH) -> Json:
    """Return the value with its strings cut and made printable as JSON; raises :class:`TooLarge`.

    A list that is too long is refused rather than cut: what was cut off could have been the finding.
    """
    if depth < 0:
        raise TooLarge
    if isinstance(value, str):
        return _printable(value, text)
    if _too_large(value):
        raise TooLarge
    if isinstance(value, list):
        return [_printable(item, text) if type(item) is str else bounded(item, text, depth - 1) for item in value]
    if isinstance(value, dict):
        return {
            _printable(key, MAX_STRING): _printable(item, text) if type(item) is str else bounded(item, text, depth - 1)
            for key, item in value.items()
        }
    return value


def _printable(value: str, limit: int) -> str:
    """Nearly every text is plain and short, and this runs for each of thousands a host."""
    if len(value) <= limit and value.isascii() and "\x00" not in value:
        return value
    return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")[:limit]


class Gathered:
    """The parts of one document while they come together; of two reasons for one gap the first stands."""

    def __init__(self) -> None:
        self.facts: dict[str, Json] = {}
        self.gaps: dict[str, str] = {}
        self.provenance: dict[str, str] = {}

    def add(self, found: Iterable[Found], probe: str) -> None:
        """Take what one parser found."""
        for item in found:
            if isinstance(item, Missing):
                self.miss(item.path, item.reason)
            else:
                self._put(item, probe)

    def miss(self, path: str, reason: str) -> None:
        """Note a gap; a second reason for the same place adds nothing."""
        self.gaps.setdefault(path, str(bounded(reason, 200)))

    def _put(self, fact: Fact, probe: str) -> None:
        try:
            value = bounded(fact.value, MAX_TEXT if fact.path in _WHOLE_TEXT else MAX_STRING)
        except TooLarge:
            self.miss(fact.path, "larger than a state document takes")
            return
        *way, last = steps(fact.path)
        place = self.facts
        for step in way:
            below = place.setdefault(step, {})
            if not isinstance(below, dict):
                self.miss(fact.path, "cannot parse: two probes disagree about its shape")
                return
            place = below
        known = place.get(last)
        place[last] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
        self.provenance.setdefault(_part(fact.path), probe)

    def has(self, path: str) -> bool:
        """Tell whether anything, a fact or a gap, is known at, above or below a place."""
        if any(_related(path, gap) for gap in self.gaps):
            return True
        place: Json = self.facts
        for step in steps(path):
            if not isinstance(place, dict) or step not in place:
                return False
            place = place[step]
        return True

    def missing(self) -> tuple[Missing, ...]:
        """Return the gaps in the order of their places."""
        return tuple(Missing(path, self.gaps[path]) for path in sorted(self.gaps))


@functools.lru_cache(maxsize=4096)
def _part(path: str) -> str:
    """Return the part of the document whose origin is told: two steps, or one where the next is the host's own name."""
    names = path.split("/")[1:]
    return "/" + "/".join(names[: 1 if len(names) > 1 and names[0] in _WHOLE_PARTS else 2])


def _related(one: str, other: str) -> bool:
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")


def in_order(items: Iterable[str]) -> list[Json]:
    """Return texts sorted, each once: a set of values as JSON has it."""
    ordered: list[Json] = []
    ordered.extend(sorted(set(items)))
    return ordered
