"""Walking the JSON Schema fragment of a control: which keywords hold further fragments, and which parts it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from storefleet.audit.pointer import Name, Step
from storefleet.model.base import Json

Fragment: TypeAlias = "dict[str, Any] | bool"

ONE = (
    "not", "if", "then", "else", "items", "contains", "additionalProperties", "propertyNames",
    "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
MANY = ("allOf", "anyOf", "oneOf", "prefixItems")
NAMED = ("properties", "patternProperties", "dependentSchemas", "$defs")

_NOT_ASSERTING = {"$defs", "$comment", "description", "x-list"}
_SPLITTING = {"properties", "required", "type", "allOf", "anyOf", "oneOf", "not", "if", "then", "else"}


def changed(fragment: Json, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Json:
    """Return the fragment with every object in it replaced, the innermost first."""
    if not isinstance(fragment, dict):
        return fragment
    copy: dict[str, Any] = dict(fragment)
    for name in copy.keys() & set(ONE):
        copy[name] = changed(copy[name], change)
    for name in copy.keys() & set(MANY):
        if isinstance(copy[name], list):
            copy[name] = [changed(part, change) for part in copy[name]]
    for name in copy.keys() & set(NAMED):
        if isinstance(copy[name], dict):
            copy[name] = {key: changed(part, change) for key, part in copy[name].items()}
    return change(copy)


NOTHING: Json = {"not": {}}
"""``false`` for a named part: jsonschema forgets the path of a plain ``false`` inside ``properties``."""


def nothing_named(fragment: Json) -> Json:
    """Return the fragment with ``false`` for a named part written as :data:`NOTHING`."""

    def name(part: dict[str, Any]) -> dict[str, Any]:
        for keyword in ("properties", "patternProperties"):
            if isinstance(part.get(keyword), dict):
                given = part[keyword].items()
                part[keyword] = {key: NOTHING if inner is False else inner for key, inner in given}
        return part

    return changed(fragment, name)


def keywords_in(fragment: Json) -> frozenset[str]:
    """Return every keyword that stands anywhere in the fragment."""
    found: set[str] = set()

    def look(part: dict[str, Any]) -> dict[str, Any]:
        found.update(part)
        return part

    changed(fragment, look)
    return frozenset(found)


def reads(fragment: Any) -> list[tuple[Step, ...]]:
    """Return the parts below the value that the fragment looks at; ``()`` means the whole value."""
    if not isinstance(fragment, dict):
        return [()]
    asserting = fragment.keys() - _NOT_ASSERTING
    if not asserting - {"type"} or asserting - _SPLITTING:
        return [()]
    found: list[tuple[Step, ...]] = [(Name(name),) for name in fragment.get("required", [])]
    for name, part in fragment.get("properties", {}).items():
        found += [(Name(name), *rest) for rest in reads(part)]
    for name in fragment.keys() & {"not", "if", "then", "else"}:
        found += reads(fragment[name])
    for name in fragment.keys() & {"allOf", "anyOf", "oneOf"}:
        for part in fragment[name]:
            found += reads(part)
    return found
