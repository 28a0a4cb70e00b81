"""Rendering a control for one host without a device: undefined names, and values that cannot occur at their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from storefleet.audit.fragment_check import FragmentCheck
from storefleet.audit.language import Audit, Control
from storefleet.audit.places import PlaceFault, place_of
from storefleet.audit.shape import OPEN, Node, state_schema
from storefleet.audit.text import json_text
from storefleet.audit.verdict import placed, rounds
from storefleet.documents import nodes
from storefleet.documents.nodes import Node as Yaml
from storefleet.documents.nodes import Scalar, Source
from storefleet.errors import Complaint
from storefleet.model.base import Json
from storefleet.templating.engine import (
    Template,
    compile_expression,
    compile_text,
    is_template,
    render_value,
    template_names,
)
from storefleet.templating.filters import TemplateFault


class RenderCheck:
    """Checks one control for one host after the other; a fragment that renders as it did before is not read again."""

    def __init__(self, audit: Audit, control: Control) -> None:
        self.audit = audit
        self.control = control
        self._leaves = _leaves(control)
        self._known: dict[tuple[str, ...], tuple[Complaint, ...]] = {}

    def complaints(self, roots: Mapping[str, Any]) -> list[Complaint]:
        """Return what is wrong once the control is rendered for the host that ``roots`` describes.

        ``roots`` come from :func:`storefleet.audit.evaluate.roots` with ``facts=None``: a template that reads facts
        cannot be rendered without a device and is left to the audit.
        """
        control = self.control
        found: list[Complaint] = []
        if any("facts" in template_names(value) for value in control.for_each.values()):
            return found
        complain = _into(found, control)
        try:
            each = list(rounds(control, roots))
        except TemplateFault as fault:
            complain(control.line("for_each"), str(fault))
            return found
        _when(control, roots, complain)
        for known in each:
            found += self._one(known)
        return sorted(set(found)) if found else found

    def _one(self, roots: Mapping[str, Any]) -> tuple[Complaint, ...]:
        key = self._rendered(roots)
        if key is None:
            return _look(self.control, roots)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST:  # stores follow one another, so an old one is not asked for again
                self._known.clear()
            known = self._known[key] = _look(self.control, roots)
        return known

    def _rendered(self, roots: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Return all that the templates come to; ``repr`` tells ``true`` from ``1`` and from their texts."""
        if self._leaves is None:
            return None
        try:
            return tuple(repr(template.render(roots)) for template in self._leaves)
        except TemplateFault:
            return None


_MOST = 256

_Complain = Callable[[Source, str], None]


def _into(found: list[Complaint], control: Control) -> _Complain:
    return lambda source, message: found.append(Complaint(source.path, source.line, f"{control.id}: {message}"))


def _leaves(control: Control) -> tuple[Template, ...] | None:
    """Return the templates that need no facts; ``None`` where one cannot even be read, which the check then says."""
    texts = [*control.pointer.texts()]
    for node in (control.schema_node, control.until_then_node):
        texts += _texts(node) if node is not None else ()
    try:
        templates = [compile_text(text) for text in dict.fromkeys(texts) if is_template(text)]
    except TemplateFault:
        return None
    return tuple(template for template in templates if "facts" not in template.names)


def _texts(node: Yaml) -> Iterator[str]:
    if isinstance(node, nodes.Sequence):
        for item in node.items:
            yield from _texts(item)
    elif isinstance(node, nodes.Mapping):
        for _, value in node.entries:
            yield from _texts(value)
    else:
        yield node.text


def _when(control: Control, roots: Mapping[str, Any], complain: _Complain) -> None:
    if control.when is None:
        return
    expression = compile_expression(control.when)
    if expression.names & {"facts", *control.for_each}:
        return
    try:
        expression.render(roots)
    except TemplateFault as fault:
        complain(control.line("when"), f"when: {fault!s}")


def _look(control: Control, roots: Mapping[str, Any]) -> tuple[Complaint, ...]:
    """Render the control for one round and hold the fragment against the shape of its place."""
    found: list[Complaint] = []
    complain = _into(found, control)
    shape: Node = OPEN
    try:
        if not any("facts" in template_names(text) for text in control.pointer.texts() if is_template(text)):
            shape = place_of(placed(control.pointer, roots), state_schema(), as_list=control.as_list)
    except TemplateFault as fault:
        complain(control.line("at"), str(fault))
    except PlaceFault:
        return ()  # the typed check has said so
    for node in (control.schema_node, control.until_then_node):
        if node is not None:
            _fragment(node, roots, shape, control.at, complain)
    return tuple(found)


def _fragment(node: Yaml, roots: Mapping[str, Any], shape: Node, place: str, complain: Any) -> None:
    faults: list[bool] = []

    def fault(source: Source, message: str) -> None:
        faults.append(True)
        complain(source, message)

    made = _rendered(node, roots, fault)
    if not faults:
        FragmentCheck(lambda at, message: complain(at.source, message), place).check(made, shape)


def _rendered(node: Yaml, roots: Mapping[str, Any], complain: Any) -> Yaml:
    """Return the fragment with every template replaced by what it renders to, at the template's own line."""
    if isinstance(node, nodes.Sequence):
        return nodes.Sequence(tuple(_rendered(item, roots, complain) for item in node.items), node.source)
    if isinstance(node, nodes.Mapping):
        entries = tuple((key, _rendered(value, roots, complain)) for key, value in node.entries)
        return nodes.Mapping(entries, node.source)
    if not is_template(node.text):
        return node
    try:
        if "facts" in template_names(node.text):
            return node
        return _node(render_value(node.text, roots), node.source)
    except TemplateFault as fault:
        complain(node.source, str(fault))
        return node


def _node(value: Json, source: Source) -> Yaml:
    if isinstance(value, list):
        return nodes.Sequence(tuple(_node(item, source) for item in value), source)
    if isinstance(value, dict):
        entries = ((Scalar(key, plain=False, source=source), _node(part, source)) for key, part in value.items())
        return nodes.Mapping(tuple(entries), source)
    if isinstance(value, str):
        return Scalar(value, plain=False, source=source)
    return Scalar(json_text(value), plain=True, source=source)
