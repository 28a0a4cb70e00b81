"""The typed check of whole audits against the shape of the state document, offline, every complaint with its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from storefleet.audit.fragment_check import FragmentCheck
from storefleet.audit.fragments import keywords_in
from storefleet.audit.language import Audit, Control
from storefleet.audit.places import PlaceFault, named, place_of, suggestion
from storefleet.audit.reading import facts_read
from storefleet.audit.shape import OPEN, Node, state_schema
from storefleet.documents import nodes
from storefleet.documents.nodes import Node as Yaml
from storefleet.documents.nodes import Scalar, Source
from storefleet.errors import Complaint
from storefleet.model.base import Json
from storefleet.templating.engine import compile_expression, is_template, template_names
from storefleet.templating.filters import TemplateFault

ROOTS = ("store", "host", "intended", "lists", "facts")
"""The names that a template of an audit may begin with, beside those of its ``for_each``."""

_LIST = re.compile(r"\blists(?:\.([A-Za-z_][A-Za-z0-9_]*)|\[['\"]([^'\"]+)['\"]\])")


class _Complaints:
    """Complaints of one control, named by its id, and what its templates may speak of."""

    def __init__(self, control: str, audit: Audit, shape: Node) -> None:
        self.control = control
        self.audit = audit
        self.shape = shape
        self.found: list[Complaint] = []

    def at(self, source: Source, message: str) -> None:
        self.found.append(Complaint(source.path, source.line, f"{self.control}: {message}"))

    def node(self, node: Yaml, message: str) -> None:
        self.at(node.source, message)


def check_audits(audits: Iterable[Audit], shape: Node | None = None) -> list[Complaint]:
    """Return what is wrong with the audits; empty when every control can both pass and fail."""
    state = state_schema() if shape is None else shape
    found = [complaint for audit in audits for complaint in _audit(audit, state)]
    return sorted(set(found))


def _audit(audit: Audit, shape: Node) -> Iterator[Complaint]:
    for name, entries in audit.reasons.items():
        where = Source(audit.source.path, audit.list_lines.get(name, audit.source.line))
        complaints = _Complaints(f"lists: {name}", audit, shape)
        _names(complaints, where, entries, {"store", "host", "intended"})
        yield from complaints.found
    for control in audit.controls:
        yield from check_control(audit, control, shape)


def check_control(audit: Audit, control: Control, shape: Node) -> list[Complaint]:
    """Return what is wrong with one control."""
    complaints = _Complaints(control.id, audit, shape)
    _texts(complaints, control)
    place = _place(complaints, control, shape)
    if place is not None:
        for node in (control.schema_node, control.until_then_node):
            if node is not None:
                FragmentCheck(complaints.node, control.at).check(node, place)
    fleetwide = "uniqueInFleet" in keywords_in(control.schema) | keywords_in(control.until_then)
    if fleetwide and (control.for_each or any(map(is_template, control.pointer.texts()))):
        complaints.at(control.line("at"), "uniqueInFleet needs one path for the whole fleet, without templates")
    return complaints.found


def _place(complaints: _Complaints, control: Control, shape: Node) -> Node | None:
    try:
        return place_of(control.pointer, shape, as_list=control.as_list)
    except PlaceFault as fault:
        complaints.at(control.line("at"), f"at {control.at}: {fault}")
        return None


def _texts(complaints: _Complaints, control: Control) -> None:
    """Check every template of a control: its syntax, its roots, its lists, and the facts that it reads."""
    known = set(ROOTS)
    for name, value in control.for_each.items():
        _names(complaints, control.line("for_each"), value, known)
        if name in ROOTS:
            complaints.at(control.line("for_each"), f"for_each: {name!r} is taken already; choose another name")
        known.add(name)
    for text in control.pointer.texts():
        _names(complaints, control.line("at"), text, known)
    if control.when is not None:
        _when(complaints, control, known)
    for node in (control.schema_node, control.until_then_node):
        for leaf in _leaves(node):
            _names(complaints, leaf.source, leaf.text, known)


def _when(complaints: _Complaints, control: Control, known: set[str]) -> None:
    where, text = control.line("when"), control.when or ""
    if is_template(text):
        complaints.at(where, "when is a bare expression: write it without {{ }}")
        return
    try:
        names = compile_expression(text).names
    except TemplateFault as fault:
        complaints.at(where, f"when: {fault}")
        return
    _roots(complaints, where, names, known)
    _inside(complaints, where, text)


def _names(complaints: _Complaints, where: Source, value: Any, known: set[str]) -> None:
    for text in _strings(value):
        if not is_template(text):
            continue
        try:
            _roots(complaints, where, template_names(text), known)
        except TemplateFault as fault:
            complaints.at(where, str(fault))
        _inside(complaints, where, text)


def _roots(complaints: _Complaints, where: Source, names: Iterable[str], known: set[str]) -> None:
    for name in sorted(set(names) - known):
        complaints.at(where, f"the name {name!r} is not defined here; {suggestion(name, known)}")


def _inside(complaints: _Complaints, where: Source, text: str) -> None:
    for dotted, quoted in _LIST.findall(text):
        name = dotted or quoted
        if name not in complaints.audit.lists:
            complaints.at(where, f"the audit has no list {name!r}; {suggestion(name, complaints.audit.lists)}")
    for steps in facts_read(text):
        node, walked = complaints.shape, ""
        try:
            for step in steps:
                if node is OPEN or not hasattr(step, "text"):
                    break
                node = named(node, step.text, walked or "the document")
                walked += f"/{step.text}"
        except PlaceFault as fault:
            complaints.at(where, f"facts: {fault}")


def _strings(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from (*_strings(key), *_strings(part))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)


def holds_template(node: Yaml) -> bool:
    """Tell whether any leaf of a node is a template."""
    return any(is_template(leaf.text) for leaf in _leaves(node))


def _leaves(node: Yaml | None) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, nodes.Sequence):
        for item in node.items:
            yield from _leaves(item)
    elif isinstance(node, nodes.Mapping):
        for key, value in node.entries:
            yield key
            yield from _leaves(value)
