"""Where a control's path leads in the state schema, known before any device is asked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from storefleet.audit.pointer import Keyed, Name, Pointer, Select, Step, step_text
from storefleet.audit.resolve import below_any, is_map
from storefleet.audit.shape import OPEN, Node, child, element, keys_of, may_be
from storefleet.templating.engine import is_template

_KEPT = 6
"""Names that a hint lists when nothing is close."""


class PlaceFault(ValueError):
    """The state document has no such place; the message says what would be right."""


def place_of(pointer: Pointer, shape: Node, *, as_list: bool) -> Node:
    """Return the shape of what the path names; raises :class:`PlaceFault`."""
    node, walked = shape, ""
    for index, step in enumerate(pointer.steps):
        last = index == len(pointer.steps) - 1
        node = _next(node, step, walked or "the document", keep_list=last and as_list)
        walked += step_text(step)
    return node


def _next(node: Node, step: Step, walked: str, *, keep_list: bool) -> Node:
    if isinstance(step, Name):
        return named(node, step.text, walked)
    if isinstance(step, Keyed):
        return _keyed(node, step, walked)
    return _selected(node, step, walked, keep_list=keep_list)


def named(node: Node, name: str, walked: str) -> Node:
    """Return the place of a property or map key."""
    if element(node) is not None and not may_be(node, "object"):
        raise PlaceFault(f"{walked} is a list: name an element as [{','.join(keys_of(node)) or 'value'}], or all by /*")
    if not may_be(node, "object"):
        raise PlaceFault(f"{walked} is a value without parts, so {name!r} cannot stand below it")
    place = OPEN if is_template(name) and not node.get("properties") else child(node, name)
    if is_template(name) and place is OPEN:
        place = below_any(node) or OPEN
    if place is None:
        raise PlaceFault(f"{walked} has no {name!r}; {suggestion(name, node.get('properties', {}))}")
    return place


def _keyed(node: Node, step: Keyed, walked: str) -> Node:
    if is_map(node) and element(node) is None:
        if len(step.values) != 1 or step.values[0] is None:
            raise PlaceFault(f'{walked} is a map: one name stands in the brackets; quote a comma as ["a,b"]')
        return named(node, step.values[0], walked)
    keys = keys_of(node) or ("value",)
    if len(step.values) != len(keys):
        raise PlaceFault(f"{walked}: an element is named by [{','.join(keys)}], not by {step_text(step)}")
    return _element(node, walked)


def _selected(node: Node, step: Select, walked: str, *, keep_list: bool) -> Node:
    if not step.star and is_map(node) and element(node) is None:
        raise PlaceFault(f"{walked} is a map: filter its entries as {walked}/*{step_text(step)}")
    below = _element(node, walked) if element(node) is not None else below_any(node)
    if below is None:
        raise PlaceFault(f"{walked} has fixed parts, so /* has no meaning; {known(node.get('properties', {}))}")
    for condition in step.conditions:
        place = named(below, condition.field, f"an element of {walked}")
        _possible(place, condition.field, condition.values)
    return node if keep_list and not step.star else below


def _element(node: Node, walked: str) -> Node:
    below = element(node)
    if below is None:
        raise PlaceFault(f"{walked} is no list, so brackets have no meaning there")
    return below


def _possible(place: Node, field: str, values: tuple[str, ...]) -> None:
    """Refuse a filter that nothing can meet."""
    allowed = [str(value) for value in place.get("enum", ())]
    if place.get("type") == "boolean":
        allowed = ["true", "false"]
    for value in values:
        if is_template(value):
            continue
        if allowed and value not in allowed:
            raise PlaceFault(f"the filter {field}={value} matches nothing: {field} is one of {', '.join(allowed)}")
        if place.get("type") == "integer" and not value.lstrip("-").isdecimal():
            raise PlaceFault(f"the filter {field}={value} matches nothing: {field} is a whole number")


def suggestion(name: str, names: Iterable[str]) -> str:
    """Return a hint for a misspelt name."""
    close = difflib.get_close_matches(name, list(names), 1)
    return f"did you mean {close[0]!r}?" if close else known(names)


def known(names: Iterable[str]) -> str:
    """Return the names that may stand somewhere, the first few of many."""
    listed = sorted(names)
    more = f" and {len(listed) - _KEPT} more" if len(listed) > _KEPT + 2 else ""
    return f"known here: {', '.join(listed if not more else listed[:_KEPT])}{more}" if listed else "nothing can"
