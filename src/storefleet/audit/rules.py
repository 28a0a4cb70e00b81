"""The closed set of keywords: to which JSON types each applies, and what its value must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from storefleet.audit.durations import duration
from storefleet.audit.keywords import Validator
from storefleet.audit.matching import network
from storefleet.audit.places import suggestion
from storefleet.audit.shape import type_name
from storefleet.audit.text import json_text
from storefleet.audit.versions import in_range, parse_range
from storefleet.documents.regexes import matches_everything, pattern_fault
from storefleet.model.base import Json

NUMBER = frozenset({"integer", "number"})
TEXT = frozenset({"string"})
LIST = frozenset({"array"})
OBJECT = frozenset({"object"})
ANY: frozenset[str] = frozenset()
PLAIN = frozenset({"string", "integer", "number", "boolean"})

Check = Callable[[Json], "str | None"]
"""Says what is wrong with a keyword's value, or ``None``."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One keyword. ``holds`` says what holds fragments: nothing, ``one``, ``many`` or ``named`` ones."""

    applies: frozenset[str] = ANY
    check: Check = lambda _: None
    holds: str = ""


def _is(kind: frozenset[str], words: str) -> Check:
    return lambda value: None if type_name(value) in kind else f"{words} is due here, not {json_text(value)}"


def _count(value: Json) -> str | None:
    if type_name(value) != "integer" or (isinstance(value, int) and value < 0):
        return f"a whole number is due here, not {json_text(value)}"
    return None


def _least(value: Json) -> str | None:
    return _count(value) or ("0 never fails; leave the keyword out" if value == 0 else None)


def _names(value: Json) -> str | None:
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        return f"a list of names is due here, not {json_text(value)}"
    return None if value else "an empty list never fails; name what must be there"


def _filled(value: Json) -> str | None:
    if not isinstance(value, list):
        return f"a list is due here, not {json_text(value)}"
    return None


def _demanding(value: Json) -> str | None:
    return _filled(value) or (None if value else "an empty list never fails; name what must be in it")


def _pattern(value: Json) -> str | None:
    if not isinstance(value, str):
        return f"a regular expression is due here, not {json_text(value)}"
    fault = pattern_fault(value)
    if fault is None and matches_everything(value):
        fault = "it finds something in any text, so it never fails; anchor it with ^ and $"
    return None if fault is None else f"{json_text(value)}: {fault}"


def _format(value: Json) -> str | None:
    known = Validator.FORMAT_CHECKER.checkers
    if value in known:
        return None
    return f"no such format {json_text(value)}; {suggestion(str(value), known)}"


def _version(value: Json) -> str | None:
    if not isinstance(value, str):
        return f"a range such as '>=2.4,<3' is due here, not {json_text(value)}"
    try:
        clauses = parse_range(value)
    except ValueError as fault:
        return str(fault)
    tries = [clause.version + more for clause in clauses for more in ("", ".0.1", "+1", "~~")] + ["0", "~~"]
    if not any(in_range(version, value, "none") for version in tries):
        return f"no version lies in {value!r}, so it can never pass"
    return None


def _span(value: Json) -> str | None:
    if not isinstance(value, str):
        return f"a span of time such as 30d is due here, not {json_text(value)}"
    try:
        duration(value)
    except ValueError as fault:
        return str(fault)
    return None


def _nets(value: Json) -> str | None:
    nets = [value] if isinstance(value, str) else value
    if not isinstance(nets, list) or not nets:
        return f"a network or a list of networks is due here, not {json_text(value)}"
    for text in nets:
        net = network(text) if isinstance(text, str) else None
        if net is None:
            return f"{json_text(text)} is not a network; write 10.1.2.0/24, without host bits"
        if net.prefixlen == 0:
            return f"every address lies in {text}, so it never fails"
    return None


def _only_true(value: Json) -> str | None:
    return None if value is True else "only `true` asks for something; leave the keyword out otherwise"


_COUNT_LIST = Rule(LIST, _count)

RULES: Mapping[str, Rule] = {
    "type": Rule(),
    "const": Rule(),
    "enum": Rule(check=_demanding),
    "minimum": Rule(NUMBER, _is(NUMBER, "a number")),
    "maximum": Rule(NUMBER, _is(NUMBER, "a number")),
    "exclusiveMinimum": Rule(NUMBER, _is(NUMBER, "a number")),
    "exclusiveMaximum": Rule(NUMBER, _is(NUMBER, "a number")),
    "multipleOf": Rule(
        NUMBER, lambda value: _is(NUMBER, "a number")(value) or ("above 0, please" if value == 0 else None)
    ),
    "minLength": Rule(TEXT, _least),
    "maxLength": Rule(TEXT, _count),
    "pattern": Rule(TEXT, _pattern),
    "format": Rule(TEXT, _format),
    "items": Rule(LIST, holds="one"),
    "contains": Rule(LIST, holds="one"),
    "prefixItems": Rule(LIST, _demanding, holds="many"),
    "minItems": Rule(LIST, _least),
    "maxItems": _COUNT_LIST,
    "minContains": Rule(LIST, _least),
    "maxContains": _COUNT_LIST,
    "uniqueItems": Rule(LIST, _only_true),
    "properties": Rule(OBJECT, holds="named"),
    "patternProperties": Rule(OBJECT, holds="named"),
    "additionalProperties": Rule(OBJECT, holds="one"),
    "propertyNames": Rule(OBJECT, holds="one"),
    "required": Rule(OBJECT, _names),
    "minProperties": Rule(OBJECT, _least),
    "maxProperties": Rule(OBJECT, _count),
    "allOf": Rule(check=_demanding, holds="many"),
    "anyOf": Rule(check=_demanding, holds="many"),
    "oneOf": Rule(check=_demanding, holds="many"),
    "not": Rule(holds="one"),
    "if": Rule(holds="one"),
    "then": Rule(holds="one"),
    "else": Rule(holds="one"),
    "inSubnet": Rule(TEXT, _nets),
    "version": Rule(TEXT, _version),
    "subsetOf": Rule(LIST, _filled),
    "containsAll": Rule(LIST, _demanding),
    "equalTo": Rule(check=_is(TEXT, "a path of the same document")),
    "uniqueInFleet": Rule(PLAIN, _only_true),
    "notOlderThan": Rule(TEXT, _span),
    "expiresAfter": Rule(TEXT, _span),
}
"""Every keyword that a control may use."""

REMARKS = frozenset({"$comment", "description"})
