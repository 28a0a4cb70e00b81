"""Flat text back to facts, so that a patched document can be judged again."""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

from storefleet.audit.flat import typed
from storefleet.audit.pointer import Keyed, Name, PointerFault, Select, Step, scan
from storefleet.audit.resolve import is_map
from storefleet.audit.shape import OPEN, Node, child, element, keys_of
from storefleet.model.base import Json

_DECODER = json.JSONDecoder()
_REST = re.compile(r"\s*(#.*)?")


class FlatFault(ValueError):
    """A line is no fact; the message names the line."""


class _Leaf:
    """A value as it stood on its line, so that ``{}`` and ``[]`` are not taken for something half-built."""

    __slots__ = ("value",)

    def __init__(self, value: Json) -> None:
        self.value = value


_Tree: TypeAlias = "dict[Step, _Tree | _Leaf]"


def unflatten(text: str, shape: Node) -> dict[str, Json]:
    """Return the facts; ``# rule`` behind a value is for the reader. Raises :class:`FlatFault`."""
    tree: _Tree = {}
    for number, line in enumerate(text.split("\n"), 1):
        if line and not line.startswith("#"):
            try:
                _put(tree, *_fact(line))
            except (PointerFault, ValueError) as fault:
                raise FlatFault(f"line {number}: {fault}") from None
    built = _built(tree, shape)
    return built if isinstance(built, dict) else {}


def _fact(line: str) -> tuple[tuple[Step, ...], _Leaf | None]:
    steps, end = scan(line, flat=True)
    rest = line[end:]
    if not steps or any(isinstance(step, Select) for step in steps):
        raise FlatFault(f"{line[:60]!r} is no fact")
    if not rest.startswith(" = "):
        if not _REST.fullmatch(rest):
            raise FlatFault(f"{rest[:40]!r} does not belong behind a path")
        return steps, None
    value, stop = _DECODER.raw_decode(rest, 3)
    if not _REST.fullmatch(rest, stop):
        raise FlatFault(f"{rest[stop : stop + 40]!r} does not belong behind a value")
    return steps, _Leaf(value)


def _put(tree: _Tree, steps: tuple[Step, ...], leaf: _Leaf | None) -> None:
    for step in steps[:-1]:
        below = tree.setdefault(step, {})
        if isinstance(below, _Leaf):
            raise FlatFault("a value and parts of it stand at one path")
        tree = below
    if steps[-1] in tree:
        raise FlatFault("the path stands twice")
    tree[steps[-1]] = {} if leaf is None else leaf


def _built(tree: _Tree | _Leaf, node: Node) -> Json:
    if isinstance(tree, _Leaf):
        return tree.value
    if not is_map(node):
        return [_item(step, part, node) for step, part in tree.items()]
    found: dict[str, Json] = {}
    for step, part in tree.items():
        name = _name(step)
        found[name] = _built(part, child(node, name) or OPEN)
    return found


def _name(step: Step) -> str:
    if isinstance(step, Name):
        return step.text
    if isinstance(step, Keyed) and len(step.values) == 1 and step.values[0] is not None:
        return step.values[0]
    raise FlatFault(f"{step} names no entry of a map")


def _item(step: Step, part: Any, node: Node) -> Json:
    fields, below = keys_of(node), element(node) or OPEN
    if not isinstance(step, Keyed) or isinstance(part, _Leaf):
        raise FlatFault(f"{step} names no element of a list")
    if not fields:
        return step.values[0]
    given = zip(fields, step.values, strict=True)
    item: dict[str, Json] = {
        field: typed(text, child(below, field) or OPEN) for field, text in given if text is not None
    }
    for inner, leaf in part.items():
        name = _name(inner)
        item[name] = _built(leaf, child(below, name) or OPEN)
    return item
