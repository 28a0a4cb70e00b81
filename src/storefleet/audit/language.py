"""Audits and controls as values: what a user wrote, parsed and typed, with the line of every part."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Literal

import msgspec

from storefleet.audit.pointer import Pointer
from storefleet.audit.reading import Reads
from storefleet.documents.nodes import Node, Source
from storefleet.model.base import Json
from storefleet.model.findings import Severity

Absent = Literal["fail", "pass", "na"]


class Standard(msgspec.Struct, frozen=True):
    """A fragment in force (``None``: nothing is asked yet) and what it reads."""

    fragment: Json
    read: Reads


class Control(msgspec.Struct, frozen=True):
    """One thing that must hold.

    ``schema`` and ``until_then`` are JSON Schema fragments already typed by the state schema, with templates still in
    them; ``schema_node`` is the same as text with places, for the typed check. ``lines`` gives the line of each key.
    ``read`` and ``read_before`` say what each fragment reads, known once and compared with what a host could not show.
    """

    id: str
    title: str
    severity: Severity
    at: str
    pointer: Pointer
    schema: Json
    source: Source
    cause: str | None = None
    for_each: Mapping[str, Json] = {}
    absent: Absent = "fail"
    when: str | None = None
    max_age: str | None = None
    effective: datetime.date | None = None
    until_then: Json = None
    trial: bool = False
    refs: Mapping[str, tuple[str, ...]] = {}
    fix: str | None = None
    applies_to: str | None = None
    as_list: bool = False
    read: Reads = Reads()
    read_before: Reads = Reads()
    lines: Mapping[str, int] = {}
    schema_node: Node | None = None
    until_then_node: Node | None = None

    def line(self, key: str) -> Source:
        """Return the place of one of the control's keys, or of the control."""
        return Source(self.source.path, self.lines.get(key, self.source.line))

    def standard(self, today: datetime.date) -> Standard:
        """Return what is in force on a day: before ``effective`` the older standard, where there is one."""
        if self.effective is not None and today < self.effective:
            return Standard(self.until_then, self.read_before)
        return Standard(self.schema, self.read)


class Audit(msgspec.Struct, frozen=True):
    """One file of controls. ``lists`` are without the reader's ``why``; ``reasons`` keeps the lists as written."""

    id: str
    title: str
    applies_to: str
    controls: tuple[Control, ...]
    source: Source
    lists: Mapping[str, tuple[Json, ...]] = {}
    reasons: Mapping[str, tuple[Json, ...]] = {}
    list_lines: Mapping[str, int] = {}
    templated_lists: tuple[str, ...] = ()
    lines: Mapping[str, int] = {}

    def line(self, key: str) -> Source:
        """Return the place of one of the file's keys (``applies_to``, ``lists`` …), or of the file."""
        return Source(self.source.path, self.lines.get(key, self.source.line))
