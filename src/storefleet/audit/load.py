"""Reading audit files: every complaint of every file at once, each with its line."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from storefleet.audit.decode import LiteralFault, completed, fragment, literal
from storefleet.audit.durations import duration
from storefleet.audit.language import Absent, Audit, Control
from storefleet.audit.places import PlaceFault, place_of
from storefleet.audit.pointer import Pointer, PointerFault, Select, parse
from storefleet.audit.reading import reads_of
from storefleet.audit.references import inlined
from storefleet.audit.shape import OPEN, Node, state_schema
from storefleet.audit.typed import check_audits, holds_template
from storefleet.documents import nodes
from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node as Yaml
from storefleet.documents.nodes import Source
from storefleet.documents.reader import read
from storefleet.errors import Complaint, InputError
from storefleet.model.base import Json
from storefleet.model.findings import Severity

_NONE = cast("Any", None)
_OF_LISTS = frozenset(
    {"subsetOf", "containsAll", "minItems", "maxItems", "items", "contains", "prefixItems", "uniqueItems"}
)


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


class _Audit(msgspec.Struct, frozen=True):
    audit: str
    title: str
    applies_to: str
    source: Source
    lists: Mapping[str, Yaml] = {}
    controls: tuple[Yaml, ...] = ()


def load_audits(paths: Iterable[Path], shown: Callable[[Path], str] = str) -> tuple[Audit, ...]:
    """Read the files; raises :class:`InputError` with the complaints of all of them.

    ``shown`` gives the path as complaints name it. The typed check is a second step
    (:func:`storefleet.audit.typed.check_audits`): what cannot even be read is said here.
    """
    decoder = Decoder()
    audits: list[Audit] = []
    for path in paths:
        try:
            node = read(path, shown(path))
        except InputError as fault:
            decoder.complaints += fault.complaints
            continue
        audit = _audit(node, shown(path), decoder)
        if audit is not None:
            audits.append(audit)
    decoder.complaints += _twice(audits)
    if decoder.complaints:
        # All at once: what could be read is typed too, so that one pass over the files mends them all.
        raise InputError([*decoder.complaints, *check_audits(audits)])
    return tuple(audits)


def load_audit(node: Yaml | None, shown: str) -> Audit:
    """Turn one parsed file into an audit; raises :class:`InputError`."""
    decoder = Decoder()
    audit = _audit(node, shown, decoder)
    decoder.finish()
    assert audit is not None
    return audit


def _audit(node: Yaml | None, shown: str, decoder: Decoder) -> Audit | None:
    """Return what could be read of a file, with its sound controls; the rest is in the decoder's complaints."""
    if node is None:
        decoder.complaints.append(Complaint(shown, 0, "the audit is empty"))
        return None
    raw = decoder.decode(node, _Audit, "the audit")
    controls = [_control(part, decoder) for part in (_controls(node) if raw is None else raw.controls)]
    if raw is None:
        return None
    if not raw.controls:
        decoder.complain(raw.source, "the audit has no controls: give at least one")
    lists = {name: _list(name, part, decoder) for name, part in raw.lists.items()}
    return Audit(
        id=raw.audit,
        title=raw.title,
        applies_to=raw.applies_to,
        controls=tuple(control for control in controls if control is not None),
        source=raw.source,
        lists={name: tuple(map(_without_why, entries)) for name, entries in lists.items()},
        reasons=lists,
        templated_lists=tuple(name for name, part in raw.lists.items() if holds_template(part)),
        list_lines={name: part.source.line for name, part in raw.lists.items()},
    )


def _controls(node: Yaml) -> tuple[Yaml, ...]:
    """Return the controls of a file whose head is broken, so that their complaints come along."""
    entries = node.entries if isinstance(node, nodes.Mapping) else ()
    return next((v.items for key, v in entries if key.text == "controls" and isinstance(v, nodes.Sequence)), ())


def _list(name: str, node: Yaml, decoder: Decoder) -> tuple[Json, ...]:
    if not isinstance(node, nodes.Sequence):
        decoder.complain(node.source, f"lists: {name}: a list is due here")
        return ()
    found: list[Json] = []
    for item in node.items:
        try:
            found.append(literal(item, OPEN))
        except LiteralFault as fault:
            decoder.complain(fault.source, f"lists: {name}: {fault}")
    return tuple(found)


def _without_why(entry: Json) -> Json:
    """Return an entry as it is compared: ``{value: X, why: …}`` is X, an object loses its ``why``."""
    if not isinstance(entry, dict):
        return entry
    kept = {name: part for name, part in entry.items() if name != "why"}
    return kept["value"] if kept.keys() == {"value"} else kept


def _control(node: Yaml, decoder: Decoder) -> Control | None:
    raw = decoder.decode(node, _Control, "a control")
    if raw is None or not isinstance(node, nodes.Mapping):
        return None
    lines = {key.text: key.source.line for key, _ in node.entries}
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
    schema, until_then = (None if part is None else _fragment(part, shape, decoder) for part in (own, older))
    if len(decoder.complaints) > before:
        return None
    return Control(
        id=raw.id,
        title=raw.title,
        severity=raw.severity,
        at=raw.at,
        pointer=pointer,
        schema=schema,
        source=raw.source,
        cause=raw.cause,
        for_each=for_each,
        absent=raw.absent,
        when=raw.when,
        max_age=raw.max_age,
        effective=raw.effective,
        until_then=until_then,
        trial=raw.trial,
        refs={name: (part,) if isinstance(part, str) else tuple(part) for name, part in raw.refs.items()},
        fix=raw.fix,
        applies_to=raw.applies_to,
        as_list=as_list,
        lines=lines,
        read=reads_of(schema, pointer.texts()),
        read_before=reads_of(until_then, pointer.texts()),
        schema_node=own,
        until_then_node=older,
    )


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
        return completed(fragment(node, shape), shape)
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


def _twice(audits: Iterable[Audit]) -> list[Complaint]:
    """Ids of audits and controls are unique over all files, regardless of case: findings are stored under them."""
    seen: dict[str, Source] = {}
    found: list[Complaint] = []
    for audit in audits:
        named = [("audit", audit.id, audit.source)]
        named += [("control", control.id, control.line("id")) for control in audit.controls]
        for kind, name, source in named:
            first = seen.setdefault(f"{kind} {name.lower()}", source)
            if first is not source:
                where = f"{first.path}:{first.line}"
                found.append(Complaint(source.path, source.line, f"{kind} {name!r} stands already in {where}"))
    return found
