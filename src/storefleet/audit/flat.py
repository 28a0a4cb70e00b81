"""A document as flat text: one fact per line, sorted, every element by its key, so that ``diff`` and ``patch`` work.

::

    /network/dns/servers = ["10.1.1.1"]
    /ports/listening[tcp,0.0.0.0,22]/process = "sshd"
    /security/authorized_keys[SHA256:zzz]

A list whose elements cannot be told apart by their key (two alike, a field of another type) stands as one JSON value,
so that nothing is ever lost: ``unflatten(flatten(d))`` is ``d``, but for the order of keyed lists and sets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from storefleet.audit.resolve import is_map
from storefleet.audit.shape import OPEN, Node, child, element, element_step, keys_of, name_step, types_of
from storefleet.audit.text import json_text, same, scalar_text
from storefleet.model.base import Json

VOLATILE = frozenset({"uptime_s", "clock_offset_s", "load", "memory", "counters", "duration_s", "ms", "offset_ms"})
"""Names of facts that change by themselves; a comparison over time leaves them out, a compliance diff does not."""


def flatten(facts: Mapping[str, Json], shape: Node, leave_out: Collection[str] = ()) -> str:
    """Return the flat text; ``leave_out`` names facts, wherever they stand, that a reader would drown in."""
    lines = sorted(_lines("", dict(facts), shape, frozenset(leave_out)))
    return "".join(f"{line}\n" for line in lines)


def _lines(key: str, value: Json, node: Node, leave_out: frozenset[str]) -> Iterator[str]:
    if isinstance(value, dict) and value and is_map(node):
        for name, part in value.items():
            if name not in leave_out:
                yield from _lines(key + name_step(name), part, child(node, name) or OPEN, leave_out)
    elif isinstance(value, list) and value and by_key(value, node):
        for item in value:
            yield from _element_lines(key + element_step(node, item), item, node, leave_out)
    elif key:
        yield f"{key} = {json_text(value)}"


def _element_lines(key: str, item: Json, node: Node, leave_out: frozenset[str]) -> Iterator[str]:
    """The key fields stand in the path; an element that has nothing else is a line of its own."""
    fields = keys_of(node)
    parts = item if isinstance(item, dict) else {}
    rest = {name: part for name, part in parts.items() if name not in fields and name not in leave_out}
    if not rest:
        yield key
        return
    below = element(node) or OPEN
    for name, part in rest.items():
        yield from _lines(key + name_step(name), part, child(below, name) or OPEN, leave_out)


def by_key(items: list[Json], node: Node) -> bool:
    """Tell whether every element can be rebuilt from its path: keyed, each key once, each field of its type."""
    fields = keys_of(node)
    steps = {element_step(node, item) for item in items}
    if len(steps) != len(items):
        return False
    if fields:
        below = element(node) or OPEN
        return all(isinstance(item, dict) and _rebuilds(item, fields, below) for item in items)
    return bool(node.get("x-set")) and all(isinstance(item, str) for item in items)


def _rebuilds(item: dict[str, Json], fields: tuple[str, ...], below: Node) -> bool:
    if not any(field in item for field in fields):
        return False
    given = ((item[field], child(below, field) or OPEN) for field in fields if field in item)
    return all(
        type(value) is type(back := typed(scalar_text(value), node)) and same(value, back) for value, node in given
    )


def typed(text: str, node: Node) -> Json:
    """Return the value that a key's text stands for, by the type of its field; text when nothing else fits."""
    types = types_of(node)
    if "boolean" in types and text in {"true", "false"}:
        return text == "true"
    if "integer" in types or "number" in types:
        try:
            return int(text)
        except ValueError:
            pass
    return text
