"""Rules and results in words: what should be there, said as an operator would say it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from storefleet.audit.fragments import NAMED, NOTHING, ONE
from storefleet.audit.text import json_text
from storefleet.model.base import Json
from storefleet.model.findings import Finding, Result

_TYPES = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "array": "a list", "object": "an object", "null": "null",
}  # fmt: skip


def type_words(kind: str | Sequence[Json]) -> str:
    """Return a JSON type, or several, in words."""
    kinds = [kind] if isinstance(kind, str) else kind
    return " or ".join(_TYPES.get(str(part), str(part)) for part in kinds)


def list_words(values: Any) -> str:
    """Return values as a list for a reader."""
    return ", ".join(map(json_text, values))


def _nets(value: Any) -> str:
    return "in " + (value if isinstance(value, str) else " or ".join(value))


def _unique(bound: Any) -> str:
    return "unique in the fleet"


_WORDS: Mapping[str, Callable[[Any], str]] = {
    "const": json_text,
    "enum": lambda value: f"one of {list_words(value)}",
    "type": type_words,
    "minimum": lambda value: f"at least {json_text(value)}",
    "maximum": lambda value: f"at most {json_text(value)}",
    "exclusiveMinimum": lambda value: f"above {json_text(value)}",
    "exclusiveMaximum": lambda value: f"below {json_text(value)}",
    "multipleOf": lambda value: f"a multiple of {json_text(value)}",
    "minLength": lambda value: f"at least {value} characters long",
    "maxLength": lambda value: f"at most {value} characters long",
    "pattern": lambda value: f"text matching {json_text(value)}",
    "format": lambda value: f"a valid {value}",
    "minItems": lambda value: f"at least {value} entries",
    "maxItems": lambda value: f"at most {value} entries",
    "uniqueItems": lambda _: "no entry twice",
    "minContains": lambda value: f"at least {value} such entries",
    "maxContains": lambda value: f"at most {value} such entries",
    "minProperties": lambda value: f"at least {value} entries",
    "maxProperties": lambda value: f"at most {value} entries",
    "required": lambda value: f"with {', '.join(map(str, value))}",
    "dependentRequired": lambda value: f"with what its entries need: {json_text(value)}",
    "inSubnet": _nets,
    "version": lambda value: f"version {value['range'] if isinstance(value, dict) else value}",
    "containsAll": lambda value: f"with {list_words(value)}",
    "equalTo": lambda value: f"equal to {value['path'] if isinstance(value, dict) else value}",
    "uniqueInFleet": _unique,
    "notOlderThan": lambda value: f"at most {value['span'] if isinstance(value, dict) else value} old",
    "expiresAfter": lambda value: f"at least {value['span'] if isinstance(value, dict) else value} from now",
    "anyOf": lambda value: " or ".join(map(fragment_words, value)),
    "oneOf": lambda value: "exactly one of: " + "; ".join(map(fragment_words, value)),
    "allOf": lambda value: " and ".join(map(fragment_words, value)),
    "not": lambda value: f"not ({fragment_words(value)})",
    "contains": lambda value: f"an entry that is {fragment_words(value)}",
    "items": lambda value: f"every entry {fragment_words(value)}",
    "prefixItems": lambda value: "in this order: " + "; ".join(map(fragment_words, value)),
    "propertyNames": lambda value: f"every name {fragment_words(value)}",
    "properties": lambda value: ", ".join(f"{name} {fragment_words(part)}" for name, part in value.items()),
    "patternProperties": lambda value: ", ".join(f"{name} {fragment_words(part)}" for name, part in value.items()),
}


def extra_words(fragment: Mapping[str, Any]) -> str:
    """Say that an element must go, and from which list it is missing."""
    named = fragment.get("x-list")
    return f"absent (not in the list {named})" if named else "absent (not in the list)"


def rule_words(keyword: str, fragment: Mapping[str, Any]) -> str:
    """Say what one keyword of a fragment asks."""
    value = fragment[keyword]
    if keyword == "subsetOf":
        named = fragment.get("x-list")
        return f"nothing outside the list {named}" if named else f"nothing but {list_words(value)}"
    words = _WORDS.get(keyword)
    if words is not None:
        return words(value)
    return f"{keyword} {json_text(value)}" if keyword not in (*ONE, *NAMED) else f"{keyword} as the control says"


def fragment_words(fragment: Json) -> str:
    """Say what a whole fragment asks."""
    if not isinstance(fragment, dict):
        return "absent" if fragment is False else "anything"
    if fragment == NOTHING:
        return "absent"
    silent = {"$defs", "$comment", "description", "x-list", "then", "else"}
    if fragment.keys() & {"const", "enum", "properties"} or len(fragment) > 1:
        silent = silent | {"type", "required"} if fragment.keys() - {"type", "required", *silent} else silent
    parts = [rule_words(name, fragment) for name in fragment if name not in silent and name != "if"]
    if "if" in fragment:
        parts.append(_conditional(fragment))
    return " and ".join(parts) or "anything"


def _conditional(fragment: Mapping[str, Any]) -> str:
    parts = [f"if {fragment_words(fragment['if'])}"]
    parts += [f"{word} {fragment_words(fragment[word])}" for word in ("then", "else") if word in fragment]
    return ", ".join(parts)


def result_lines(result: Result, width: int = 9) -> Iterator[str]:
    """Yield one result as a terminal shows it: the control, and below it every finding with *is* and *should be*."""
    yield f"{result.state:<7} {result.control:<{width}} {result.title}".rstrip()
    for finding in result.findings:
        yield from _finding_lines(finding)
    for asked in result.asked:
        yield from _finding_lines(asked, result.reason)
    if result.reason and not result.asked and result.state != "pass":
        yield f"          {result.reason}"


def _finding_lines(finding: Finding, reason: str | None = None) -> Iterator[str]:
    seen = json_text(finding.actual) if finding.present else "absent"
    # The name of the list helps a program; a person sees it in the control, so the terminal leaves it out.
    due = re.sub(r"\(not in the list \S+\)", "(not in the list)", finding.expected.words)
    yield f"          {finding.key}"
    yield f"            is        {json_text(reason) if reason is not None else seen}"
    yield f"            should be {due}"
