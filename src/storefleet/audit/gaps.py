"""What a host could not show: which gaps of a document touch a control, and which findings stand in spite of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from storefleet.audit.pointer import Keyed, Name, Pointer, PointerFault, Select, Step, parse
from storefleet.audit.resolve import below_any
from storefleet.audit.shape import OPEN, Node, child, keys_of
from storefleet.model.findings import Finding
from storefleet.model.state import Missing, StateDocument

Steps = tuple[Step, ...]
Gap = tuple[Steps, Missing]
_FACTS = re.compile(r"\bfacts((?:\.[A-Za-z_][A-Za-z0-9_]*|\[(?:'[^']*'|\"[^\"]*\")\])+)")
_PART = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[['\"]([^'\"]*)['\"]\]")


def gaps_of(document: StateDocument) -> list[Gap]:
    """Return the unreadable parts as steps."""
    return [(steps_of(gap.path), gap) for gap in document.missing]


def steps_of(path: str) -> Steps:
    """Return the steps of a path; one that only plain JSON Pointer explains is split at its slashes."""
    try:
        return parse(path).steps
    except PointerFault:
        return tuple(Name(part) for part in path.split("/") if part)


def facts_read(text: str) -> list[Steps]:
    """Return the parts of ``facts`` that a template or a ``when`` looks at: those too may be missing."""
    return [
        tuple(Name(dotted or quoted) for dotted, quoted in _PART.findall(match[1])) for match in _FACTS.finditer(text)
    ]


def read_paths(pointer: Pointer, below: Iterable[Steps]) -> list[Steps]:
    """Return every path that a control reads: its place with what it looks at below, and the fields of its filters."""
    paths = [(*pointer.steps, *rest) for rest in below]
    for index, step in enumerate(pointer.steps):
        if isinstance(step, Select):
            paths += [(*pointer.steps[: index + 1], Name(part.field)) for part in step.conditions]
    return paths


def touching(gaps: Sequence[Gap], paths: Sequence[Steps], shape: Node) -> list[Gap]:
    """Return the gaps at, above or below anything that is read."""
    return [gap for gap in gaps if any(_meet(path, gap[0], shape) for path in paths)]


def _meet(read: Steps, gap: Steps, shape: Node) -> bool:
    node: Node = shape
    for ours, theirs in zip(read, gap, strict=False):
        if not _may_meet(ours, theirs, node):
            return False
        node = _below(node, theirs)
    return True


def _below(node: Node, step: Step) -> Node:
    place = child(node, step.text) if isinstance(step, Name) else below_any(node)
    return place if place is not None else below_any(node) or OPEN


def _may_meet(ours: Step, theirs: Step, node: Node) -> bool:
    """Tell whether two steps may name the same element; in doubt they do, since doubt must not become a pass."""
    if isinstance(ours, Select):
        if not isinstance(theirs, Keyed):
            return True
        keys = keys_of(node)
        given: Mapping[str, str | None] = dict(zip(keys, theirs.values, strict=False))
        return all(given.get(part.field, part.values[0]) in part.values for part in ours.conditions)
    if isinstance(theirs, Select):
        return True
    if isinstance(theirs, Name) and keys_of(node):
        return True
    return _values(ours) == _values(theirs)


def _values(step: Name | Keyed) -> tuple[str | None, ...]:
    return (step.text,) if isinstance(step, Name) else step.values


def stands(finding: Finding, gaps: Sequence[Gap], shape: Node) -> bool:
    """Tell whether a finding is certain although parts are missing: its element was seen, whole."""
    steps = steps_of(finding.key)
    for gap, _ in gaps:
        if not _meet(steps, gap, shape):
            continue
        if len(gap) >= len(steps) or not finding.present:
            return False
    return True
