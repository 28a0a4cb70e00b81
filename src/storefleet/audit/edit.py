"""Changing one fact of a document by its stable key: the required side of a compliance diff is made this way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from storefleet.audit.flat import typed
from storefleet.audit.pointer import Keyed, Name, Step
from storefleet.audit.resolve import is_map
from storefleet.audit.shape import OPEN, Node, child, element, element_values, keys_of
from storefleet.model.base import Json


class EditFault(ValueError):
    """The fact cannot be changed as asked: its path leads through a value without parts."""


def put(facts: dict[str, Json], steps: Sequence[Step], value: Json, shape: Node) -> None:
    """Set the fact, making what is missing on the way; raises :class:`EditFault`."""
    holder, node = _reach(facts, steps[:-1], shape)
    last = steps[-1]
    if isinstance(holder, dict):
        holder[_name(last)] = value
    elif isinstance(holder, list) and isinstance(last, Keyed):
        index = _index(holder, last, node)
        if index is None:
            holder.append(value)
        else:
            holder[index] = value
    else:
        raise EditFault("the path leads through a value without parts")


def remove(facts: dict[str, Json], steps: Sequence[Step], shape: Node) -> None:
    """Take the fact away; one that is not there is away already. Raises :class:`EditFault`."""
    holder, node = _reach(facts, steps[:-1], shape)
    last = steps[-1]
    if isinstance(holder, dict):
        holder.pop(_name(last), None)
    elif isinstance(holder, list) and isinstance(last, Keyed):
        holder[:] = [item for item in holder if element_values(node, item) != last.values]
    else:
        raise EditFault("the path leads through a value without parts")


def _reach(facts: dict[str, Json], steps: Sequence[Step], shape: Node) -> tuple[Any, Node]:
    value: Any = facts
    node = shape
    for step in steps:
        below = _node(node, step)
        if isinstance(value, dict):
            value = value.setdefault(_name(step), {} if is_map(below) else [])
        elif isinstance(value, list) and isinstance(step, Keyed):
            value = _element(value, step, node)
        else:
            raise EditFault("the path leads through a value without parts")
        node = below
    return value, node


def _node(node: Node, step: Step) -> Node:
    if is_map(node):
        return child(node, _name(step)) or OPEN
    return element(node) or OPEN


def _element(items: list[Any], step: Keyed, node: Node) -> Any:
    index = _index(items, step, node)
    if index is not None:
        return items[index]
    below = element(node) or OPEN
    given = zip(keys_of(node), step.values, strict=False)
    made = {field: typed(text, child(below, field) or OPEN) for field, text in given if text is not None}
    items.append(made)
    return made


def _index(items: list[Any], step: Keyed, node: Node) -> int | None:
    for index, item in enumerate(items):
        if element_values(node, item) == step.values:
            return index
    return None


def _name(step: Step) -> str:
    if isinstance(step, Name):
        return step.text
    if isinstance(step, Keyed) and len(step.values) == 1 and step.values[0] is not None:
        return step.values[0]
    raise EditFault(f"{step} names no entry of a map")
