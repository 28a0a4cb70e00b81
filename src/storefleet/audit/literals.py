"""Values that a control compares with: they must be able to occur at their place, in the type that stands there."""

from __future__ import annotations

from collections.abc import Callable

from storefleet.audit.decode import literal
from storefleet.audit.places import known, suggestion
from storefleet.audit.shape import OPEN, Node, child, element, may_be, type_name, types_of
from storefleet.audit.text import json_text, same
from storefleet.audit.words import type_words
from storefleet.documents import nodes
from storefleet.documents.nodes import Node as Yaml
from storefleet.documents.nodes import Scalar
from storefleet.model.base import Json
from storefleet.templating.engine import is_template

_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")


class Literals:
    """Checks literal values and counts the complaints about them."""

    def __init__(self, complain: Callable[[Yaml, str], None]) -> None:
        self._complain = complain
        self.count = 0

    def say(self, node: Yaml, message: str) -> None:
        """Note one complaint."""
        self.count += 1
        self._complain(node, message)

    def asserts(self, keyword: str, value: Yaml, shape: Node, place: str) -> bool:
        """Check the values of a keyword; returns whether it can fail."""
        if keyword == "type":
            return self._type(value, shape, place)
        if keyword == "const":
            self.occurs(value, shape, place)
        elif keyword == "enum" and isinstance(value, nodes.Sequence):
            for item in value.items:
                self.occurs(item, shape, place)
            return not self._exhausts(value, shape)
        elif keyword in {"subsetOf", "containsAll"} and isinstance(value, nodes.Sequence):
            for item in value.items:
                self.occurs(item, element(shape) or OPEN, f"an entry of {place}", pattern=True)
        return True

    def occurs(self, node: Yaml, shape: Node, place: str, *, pattern: bool = False) -> None:
        """Complain about a value that can never stand there."""
        if isinstance(node, Scalar):
            self._scalar(node, shape, place)
        elif isinstance(node, nodes.Sequence):
            if self._typed(node, "array", shape, place):
                for item in node.items:
                    self.occurs(item, element(shape) or OPEN, f"an entry of {place}", pattern=pattern)
        elif self._typed(node, "object", shape, place):
            for key, part in node.entries:
                if not (pattern and key.text == "why"):
                    self._property(key, part, shape, place, pattern=pattern)

    def _property(self, key: Scalar, part: Yaml, shape: Node, place: str, *, pattern: bool) -> None:
        below = child(shape, key.text)
        if below is None:
            self.say(key, f"{place} has no {key.text!r}; {suggestion(key.text, shape.get('properties', {}))}")
        else:
            self.occurs(part, below, f"{key.text} of {place}", pattern=pattern)

    def _typed(self, node: Yaml, kind: str, shape: Node, place: str) -> bool:
        if may_be(shape, kind):
            return True
        self.say(node, f"{type_words(kind)} never stands at {place}; there is {_due(shape)}")
        return False

    def _scalar(self, node: Scalar, shape: Node, place: str) -> None:
        if is_template(node.text):
            return
        try:
            value = literal(node, shape)
        except ValueError as fault:
            self.say(node, str(fault))
            return
        kind = type_name(value)
        if not may_be(shape, kind):
            self.say(node, f"{json_text(value)} is {type_words(kind)}; at {place} stands {_due(shape)}")
        elif "enum" in shape and not any(same(value, other) for other in shape["enum"]):
            choices = [str(other) for other in shape["enum"]]
            self.say(node, f"{json_text(value)} never stands at {place}; {suggestion(str(value), choices)}")

    def _type(self, value: Yaml, shape: Node, place: str) -> bool:
        declared = [part.text for part in value.items if isinstance(part, Scalar)] if _is_list(value) else []  # type: ignore[union-attr]
        declared = [value.text] if isinstance(value, Scalar) else declared
        for kind in declared:
            if kind not in _TYPES:
                self.say(value, f"no such type {kind!r}; {suggestion(kind, _TYPES)}")
                return True
        if not any(may_be(shape, kind) for kind in declared):
            self.say(value, f"{type_words(list(declared))} never stands at {place}; there is {_due(shape)}")
        types = types_of(shape)
        return not types or not all(kind in declared or (kind == "integer" and "number" in declared) for kind in types)

    def _exhausts(self, value: nodes.Sequence, shape: Node) -> bool:
        """An ``enum`` of everything that can stand there allows everything."""
        possible: list[Json] = list(shape.get("enum", ()))
        if types_of(shape) == {"boolean"}:
            possible = [True, False]
        try:
            given = [literal(item, shape) for item in value.items]
        except ValueError:
            return False
        return bool(possible) and all(any(same(one, other) for other in given) for one in possible)


def _is_list(node: Yaml) -> bool:
    return isinstance(node, nodes.Sequence)


def _due(shape: Node) -> str:
    if "enum" in shape:
        return known(str(value) for value in shape["enum"]).replace("known here: ", "one of ")
    return type_words(sorted(types_of(shape)))
