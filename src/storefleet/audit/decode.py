"""From the text of a control's fragment to JSON, typed by the place that it will judge.

Where the state document has text, the source text counts (``const: 2.10`` is ``"2.10"``); where it has a number, the
YAML number. So no control fails for ever because YAML and the collector spell a value in two types.
"""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from typing import Any

from storefleet.audit.bind import list_name
from storefleet.audit.fragments import MANY, NAMED, ONE
from storefleet.audit.resolve import below_any
from storefleet.audit.shape import OPEN, Node, child, element, may_be, types_of
from storefleet.documents.nodes import Mapping, Scalar, Sequence, Source, core_value
from storefleet.documents.nodes import Node as Yaml
from storefleet.model.base import Json

TEXT_KEYWORDS = frozenset(
    {"version", "pattern", "format", "equalTo", "notOlderThan", "expiresAfter", "$ref", "$comment", "description"}
)
_TEXT: Node = {"type": "string"}
_TEXTS: Node = {"type": "string", "items": _TEXT}
_POSITIVE_MANY = ("allOf", "prefixItems")


class LiteralFault(ValueError):
    """A value that YAML would change; ``source`` is its place."""

    def __init__(self, message: str, source: Source) -> None:
        super().__init__(message)
        self.source = source


def literal(node: Yaml, shape: Node) -> Json:
    """Return a value as the place has it; raises ``ValueError`` on a number that YAML would change."""
    if isinstance(node, Sequence):
        below = element(shape) or OPEN
        return [literal(item, below) for item in node.items]
    if isinstance(node, Mapping):
        return {key.text: literal(value, child(shape, key.text) or OPEN) for key, value in node.entries}
    if types_of(shape) == {"string"} and not _is_null(node):
        return node.text
    try:
        return core_value(node)
    except ValueError as fault:
        raise LiteralFault(str(fault), node.source) from None


def _is_null(node: Scalar) -> bool:
    return node.plain and node.text in {"null", "~", ""}


def fragment(node: Yaml, shape: Node) -> Json:
    """Return a fragment with every literal typed by its place."""
    if not isinstance(node, Mapping):
        return literal(node, OPEN)
    found: dict[str, Json] = {}
    for key, value in node.entries:
        found[key.text] = _keyword(key.text, value, shape)
        named = list_name(value.text) if isinstance(value, Scalar) else None
        if named is not None and key.text in {"subsetOf", "containsAll"}:
            found["x-list"] = named
    return found


def _keyword(name: str, value: Yaml, shape: Node) -> Json:
    below = place_below(name, shape)
    if name in ONE:
        return fragment(value, below)
    if name in TEXT_KEYWORDS and isinstance(value, Scalar):
        return value.text
    if name == "const":
        return literal(value, shape)
    if name in {"inSubnet", "type", "required"}:
        return literal(value, _TEXTS)
    if isinstance(value, Sequence):
        return _many(name, value, shape, below)
    if name in NAMED and isinstance(value, Mapping):
        return {key.text: fragment(part, place_named(name, shape, key.text)) for key, part in value.entries}
    return literal(value, OPEN)


def _many(name: str, value: Sequence, shape: Node, below: Node) -> Json:
    if name in MANY:
        return [fragment(item, below) for item in value.items]
    if name == "enum":
        return [literal(item, shape) for item in value.items]
    return [literal(item, below if name in {"subsetOf", "containsAll"} else OPEN) for item in value.items]


def place_below(keyword: str, shape: Node) -> Node:
    """Return the place that the fragments inside a keyword judge."""
    if keyword in {"items", "contains", "prefixItems", "unevaluatedItems", "subsetOf", "containsAll"}:
        return element(shape) or OPEN
    if keyword in {"additionalProperties", "unevaluatedProperties"}:
        return below_any(shape) or OPEN
    return _TEXT if keyword == "propertyNames" else shape


def place_named(keyword: str, shape: Node, name: str) -> Node:
    """Return the place that one entry of a keyword with named fragments judges."""
    if keyword == "properties":
        return child(shape, name) or OPEN
    if keyword == "patternProperties":
        return below_any(shape) or OPEN
    return shape


def completed(part: Json, shape: Node) -> Json:
    """Return the fragment with what its author takes for granted: the place's type, and parts that are named exist.

    Plain JSON Schema lets ``exclusiveMaximum: 95`` pass on the text ``"97"``, and ``properties`` pass on an object that
    lacks them; either would be a pass without evidence. Only where the fragment asserts, never below ``not`` or ``if``.
    """
    if not isinstance(part, dict):
        return part
    copy: dict[str, Any] = dict(part)
    if shape.get("x-set") and "const" in copy:
        copy["subsetOf"] = copy["containsAll"] = copy.pop("const")  # a set has no order, and each element is a finding
    declared = shape.get("type")
    if declared is not None and not copy.keys() & {"type", "const", "enum", "$ref"}:
        copy["type"] = declared
    if isinstance(copy.get("properties"), AbstractMapping) and may_be(shape, "object"):
        _complete_parts(copy, shape)
    if "items" in copy:
        copy["items"] = completed(copy["items"], element(shape) or OPEN)
    for name in _POSITIVE_MANY:
        if isinstance(copy.get(name), list):
            below = place_below(name, shape)
            copy[name] = [completed(inner, below) for inner in copy[name]]
    return copy


def _complete_parts(fragment: dict[str, Any], shape: Node) -> None:
    named = fragment["properties"]
    due = [name for name, inner in named.items() if inner is not False]
    given = fragment.get("required")
    fragment["required"] = list(dict.fromkeys([*(given if isinstance(given, list) else []), *due]))
    fragment["properties"] = {name: completed(inner, child(shape, name) or OPEN) for name, inner in named.items()}
