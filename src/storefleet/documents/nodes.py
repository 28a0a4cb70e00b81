"""A YAML document as text with places: what was written, where, before anyone decides what type it should be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from storefleet.model.base import Json


@dataclass(frozen=True, slots=True)
class Source:
    """Where something stands in the user's files, for complaints: ``path`` as the user would type it, 1-based line."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """One leaf: the source text, and whether it stood unquoted (only then can it mean a number, a boolean or null)."""

    text: str
    plain: bool
    source: Source


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of nodes."""

    items: tuple[Node, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order written; keys are unique."""

    entries: tuple[tuple[Scalar, Node], ...]
    source: Source


Node: TypeAlias = Scalar | Sequence | Mapping

NULL = re.compile(r"(null|Null|NULL|~|)")
TRUE = re.compile(r"(true|True|TRUE)")
FALSE = re.compile(r"(false|False|FALSE)")
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")


def is_null(node: Node) -> bool:
    """Tell whether the node is an unquoted YAML null."""
    return isinstance(node, Scalar) and node.plain and NULL.fullmatch(node.text) is not None


def core_value(scalar: Scalar) -> Json:
    """Resolve a leaf by the YAML 1.2 core schema, except that ``0412`` stays the text that it is.

    Raises ``ValueError`` where the number would lose what was written (``2.10`` would become 2.1).
    """
    text = scalar.text
    if not scalar.plain or LEADING_ZERO.fullmatch(text):
        return text
    for pattern, value in ((NULL, None), (TRUE, True), (FALSE, False)):
        if pattern.fullmatch(text):
            return value
    if INTEGER.fullmatch(text):
        return int(text, 0)
    if FLOAT.fullmatch(text):
        number = float(text)
        if "e" not in text.lower() and repr(number) != text.lstrip("+"):
            message = f"{text} would be read as the number {number!r}: quote it if it is text, or write {number!r}"
            raise ValueError(message)
        return number
    return text
