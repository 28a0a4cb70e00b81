"""From YAML text to nodes, with limits: nothing that a file holds can crash, hang or surprise us.

``CSafeLoader`` dies of a stack overflow on 40,000 nested brackets and composes recursive aliases, so nothing is
composed by it: we read its flat stream of events, keep our own stack, and stop at the first limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from storefleet.documents.nodes import Mapping, Node, Scalar, Sequence, Source
from storefleet.errors import Complaint, InputError

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 2_000_000
"""Nodes after aliases are expanded: 25,000 plain hosts stay far below, a YAML bomb does not."""

_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"
_LIBRARY_TOO_DEEP = "nesting depth"
"""What the loader itself says from 1,000 open brackets on (PyYAML 6.0.4), before it hands us the first of them."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_TAGS = {None, "!"}
_CORE_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map")}


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been read yet."""

    kind: type[Sequence] | type[Mapping]
    source: Source
    anchor: str | None
    children: list[Node] = field(default_factory=list)
    weight: int = 1
    height: int = 1


class _Builder:
    """Turns the event stream into one node; complaints end the reading, since a broken tree explains nothing."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int, int]] = {}
        self.root: Node | None = None
        self.documents = 0

    def refuse(self, event: Any, message: str) -> InputError:
        return InputError([Complaint(self.path, event.start_mark.line + 1, message)])

    def source(self, event: Any) -> Source:
        return Source(self.path, event.start_mark.line + 1)

    def feed(self, event: Any) -> None:
        name = type(event).__name__
        if name == "DocumentStartEvent":
            self.documents += 1
            if self.documents > 1:
                raise self.refuse(event, "a second YAML document (---) in one file; keep one document a file")
        elif name == "ScalarEvent":
            self._check_tag(event)
            plain = event.implicit[0] and event.style in {None, ""}
            node = Scalar(event.value, plain and event.tag is None, self.source(event))
            self._add(event, node, 1, 0, event.anchor)
        elif name == "AliasEvent":
            self._add_alias(event)
        elif name in {"SequenceStartEvent", "MappingStartEvent"}:
            self._check_tag(event)
            if len(self.stack) >= MAX_DEPTH:
                raise self.refuse(event, _TOO_DEEP)
            kind: Any = Sequence if name == "SequenceStartEvent" else Mapping
            self.stack.append(_Open(kind, self.source(event), event.anchor))
        elif name in {"SequenceEndEvent", "MappingEndEvent"}:
            closed = self.stack.pop()
            self._add(event, self._close(closed), closed.weight, closed.height, closed.anchor)

    def _check_tag(self, event: Any) -> None:
        if event.tag not in _PLAIN_TAGS | _CORE_TAGS:
            raise self.refuse(event, f"the tag {event.tag} is not allowed here; write plain YAML")

    def _add_alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            raise self.refuse(event, f"the alias *{event.anchor} stands inside its own anchor or has none")
        node, weight, height = self.anchors[event.anchor]
        if len(self.stack) + height > MAX_DEPTH:
            raise self.refuse(event, _TOO_DEEP)
        self._add(event, node, weight, height, None)

    def _add(self, event: Any, node: Node, weight: int, height: int, anchor: str | None) -> None:
        """Put a finished node into its parent; weight counts its values, height its levels, aliases expanded."""
        if anchor is not None:
            self.anchors[anchor] = (node, weight, height)
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.children.append(node)
        parent.weight += weight
        parent.height = max(parent.height, height + 1)
        if parent.weight > MAX_NODES:
            raise self.refuse(event, f"aliases expand to more than {MAX_NODES:,} values (a YAML bomb?)")

    def _close(self, closed: _Open) -> Node:
        if closed.kind is Sequence:
            return Sequence(tuple(closed.children), closed.source)
        entries = tuple(zip(closed.children[::2], closed.children[1::2], strict=True))
        return Mapping(self._keys(entries), closed.source)

    def _keys(self, entries: tuple[tuple[Node, Node], ...]) -> tuple[tuple[Scalar, Node], ...]:
        seen: dict[str, int] = {}
        complaints: list[Complaint] = []
        kept: list[tuple[Scalar, Node]] = []
        for key, value in entries:
            if not isinstance(key, Scalar):
                complaints.append(Complaint(self.path, key.source.line, "a key must be plain text"))
                continue
            if key.text in seen:
                message = f"the key {key.text!r} stands twice here; the first is in line {seen[key.text]}"
                complaints.append(Complaint(self.path, key.source.line, message))
            seen.setdefault(key.text, key.source.line)
            kept.append((key, value))
        if complaints:
            raise InputError(complaints)
        return tuple(kept)


def parse(text: str, path: str) -> Node | None:
    """Return the document as nodes, or ``None`` for an empty one; raises :class:`InputError` with file and line."""
    builder = _Builder(path)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.feed(event)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        line = mark.line + 1 if mark else 0
        problem = f"{fault.problem or fault.context}"
        message = _TOO_DEEP if _LIBRARY_TOO_DEEP in problem else f"not valid YAML: {problem}"
        raise InputError([Complaint(path, line, message)]) from fault
    except yaml.YAMLError as fault:
        raise InputError([Complaint(path, 0, f"not valid YAML: {fault}")]) from fault
    return builder.root


def read_text(path: Path, shown: str) -> str:
    """Read a file as UTF-8 within :data:`MAX_BYTES`; ``shown`` is the path that complaints name."""
    try:
        raw = path.read_bytes()
    except OSError as fault:
        raise InputError([Complaint(shown, 0, f"cannot be read: {fault.strerror}")]) from fault
    if len(raw) > MAX_BYTES:
        raise InputError([Complaint(shown, 0, f"larger than {MAX_BYTES // 1024 // 1024} MiB")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw[: fault.start].count(b"\n") + 1
        raise InputError([Complaint(shown, line, "not UTF-8 here; save the file as UTF-8")]) from fault


def read(path: Path, shown: str | None = None) -> Node | None:
    """Read and parse one YAML file."""
    name = shown if shown is not None else str(path)
    return parse(read_text(path, name), name)
