"""A value that passes: the required side of a finding, wherever one can be named without guessing about the world."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from storefleet.audit.fragments import NOTHING
from storefleet.audit.keywords import validator
from storefleet.audit.matching import matches, network
from storefleet.audit.text import same
from storefleet.audit.versions import parse_range
from storefleet.model.base import Json

NO_VALUE = object()
"""No value can be named (a certificate's expiry, a pattern): the rule in words must do."""


def passing_value(fragment: Json, actual: Json) -> Any:
    """Return the first candidate that the whole fragment accepts, or :data:`NO_VALUE`."""
    if not isinstance(fragment, dict):
        return NO_VALUE
    judge = validator(fragment)
    for candidate in candidates(fragment, actual):
        if not same(candidate, actual) and judge.is_valid(candidate):
            return candidate
    return NO_VALUE


def candidates(fragment: Mapping[str, Any], actual: Json) -> Iterator[Json]:
    """Yield values that one keyword or another would accept; the nearest to the observed one first."""
    for keyword, value in fragment.items():
        maker = _MAKERS.get(keyword)
        if maker is not None:
            yield from maker(value, actual)
    for part in (*fragment.get("allOf", []), *fragment.get("anyOf", []), *fragment.get("oneOf", [])):
        if isinstance(part, dict):
            yield from candidates(part, actual)


def _const(value: Any, _actual: Json) -> Iterator[Json]:
    yield value


def _enum(values: Any, _actual: Json) -> Iterator[Json]:
    yield from values


def _near(step: int) -> Callable[[Any, Json], Iterator[Json]]:
    def make(value: Any, _actual: Json) -> Iterator[Json]:
        whole = int(value) if value == int(value) else value
        yield whole + step
        yield whole + step / 1000

    return make


def _multiple(value: Any, actual: Json) -> Iterator[Json]:
    if isinstance(actual, int | float) and value:
        yield round(actual / value) * value


def _version(bound: Any, _actual: Json) -> Iterator[Json]:
    for clause in parse_range(bound["range"]):
        if clause.operator in {">=", "==", "<="}:
            yield clause.version
        elif clause.operator == ">":
            yield clause.version + ".1"
        elif clause.operator == "<":
            yield "0"


def _in_subnet(nets: Any, actual: Json) -> Iterator[Json]:
    """Yield the first host of the network, with the prefix length where the observed address carries one."""
    prefixed = isinstance(actual, str) and "/" in actual
    for text in [nets] if isinstance(nets, str) else nets:
        net = network(text)
        if net is not None:
            first = net[1] if net.num_addresses > 2 else net[0]
            yield f"{first}/{net.prefixlen}" if prefixed else str(ipaddress.ip_address(first))


def _subset(patterns: Any, actual: Json) -> Iterator[Json]:
    if isinstance(actual, list):
        yield [item for item in actual if any(matches(pattern, item) for pattern in patterns)]
    yield []


def _contains_all(patterns: Any, actual: Json) -> Iterator[Json]:
    items = actual if isinstance(actual, list) else []
    lacking = [plain(part) for part in patterns if not any(matches(part, item) for item in items)]
    yield [*items, *lacking]


def plain(pattern: Json) -> Json:
    """Return the element that a pattern describes, without the reader's ``why``."""
    return {name: part for name, part in pattern.items() if name != "why"} if isinstance(pattern, dict) else pattern


def _equal(bound: Any, _actual: Json) -> Iterator[Json]:
    if bound["present"]:
        yield bound["value"]


def _unique_items(wanted: Any, actual: Json) -> Iterator[Json]:
    if wanted and isinstance(actual, list):
        kept: list[Json] = []
        for item in actual:
            if not any(same(item, other) for other in kept):
                kept.append(item)
        yield kept


def _not(fragment: Any, actual: Json) -> Iterator[Json]:
    if isinstance(actual, bool) and isinstance(fragment, dict):
        yield not actual


def _properties(parts: Any, actual: Json) -> Iterator[Json]:
    """Yield the object with every failing part mended."""
    mended = dict(actual) if isinstance(actual, dict) else {}
    for name, part in parts.items():
        if part == NOTHING:
            mended.pop(name, None)
        elif isinstance(part, dict) and (name not in mended or not validator(part).is_valid(mended[name])):
            value = passing_value(part, mended.get(name))
            if value is NO_VALUE:
                return
            mended[name] = value
    yield mended


_MAKERS: Mapping[str, Callable[[Any, Json], Iterator[Json]]] = {
    "const": _const,
    "enum": _enum,
    "exclusiveMaximum": _near(-1),
    "exclusiveMinimum": _near(1),
    "maximum": _near(0),
    "minimum": _near(0),
    "multipleOf": _multiple,
    "version": _version,
    "inSubnet": _in_subnet,
    "subsetOf": _subset,
    "containsAll": _contains_all,
    "equalTo": _equal,
    "uniqueItems": _unique_items,
    "not": _not,
    "properties": _properties,
}
