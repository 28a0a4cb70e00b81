"""The numbering plan as code: named lines, evaluated for each store in order, later ones using earlier ones."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from storefleet.documents import nodes
from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node, Scalar, Source
from storefleet.model.base import Json
from storefleet.templating.engine import compile_text, is_template, template_names
from storefleet.templating.filters import TemplateFault

PLAN_ROOTS = frozenset({"store", "intended"})
SUBNETS = ("subnet", "subnets")
"""The lines of the plan that say where a store's devices stand; the fleet lint compares them between stores."""


class PlanFault(Exception):
    """One line could not be evaluated for one store; ``source`` is the place in the user's file."""

    def __init__(self, source: Source, message: str) -> None:
        self.source = source
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One name of ``intended`` with its value, whose leaves may be templates; the node knows the lines."""

    name: str
    value: Json
    node: Node
    fixed: bool
    sound: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """The lines in the order of evaluation."""

    lines: tuple[PlanLine, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether every template of it can be compiled; one that cannot was complained about already."""
        return all(line.sound for line in self.lines)

    def with_lines(self, changes: Sequence[PlanLine]) -> Plan:
        """Return the plan with lines replaced where they stand and new ones at the end."""
        by_name = {line.name: line for line in self.lines} | {line.name: line for line in changes}
        return Plan(tuple(by_name.values()))

    def evaluate(self, store: Mapping[str, Json]) -> dict[str, Json]:
        """Return what is intended for one store; raises :class:`PlanFault` at the first line that fails."""
        intended: dict[str, Json] = {}
        roots: dict[str, object] = {"store": store, "intended": intended}
        for line in self.lines:
            if line.fixed:
                intended[line.name] = line.value
                continue
            try:
                _grow(intended, line.name, line.value, roots)
            except TemplateFault as fault:
                raise PlanFault(leaf_source(line.node, str(fault)), f"intended.{line.name}: {fault}") from None
            if line.name in SUBNETS:
                check_networks(intended[line.name], line)
        return intended

    def check_fixed(self) -> Iterable[PlanFault]:
        """Yield what is wrong with lines that are the same for every store."""
        for line in self.lines:
            if line.fixed and line.name in SUBNETS:
                try:
                    check_networks(line.value, line)
                except PlanFault as fault:
                    yield fault


def _grow(parent: dict[str, Json], key: str, value: Json, roots: Mapping[str, object]) -> None:
    """Put a rendered value under a key; a mapping is filled in place, so that its lines see earlier ones."""
    if isinstance(value, dict):
        child: dict[str, Json] = {}
        parent[key] = child
        for name, part in value.items():
            _grow(child, name, part, roots)
    else:
        parent[key] = render(value, roots)


def render(value: Json, roots: Mapping[str, object]) -> Json:
    """Render the leaves of a value; keys are never templates here."""
    if isinstance(value, str):
        return compile_text(value).render(roots) if is_template(value) else value
    if isinstance(value, dict):
        return {key: render(part, roots) for key, part in value.items()}
    if isinstance(value, list):
        return [render(part, roots) for part in value]
    return value


def read_plan(node: Node, what: str, notes: Decoder) -> list[PlanLine]:
    """Read the lines of one ``intended:`` mapping, complaining about names and templates that cannot stand."""
    if not isinstance(node, nodes.Mapping):
        notes.complain(node.source, f"{what}: a mapping of names is due here")
        return []
    lines: list[PlanLine] = []
    for key, part in node.entries:
        if not key.text.isidentifier():
            notes.complain(
                key.source, f"{what}: {key.text!r} cannot be used as intended.<name>; use letters, digits and _"
            )
            continue
        before = len(notes.complaints)
        value = notes.plain(part)
        if len(notes.complaints) > before:
            continue
        sound = check_templates(value, part, f"{what}.{key.text}", PLAN_ROOTS, notes)
        lines.append(PlanLine(key.text, value, part, fixed=not holds_template(value), sound=sound))
    return lines


def check_templates(value: Json, node: Node, what: str, roots: frozenset[str], notes: Decoder) -> bool:
    """Compile every template of a value once, before any store is looked at; tells whether all can stand."""
    try:
        names = template_names(value)
    except TemplateFault as fault:
        notes.complain(leaf_source(node, str(fault)), f"{what}: {fault}")
        return False
    unknown = sorted(names - roots)
    if unknown:
        notes.complain(node.source, f"{what}: {unknown[0]!r} is not known here; use {', '.join(sorted(roots))}")
    return not unknown


def holds_template(value: Json) -> bool:
    """Tell whether any leaf of the value is a template."""
    if isinstance(value, str):
        return is_template(value)
    if isinstance(value, dict):
        return any(map(holds_template, value.values()))
    return isinstance(value, list) and any(map(holds_template, value))


def leaf_source(node: Node, message: str) -> Source:
    """Return the line of the template that a fault's message begins with, or that of the whole value."""
    if isinstance(node, Scalar):
        return node.source
    parts = node.items if isinstance(node, nodes.Sequence) else tuple(value for _, value in node.entries)
    for part in parts:
        if isinstance(part, Scalar):
            if is_template(part.text) and message.startswith(part.text):
                return part.source
        else:
            found = leaf_source(part, message)
            if found != part.source:
                return found
    return node.source


def check_networks(value: Json, line: PlanLine) -> None:
    """Refuse what is no network: ``subnet`` is one CIDR, ``subnets`` a list or a mapping of them."""
    parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]
    for part in parts:
        try:
            ipaddress.ip_network(part if isinstance(part, str) else "")
        except ValueError as fault:
            hint = _network_hint(part)
            raise PlanFault(line.node.source, f"intended.{line.name}: not a network: {fault}{hint}") from None


def _network_hint(part: Json) -> str:
    try:
        return f"; write {ipaddress.ip_network(str(part), strict=False)}"
    except ValueError:
        return "; write it as 10.101.156.0/24"
