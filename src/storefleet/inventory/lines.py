"""One line of a device, as kinds, formats and overrides write it: any field may be given, any leaf a template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node, Scalar, Source
from storefleet.inventory.plan import check_templates
from storefleet.model.base import DEVICE_KEY, Json, Value
from storefleet.model.store import HostStatus
from storefleet.templating.engine import Template, compile_expression
from storefleet.templating.filters import TemplateFault

ABSENT = "absent"
DEVICE_ROOTS = frozenset({"store", "intended", "n", "host"})


class ConnectLine(Value, frozen=True):
    """How a device is reached, where that differs from its address."""

    host: str | None = None
    port: int | None = None
    via: str | None = None


class LegacySshLine(Value, frozen=True):
    """Algorithms that the modern set refuses, allowed until a day."""

    algorithms: tuple[str, ...]
    expires: str
    ticket: str | None = None


class DeviceLine(Value, frozen=True):
    """The fields of a device; what is not given comes from the line or kind beneath.

    ``credential`` and ``change`` are kept in the host's ``data``, where a selector finds them (``credential=router``).
    """

    source: Source
    kind: str | None = None
    role: str | None = None
    platform: str | None = None
    address: str | None = None
    connect: ConnectLine | None = None
    connection: Literal["ssh", "none"] | None = None
    groups: tuple[str, ...] | None = None
    label: str | None = None
    status: HostStatus | None = None
    until: str | None = None
    ticket: str | None = None
    model: str | None = None
    charset: str | None = None
    credential: str | None = None
    change: str | None = None
    legacy_ssh: LegacySshLine | None = None
    data: Mapping[str, Json] | None = None


Fields = dict[str, Json]
_NAMES = tuple(name for name in DeviceLine.__struct_fields__ if name != "source")


def fields_of(line: DeviceLine) -> Fields:
    """Return what the line gives, as plain data without what it leaves open."""
    given = {name: value for name in _NAMES if (value := getattr(line, name)) is not None}
    plain: Fields = msgspec.json.decode(msgspec.json.encode(given))
    for name in ("connect", "legacy_ssh"):
        part = plain.get(name)
        if isinstance(part, dict):
            plain[name] = {key: value for key, value in part.items() if value is not None}
    return plain


_ROW_KEY = re.compile(r"(?P<base>[^{}]+)(\{(?P<lanes>[^{}]*)\})?")
_SPAN = re.compile(r"(?P<first>[0-9]{1,3})\.\.(?P<last>[0-9]{1,3})")
_STORE_COLUMN = re.compile(r"store\.(?P<column>[A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class RowKey:
    """The key of a format line: ``router``, ``name{1..4}`` or ``name{store.tills}``."""

    text: str
    base: str
    span: tuple[int, ...] | None = None
    lanes: Template | None = None

    @property
    def single(self) -> bool:
        """Whether the line is one device rather than one per lane."""
        return self.span is None and self.lanes is None

    @property
    def lane_column(self) -> str | None:
        """Return the column of ``stores.csv`` that the line is counted by."""
        match = _STORE_COLUMN.fullmatch(self.lanes.text) if self.lanes else None
        return match["column"] if match else None


def parse_row_key(key: Scalar, notes: Decoder) -> RowKey | None:
    """Read the key of a format line, complaining where it names no device."""
    match = _ROW_KEY.fullmatch(key.text)
    if match is None or not DEVICE_KEY.fullmatch(match["base"]):
        message = (
            f"{key.text!r} is not a device; write a name of letters, digits and _, or name{{1..4}}, name{{store.tills}}"
        )
        notes.complain(key.source, message)
        return None
    inner = match["lanes"]
    if inner == "":
        notes.complain(key.source, f"{key.text!r}: count lanes as 1..4 or by store.<column> or intended.<name>")
        return None
    if inner is None:
        return RowKey(key.text, match["base"])
    span = _SPAN.fullmatch(inner.strip())
    if span:
        lanes = tuple(range(int(span["first"]), int(span["last"]) + 1))
        if not lanes or lanes[0] == 0:
            notes.complain(key.source, f"{key.text!r} counts no lanes; write the lower number first, from 1")
            return None
        return RowKey(key.text, match["base"], span=lanes)
    try:
        template = compile_expression(inner.strip())
    except TemplateFault as fault:
        notes.complain(key.source, f"{key.text!r}: {fault}")
        return None
    if not template.names or not template.names <= {"store", "intended"}:
        notes.complain(key.source, f"{key.text!r}: count lanes as 1..4 or by store.<column> or intended.<name>")
        return None
    return RowKey(key.text, match["base"], lanes=template)


def read_line(node: Node, what: str, notes: Decoder) -> DeviceLine | str | None:
    """Return the fields of a line, ``absent``, or ``None`` when it was complained about."""
    if isinstance(node, Scalar) and node.text == ABSENT:
        return ABSENT
    line = notes.decode(node, DeviceLine, what)
    return line if line is not None and check_templates(fields_of(line), node, what, DEVICE_ROOTS, notes) else None
