"""Walking the published schema of the state document: what stands below a place, and by what its elements are known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from storefleet.audit.text import json_text, scalar_text
from storefleet.documents.published import schema as published
from storefleet.model.base import Json

Node: TypeAlias = Mapping[str, Any]
"""One place of the state schema; an empty one is open: anything may stand there."""

OPEN: Node = {}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.@+-]+")
_PLAIN_TOKEN = re.compile(r"[^\s\"\[\],={}#\\]+")


def state_schema() -> Node:
    """Return the shape of ``storefleet.state/1``."""
    return published("state-1")


def child(node: Node, name: str) -> Node | None:
    """Return the place below a property or map key; ``None`` where the schema knows that nothing can stand there."""
    properties = node.get("properties", {})
    if name in properties:
        known: Node = properties[name]
        return known
    rest = node.get("additionalProperties", True)
    if isinstance(rest, Mapping):
        return rest
    return OPEN if rest and may_be(node, "object") else None


def element(node: Node) -> Node | None:
    """Return the place of a list's elements; ``None`` where no list can stand."""
    if not may_be(node, "array"):
        return None
    items: Node = node.get("items", OPEN)
    return items


def types_of(node: Node) -> frozenset[str]:
    """Return the JSON types that may stand there; empty means any."""
    declared = node.get("type")
    if declared is None:
        kinds = {type_name(value) for value in node.get("enum", [])}
        return frozenset(kinds)
    return frozenset([declared] if isinstance(declared, str) else declared)


def may_be(node: Node, kind: str) -> bool:
    """Tell whether a value of the JSON type may stand there."""
    types = types_of(node)
    return not types or kind in types or (kind == "integer" and "number" in types)


def type_name(value: Json) -> str:
    """Return the JSON type of a value; a whole number is ``integer``."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")


def keys_of(node: Node) -> tuple[str, ...]:
    """Return the fields by which elements of a list are known."""
    return tuple(node.get("x-key", ()))


def name_step(name: str) -> str:
    """Return one step for a property or map key: ``/posd.service``, or in brackets where the name needs them."""
    return f"/{name}" if _PLAIN_NAME.fullmatch(name) else f"[{token(name)}]"


def token(text: str) -> str:
    """Return text for use inside brackets, as a JSON string where it is not plain."""
    return text if _PLAIN_TOKEN.fullmatch(text) and text.isprintable() else json_text(text)


def element_values(node: Node, value: Json) -> tuple[str | None, ...]:
    """Return the texts of an element's key fields (``None`` for an absent one); a plain value is its own key."""
    fields = keys_of(node)
    if fields and isinstance(value, dict):
        return tuple(scalar_text(value[field]) if field in value else None for field in fields)
    return (scalar_text(value),)


def element_step(node: Node, value: Json) -> str:
    """Return the step of one element of the list at ``node``: ``[tcp,0.0.0.0,4444]``; never an index."""
    return "[" + ",".join("" if part is None else token(part) for part in element_values(node, value)) + "]"
