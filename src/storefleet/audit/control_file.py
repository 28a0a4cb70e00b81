"""One control of a file, turned into the value that is judged: typed by its place, every part with its line."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from storefleet.audit.decode import LiteralFault, completed, fragment, literal
from storefleet.audit.durations import duration
from storefleet.audit.fragments import nothing_named
from storefleet.audit.language import Absent, Control
from storefleet.audit.places import PlaceFault, place_of
from storefleet.audit.pointer import Pointer, PointerFault, Select, parse
from storefleet.audit.reading import reads_of
from storefleet.audit.references import inlined
from storefleet.audit.shape import OPEN, Node, state_schema
from storefleet.documents import nodes
from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node as Yaml
from storefleet.documents.nodes import Source
from storefleet.model.base import Json
from storefleet.model.findings import Severity

_NONE = cast("Any", None)
_OF_LISTS = frozenset(
    {"subsetOf", "containsAll", "minItems", "maxItems", "items", "contains", "prefixItems", "uniqueItems"}
)
_AS_WRITTEN = (
    "id", "title", "severity", "at", "source", "cause", "absent", "when", "max_age", "effective", "trial", "fix",
    "applies_to",
)  # fmt: skip


class _Control(msgspec.Struct, frozen=True):
    """A control as the file has it; fragments stay nodes until their place is known."""

    id: str
    title: str
    severity: Severity
    at: str
    schema: Yaml
    source: Source
    cause: str | None = None
    for_each: Yaml = _NONE
    absent: Absent = "fail"
    when: str | None = None
    max_age: str | None = None
    effective: datetime.date | None = None
    until_then: Yaml = _NONE
    trial: bool = False
    refs: Mapping[str, str | tuple[str, ...]] = {}
    fix: str | None = None
    applies_to: str | None = None


def key_lines(node: Yaml) -> dict[str, int]:
    """Return the line of each key of a mapping."""
    return {key.text: key.source.line for key, _ in node.entries} if isinstance(node, nodes.Mapping) else {}


def control_of(node: Yaml, decoder: Decoder) -> Control | None:
    """Return the control, or ``None`` when a complaint about it was noted."""
    raw = decoder.decode(node, _Control, "a control")
    if raw is None:
        return None
    lines = key_lines(node)
    before = len(decoder.complaints)
    pointer = _pointer(raw, Source(raw.source.path, lines["at"]), decoder)
    own = inlined(raw.schema, decoder)
    older = inlined(raw.until_then, decoder) if raw.until_then is not None else None
    _dates(raw, lines, decoder)
    for_each = _for_each(raw.for_each, decoder)
    if len(decoder.complaints) > before or pointer is None:
        return None
    as_list = _is_filter(pointer) and _about_lists(own)
    shape = _shape(pointer, as_list=as_list)
    schema = _fragment(own, shape, decoder)
    until_then = None if older is None else _fragment(older, shape, decoder)
    if len(decoder.complaints) > before:
        return None
    plain = {name: getattr(raw, name) for name in _AS_WRITTEN}
    return Control(
        **plain,
        pointer=pointer,
        schema=schema,
        until_then=until_then,
        for_each=for_each,
        refs={name: _references(part) for name, part in raw.refs.items()},
        as_list=as_list,
        lines=lines,
        read=reads_of(schema, pointer.texts()),
        read_before=reads_of(until_then, pointer.texts()),
        schema_node=own,
        until_then_node=older,
    )


def _references(part: str | tuple[str, ...]) -> tuple[str, ...]:
    return (part,) if isinstance(part, str) else part


def _pointer(raw: _Control, source: Source, decoder: Decoder) -> Pointer | None:
    try:
        return parse(raw.at)
    except PointerFault as fault:
        decoder.complain(source, f"{raw.id}: at: {fault}")
        return None


def _dates(raw: _Control, lines: Mapping[str, int], decoder: Decoder) -> None:
    if raw.until_then is not None and raw.effective is None:
        place = Source(raw.source.path, lines["until_then"])
        decoder.complain(place, f"{raw.id}: until_then without `effective: DATE` has no end; give the date")
    if raw.max_age is not None:
        try:
            duration(raw.max_age)
        except ValueError as fault:
            decoder.complain(Source(raw.source.path, lines["max_age"]), f"{raw.id}: max_age: {fault}")


def _for_each(node: Yaml | None, decoder: Decoder) -> dict[str, Json]:
    if node is None:
        return {}
    if not isinstance(node, nodes.Mapping):
        decoder.complain(node.source, "for_each: write {name: list}, as in {endpoint: '{{ intended.endpoints }}'}")
        return {}
    found: dict[str, Json] = {}
    for key, value in node.entries:
        try:
            found[key.text] = literal(value, OPEN)
        except LiteralFault as fault:
            decoder.complain(fault.source, f"for_each: {key.text}: {fault}")
    return found


def _fragment(node: Yaml, shape: Node, decoder: Decoder) -> Json:
    try:
        return nothing_named(completed(fragment(node, shape), shape))
    except LiteralFault as fault:
        decoder.complain(fault.source, str(fault))
        return False


def _shape(pointer: Pointer, *, as_list: bool) -> Node:
    try:
        return place_of(pointer, state_schema(), as_list=as_list)
    except PlaceFault:
        return OPEN  # the typed check says what is wrong with the path


def _is_filter(pointer: Pointer) -> bool:
    last = pointer.steps[-1]
    return isinstance(last, Select) and not last.star


def _about_lists(node: Yaml) -> bool:
    """Tell whether a fragment judges a list, so that a filter at the end of its path means the filtered list."""
    if not isinstance(node, nodes.Mapping):
        return False
    for key, value in node.entries:
        if key.text in _OF_LISTS or (key.text == "const" and isinstance(value, nodes.Sequence)):
            return True
        if key.text == "type" and isinstance(value, nodes.Scalar) and value.text == "array":
            return True
        if key.text in {"allOf", "anyOf", "oneOf"} and isinstance(value, nodes.Sequence):
            return any(map(_about_lists, value.items))
        if key.text in {"not", "if"}:
            return _about_lists(value)
    return False
