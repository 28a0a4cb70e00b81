"""The keywords that JSON Schema lacks, as extensions of its validator.

They see their values *bound*: :mod:`storefleet.audit.bind` has put the instant, the package system, the other value and
the fleet beside what the user wrote. So each keyword is a pure function of its value and the observed one, and a
validator holds no clock and no context.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import jsonschema
import msgspec
from jsonschema import validators

from storefleet.audit.durations import instant
from storefleet.audit.matching import in_network, matches, network
from storefleet.audit.text import same, scalar_text
from storefleet.audit.versions import in_range
from storefleet.documents.regexes import MAX_TEXT
from storefleet.model.base import Json

Keyword: TypeAlias = Callable[[Any, Any, Any, Any], "Iterator[jsonschema.ValidationError] | None"]


class Offence(jsonschema.ValidationError):
    """What one of our keywords found. ``extra`` must go; ``lacking`` is an element that a list should hold."""

    extra = False
    lacking: Json = None
    lacks = False


def in_subnet(_validator: Any, nets: Any, value: Json, _schema: Any) -> Iterator[Offence]:
    """The address lies in one of the networks."""
    known = [network(text) for text in ([nets] if isinstance(nets, str) else nets)]
    if not isinstance(value, str) or not any(net is not None and in_network(value, net) for net in known):
        yield Offence("not in the network")


def pattern(_validator: Any, expression: Any, value: Json, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    """The text matches; a text so long that the search could take minutes is an error and not a pass."""
    if not isinstance(value, str):
        return
    if len(value) > MAX_TEXT:
        message = f"pattern: the text has {len(value):,} characters; a pattern is tried on {MAX_TEXT:,} at most"
        raise ValueError(message)
    if not re.search(expression, value):
        yield jsonschema.ValidationError("does not match")


def version(_validator: Any, bound: Any, value: Json, _schema: Any) -> Iterator[Offence]:
    """The version lies in the range, as the package system of the host compares."""
    if not isinstance(value, str) or not in_range(value, bound["range"], bound["system"]):
        yield Offence("version out of range")


def subset_of(_validator: Any, patterns: Any, value: Json, _schema: Any) -> Iterator[Offence]:
    """Every element meets one pattern of the list."""
    if not isinstance(value, list):
        yield Offence("not a list")
        return
    for index, item in enumerate(value):
        if not any(matches(pattern, item) for pattern in patterns):
            offence = Offence("not in the list", path=(index,))
            offence.extra = True
            yield offence


def contains_all(_validator: Any, patterns: Any, value: Json, _schema: Any) -> Iterator[Offence]:
    """Every pattern of the list is met by some element."""
    items = value if isinstance(value, list) else []
    for pattern in patterns:
        if not any(matches(pattern, item) for item in items):
            offence = Offence("lacks an element")
            offence.lacks, offence.lacking = True, pattern
            yield offence


def equal_to(_validator: Any, bound: Any, value: Json, _schema: Any) -> Iterator[Offence]:
    """The value equals the one at another path of the same document."""
    if not bound["present"] or not same(bound["value"], value):
        yield Offence("differs from the other value")


def unique_in_fleet(_validator: Any, bound: Any, value: Json, _schema: Any) -> Iterator[Offence]:
    """No other host of the fleet has the value."""
    if bound["others"].get(scalar_text(value)):
        yield Offence("not unique")


def not_older_than(_validator: Any, bound: Any, value: Json, _schema: Any) -> Iterator[Offence]:
    """The instant lies after the limit (now less the span)."""
    moment = _moment(value)
    if moment is None or moment < bound["limit"]:
        yield Offence("older")


def expires_after(_validator: Any, bound: Any, value: Json, _schema: Any) -> Iterator[Offence]:
    """The instant lies at or after the limit (now and the span)."""
    moment = _moment(value)
    if moment is None or moment < bound["limit"]:
        yield Offence("expires before")


def _moment(value: Json) -> datetime.datetime | None:
    try:
        return instant(value) if isinstance(value, str) else None
    except ValueError:
        return None


OWN: dict[str, Keyword] = {
    "pattern": pattern,
    "inSubnet": in_subnet,
    "version": version,
    "subsetOf": subset_of,
    "containsAll": contains_all,
    "equalTo": equal_to,
    "uniqueInFleet": unique_in_fleet,
    "notOlderThan": not_older_than,
    "expiresAfter": expires_after,
}

Validator: Any = validators.extend(jsonschema.Draft202012Validator, OWN)  # type: ignore[no-untyped-call]
"""JSON Schema 2020-12 with our vocabulary. ``jsonschema`` builds the class at run time, so it has no
static type."""


_KEPT: dict[bytes, Any] = {}
_MOST = 4096


def validator(fragment: Json) -> Any:
    """Return a validator of a bound fragment, with ``format`` checked.

    Most stores render a control to the same fragment, so a few thousand are kept; the key is the fragment's JSON, which
    tells ``true`` from ``1`` where Python would not.
    """
    try:
        key = msgspec.json.encode(fragment)
    except (TypeError, msgspec.MsgspecError):  # bound to the fleet's index: such a one serves a single host
        return Validator(fragment, format_checker=Validator.FORMAT_CHECKER)
    known = _KEPT.get(key)
    if known is None:
        if len(_KEPT) >= _MOST:
            _KEPT.clear()
        known = _KEPT[key] = Validator(fragment, format_checker=Validator.FORMAT_CHECKER)
    return known
