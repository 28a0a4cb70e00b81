"""The single terms of a selector: a name, a glob, a regular expression, or a comparison of one field."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]  # the only way to see a pattern's structure
from typing import Any, Protocol

from storefleet.errors import SelectorError
from storefleet.model.base import Json
from storefleet.model.store import Host, Store

MAX_PATTERN = 200
MAX_REPEATS = 3
MAX_MATCHED = 256
"""Characters of a value that a regular expression sees: with three repeats at most, the worst case stays bounded."""


class Term(Protocol):
    """One condition on a host."""

    def matches(self, host: Host, store: Store | None) -> bool:
        """Tell whether the host fits."""
        ...


@lru_cache(maxsize=1024)
def plurals(role: str) -> tuple[str, ...]:
    """Return the plural forms by which a role is also selected: ``tills``, ``switches``, ``displays``."""
    forms = [f"{role}s"]
    if role.endswith(("s", "x", "ch", "sh")):
        forms.append(f"{role}es")
    if role.endswith("y"):
        forms.append(f"{role[:-1]}ies")
    return tuple(forms)


def names_of(host: Host, store: Store | None) -> Iterator[str]:
    """Yield every bare name by which the host is selected."""
    yield host.name
    yield host.role
    yield from plurals(host.role)
    if host.store:
        yield host.store
    if host.platform:
        yield host.platform
    yield from host.groups
    if store is not None:
        yield store.format
        yield store.region


@dataclass(frozen=True, slots=True)
class Everything:
    """``all`` or ``*``."""

    def matches(self, host: Host, store: Store | None) -> bool:
        """Take every host."""
        return True


@dataclass(frozen=True, slots=True)
class Name:
    """A bare name, taken exactly."""

    text: str

    def matches(self, host: Host, store: Store | None) -> bool:
        """Tell whether any name of the host is the text."""
        return self.text in names_of(host, store)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A glob, or the start of a name as a regular expression (``~``), as Ansible matches them."""

    text: str
    pattern: re.Pattern[str] = dataclasses.field(compare=False)

    def matches(self, host: Host, store: Store | None) -> bool:
        """Tell whether any name of the host fits."""
        return any(self.pattern.match(name) for name in names_of(host, store))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The lines of a file of names."""

    terms: tuple[Term, ...]

    def matches(self, host: Host, store: Store | None) -> bool:
        """Tell whether any line fits."""
        return any(term.matches(host, store) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Comparison:
    """``field OP value``; ``pattern`` is set for ``=~``."""

    field: str
    operator: str
    value: str
    pattern: re.Pattern[str] | None = dataclasses.field(default=None, compare=False)

    def matches(self, host: Host, store: Store | None) -> bool:
        """Compare what the host has; a host without the field fits only ``!=``."""
        actual = field_value(self.field, host, store)
        if self.pattern is not None:
            return any(self.pattern.search(text[:MAX_MATCHED]) for text in _texts(actual))
        if self.operator == "=":
            return _equals(actual, self.value)
        if self.operator == "!=":
            return not _equals(actual, self.value)
        return _ordered(actual, self.operator, self.value)


HOST_FIELDS = frozenset(name for name in Host.__struct_fields__ if name not in {"connect", "legacy_ssh", "data"}) | {
    "host",
    "group",
    "address",
}
_ALIASES = {"host": "name", "group": "groups"}


def field_value(name: str, host: Host, store: Store | None) -> Json:
    """Return what a field means for a host: its own first, then its data, then its store's column.

    ``store.<column>`` says plainly that the store's is meant (``store.status=open`` beside ``status=in_repair``).
    """
    if name.startswith("store."):
        return store.columns.get(name.removeprefix("store.")) if store else None
    if name in HOST_FIELDS:
        value: Any = getattr(host, _ALIASES.get(name, name))
        return list(value) if isinstance(value, tuple) else value
    if name in host.data:
        return host.data[name]
    return store.columns.get(name) if store else None


def _texts(actual: Json) -> list[str]:
    if actual is None:
        return []
    return [str(part) for part in actual] if isinstance(actual, list) else [str(actual)]


def _equals(actual: Json, value: str) -> bool:
    if isinstance(actual, bool):
        return str(actual).lower() == value.lower()
    if _is_lanes(actual):
        return str(len(actual)) == value  # type: ignore[arg-type]
    if isinstance(actual, int | float):
        number = as_number(value)
        return number is not None and number == actual
    return value in _texts(actual) or (actual in (None, []) and not value)


def _ordered(actual: Json, operator: str, value: str) -> bool:
    left: Any
    right: Any = as_number(value)
    if right is not None:
        left = len(actual) if _is_lanes(actual) and isinstance(actual, list) else as_number(actual)
    else:
        left, right = actual if isinstance(actual, str) and DATE.fullmatch(actual) else None, value
    if left is None:
        return False
    if operator == "<":
        return bool(left < right)
    if operator == "<=":
        return bool(left <= right)
    return bool(left > right) if operator == ">" else bool(left >= right)


DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _is_lanes(actual: Json) -> bool:
    return isinstance(actual, list) and all(isinstance(lane, int) for lane in actual)


def as_number(value: Json) -> float | None:
    """Return a number for a number or its text, ``None`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not re.fullmatch(r"[-+]?[0-9]{1,15}(\.[0-9]{1,15})?", value):
        return None
    return float(value)


def glob(text: str) -> re.Pattern[str]:
    """Compile a glob that must fit a whole name."""
    return re.compile(fnmatch.translate(text))


def guarded(text: str) -> re.Pattern[str]:
    """Compile a regular expression that cannot run away: short, no repeat within a repeat, few repeats in all."""
    if len(text) > MAX_PATTERN:
        raise SelectorError(f"the regular expression is longer than {MAX_PATTERN} characters")
    try:
        tree = _parser.parse(text)
        compiled = re.compile(text)
    except (re.error, OverflowError, RecursionError) as fault:
        raise SelectorError(f"{text!r} is not a regular expression: {fault}") from None
    if _repeats(tree, inside=False) > MAX_REPEATS:
        raise SelectorError(f"{text!r} has more than {MAX_REPEATS} repeats; write it in simpler parts")
    return compiled


_REPEATS = {_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT}
_NEVER = {_constants.GROUPREF, _constants.GROUPREF_EXISTS, _constants.ASSERT, _constants.ASSERT_NOT}


def _repeats(tree: Any, *, inside: bool) -> int:
    count = 0
    for operation, argument in tree:
        if operation in _NEVER or (inside and operation in _REPEATS | {_constants.BRANCH}):
            raise SelectorError(
                "a repeat or choice within a repeat, a back reference or a look-around; write it simpler"
            )
        repeat = operation in _REPEATS
        count += int(repeat)
        for part in _parts(argument):
            count += _repeats(part, inside=inside or repeat)
    return count


def _parts(argument: Any) -> Iterator[Any]:
    """Yield the sub-patterns of one node of Python's own pattern tree."""
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, list | tuple):
        for part in argument:
            yield from _parts(part)
