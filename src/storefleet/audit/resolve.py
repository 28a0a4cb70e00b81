"""Following a path through one document: which values stand there, under which stable keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from storefleet.audit.pointer import Condition, Keyed, Name, Pointer, Select, Step, step_text
from storefleet.audit.shape import (
    OPEN,
    Node,
    child,
    element,
    element_step,
    element_values,
    keys_of,
    may_be,
    name_step,
)
from storefleet.audit.text import scalar_text
from storefleet.model.base import Json


@dataclass(frozen=True, slots=True)
class Target:
    """One place that a control looks at. ``key`` is stable over time; ``node`` is its place in the state schema."""

    key: str
    value: Json
    present: bool
    node: Node


def resolve(pointer: Pointer, facts: Json, node: Node, *, as_list: bool) -> list[Target]:
    """Return every place that the path names; a branch that ends early gives one absent target.

    ``as_list`` says that a filter at the end means the filtered list itself (for ``subsetOf``, ``minItems`` …), not
    each of its elements.
    """
    return list(_walk(pointer.steps, facts, node, "", as_list=as_list))


def _walk(steps: Sequence[Step], value: Json, node: Node, key: str, *, as_list: bool) -> Iterator[Target]:
    if not steps:
        yield Target(key, value, present=True, node=node)
        return
    step, rest = steps[0], steps[1:]
    if isinstance(step, Select) and not step.star and not rest and as_list and isinstance(value, list):
        yield Target(key, [item for item in value if _meets(item, step.conditions)], present=True, node=node)
        return
    found = list(_below(step, value, node))
    for suffix, below, place in found:
        yield from _walk(rest, below, place, key + suffix, as_list=as_list)
    if not found:
        yield _absent(steps, node, key)


def _below(step: Step, value: Json, node: Node) -> Iterator[tuple[str, Json, Node]]:
    if isinstance(value, dict):
        for name in _names(step, value):
            yield name_step(name), value[name], child(node, name) or OPEN
    elif isinstance(value, list) and not isinstance(step, Name):
        for item in value:
            if _picked(step, node, item):
                yield element_step(node, item), item, element(node) or OPEN


def _names(step: Step, value: dict[str, Json]) -> list[str]:
    if isinstance(step, Select):
        return [name for name, part in value.items() if _meets(part, step.conditions)] if step.star else []
    name = step.text if isinstance(step, Name) else step.values[0] if len(step.values) == 1 else None
    return [name] if name is not None and name in value else []


def _picked(step: Keyed | Select, node: Node, item: Json) -> bool:
    if isinstance(step, Keyed):
        return element_values(node, item) == step.values
    return _meets(item, step.conditions)


def _meets(item: Json, conditions: tuple[Condition, ...]) -> bool:
    if not isinstance(item, dict):
        return not conditions
    return all(part.field in item and scalar_text(item[part.field]) in part.values for part in conditions)


def _absent(steps: Sequence[Step], node: Node, key: str) -> Target:
    """Name the absent place by the steps as written, in the form that it would have were it there."""
    place: Node | None = node
    for step in steps:
        here, place = place, None
        if isinstance(step, Keyed) and here is not None and is_map(here):
            step = Name(step.values[0] or "")  # noqa: PLW2901 - the same entry, in its stable form
        if here is not None:
            place = child(here, step.text) if isinstance(step, Name) else below_any(here)
        key += step_text(step)
    return Target(key, None, present=False, node=place or OPEN)


def is_map(place: Node) -> bool:
    """Tell whether entries of this place are known by their own names."""
    return may_be(place, "object") and not keys_of(place) and not place.get("x-set")


def below_any(place: Node) -> Node | None:
    """Return the shape that every element of a list, or every entry of a map, has."""
    rest = place.get("additionalProperties")
    return rest if isinstance(rest, dict) else element(place)
