"""What a host could not show: which gaps of a document touch a control, and which findings stand in spite of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from storefleet.audit.pointer import Keyed, Name, Pointer, Select, Step
from storefleet.audit.reading import Reads, Steps, steps_of
from storefleet.audit.resolve import below_any
from storefleet.audit.shape import OPEN, Node, child, keys_of
from storefleet.collect.facts import steps
from storefleet.model.findings import Finding
from storefleet.model.state import Missing, StateDocument

Gap = tuple[Steps, Missing]


def gaps_of(document: StateDocument) -> list[Gap]:
    """Return the unreadable parts as steps, in both readings of a path with a bracket.

    A bracket may be a key, as controls write it, or part of a name that the device chose, an interface `x[y]` or a file
    `pos[1].ini`: a gap that is not found for its name's sake would become a pass.
    """
    found: list[Gap] = []
    for gap in document.missing:
        plain: Steps = tuple(map(Name, steps(gap.path)))
        found.append((steps_of(gap.path), gap))
        if found[-1][0] != plain:
            found.append((plain, gap))
    return found


def read_paths(pointer: Pointer, read: Reads) -> list[Steps]:
    """Return every path that a control reads at one place, the fields of its filters included."""
    paths = [*((*pointer.steps, *rest) for rest in read.below), *read.elsewhere]
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
    place = steps_of(finding.key)
    for gap, _ in gaps:
        if not _meet(place, gap, shape):
            continue
        if len(gap) >= len(place) or not finding.present:
            return False
    return True
