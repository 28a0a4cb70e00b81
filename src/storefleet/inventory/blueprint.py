"""``blueprints.yaml``: what is intended for a store, the kinds of devices, and the formats of stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from storefleet.documents import nodes
from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node, Scalar, Source
from storefleet.inventory.lines import DeviceLine, Fields, RowKey, fields_of, parse_row_key, read_line
from storefleet.inventory.plan import Plan, PlanLine, read_plan
from storefleet.inventory.texts import suggestion
from storefleet.model.base import Value

_NOTHING = nodes.Mapping((), Source("", 0))


class BlueprintFile(Value, frozen=True):
    """The file as written."""

    intended: Node = _NOTHING
    devices: Mapping[str, DeviceLine] = {}
    formats: Mapping[str, Node] = {}


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One line of a format with all that its kind and the formats beneath give it."""

    key: RowKey
    fields: Fields
    source: Source


@dataclass(frozen=True, slots=True)
class Format:
    """One format, with everything that it extends already in it."""

    name: str
    plan: Plan
    rows: tuple[DeviceRow, ...]
    source: Source
    extends: tuple[str, ...] = ()
    sound: bool = True


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Everything that ``blueprints.yaml`` says."""

    kinds: Mapping[str, DeviceLine] = field(default_factory=dict)
    formats: Mapping[str, Format] = field(default_factory=dict)

    @property
    def lane_columns(self) -> frozenset[str]:
        """Return the columns of ``stores.csv`` that devices are counted by."""
        columns = (row.key.lane_column for each in self.formats.values() for row in each.rows)
        return frozenset(column for column in columns if column)


@dataclass(slots=True)
class _Written:
    """A format as written, before what it extends is put beneath it."""

    name: str
    source: Source
    extends: Scalar | None = None
    plan: list[PlanLine] = field(default_factory=list)
    lines: list[tuple[RowKey, DeviceLine | str, Source]] = field(default_factory=list)
    sound: bool = True


def read_blueprint(node: Node | None, notes: Decoder) -> Blueprint:
    """Read the file, complaining about everything in it that cannot stand."""
    if node is None:
        return Blueprint()
    file = notes.decode(node, BlueprintFile, "blueprints")
    if file is None:
        return Blueprint()
    base = Plan(tuple(read_plan(file.intended, "intended", notes)))
    written = {name: _read_format(name, part, notes) for name, part in file.formats.items()}
    resolver = _Resolver(base, file.devices, written, notes)
    return Blueprint(file.devices, {name: resolver.resolve(name) for name in written})


def _read_format(name: str, node: Node, notes: Decoder) -> _Written:
    format_ = _Written(name, node.source)
    if not isinstance(node, nodes.Mapping):
        notes.complain(node.source, f"formats.{name}: a mapping of devices is due here")
        return format_
    for key, part in node.entries:
        if key.text == "extends" and isinstance(part, Scalar):
            format_.extends = part
        elif key.text == "intended":
            format_.plan = read_plan(part, f"formats.{name}.intended", notes)
        else:
            row_key = parse_row_key(key, notes)
            line = read_line(part, f"formats.{name}.{key.text}", notes)
            if row_key and line is not None:
                format_.lines.append((row_key, line, key.source))
            else:
                format_.sound = False
    return format_


@dataclass(slots=True)
class _Resolver:
    """Puts kinds and extended formats beneath each format, once."""

    base: Plan
    kinds: Mapping[str, DeviceLine]
    written: Mapping[str, _Written]
    notes: Decoder
    done: dict[str, Format] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    def resolve(self, name: str) -> Format:
        if name in self.done:
            return self.done[name]
        own = self.written[name]
        self.open.append(name)
        parent = self._parent(own)
        self.open.pop()
        plan = (parent.plan if parent else self.base).with_lines(own.plan)
        for fault in plan.check_fixed():
            self.notes.complain(fault.source, fault.message)
        rows = {row.key.text: row for row in parent.rows} if parent else {}
        before = len(self.notes.complaints)
        for key, line, source in own.lines:
            self._put(rows, key, line, source)
        beneath = (parent.name, *parent.extends) if parent else ()
        sound = own.sound and (parent is None or parent.sound) and len(self.notes.complaints) == before
        self.done[name] = Format(name, plan, tuple(rows.values()), own.source, beneath, sound)
        return self.done[name]

    def _parent(self, own: _Written) -> Format | None:
        if own.extends is None:
            return None
        wanted = own.extends.text
        if wanted in self.open:
            self.notes.complain(
                own.extends.source, f"formats.{own.name}: extends itself ({' → '.join([*self.open, wanted])})"
            )
            return None
        if wanted not in self.written:
            message = f"formats.{own.name}: extends the unknown format {wanted!r}{suggestion(wanted, self.written)}"
            self.notes.complain(own.extends.source, message)
            return None
        return self.resolve(wanted)

    def _put(self, rows: dict[str, DeviceRow], key: RowKey, line: DeviceLine | str, source: Source) -> None:
        """Change, add or remove one row; a row of the same name is the inherited one, whatever lanes it counts."""
        beneath = rows.get(key.text) or _only([row for row in rows.values() if row.key.base == key.base])
        if isinstance(line, str):
            self._remove(rows, beneath, key, source)
            return
        fields = merged_fields(beneath.fields if beneath else {}, line, self.kinds, self.notes)
        if fields is None:
            return
        row = DeviceRow(key, fields, source)
        if beneath is None or beneath.key.text == key.text:
            rows[key.text] = row
        else:
            replaced = [(row if each is beneath else each) for each in rows.values()]
            rows.clear()
            rows.update({each.key.text: each for each in replaced})

    def _remove(self, rows: dict[str, DeviceRow], beneath: DeviceRow | None, key: RowKey, source: Source) -> None:
        if beneath is None:
            self.notes.complain(source, f"{key.text!r} is absent here, but no format beneath has it; remove the line")
        else:
            del rows[beneath.key.text]


def merged_fields(beneath: Fields, line: DeviceLine, kinds: Mapping[str, DeviceLine], notes: Decoder) -> Fields | None:
    """Return the fields of a line over those beneath it; a line that names a kind takes that kind's fields first."""
    own = fields_of(line)
    if line.kind is None:
        return {**beneath, **own}
    if line.kind not in kinds:
        notes.complain(line.source, f"kind: there is no device kind {line.kind!r}{suggestion(line.kind, kinds)}")
        return None
    return {**beneath, **fields_of(kinds[line.kind]), **own}


def _only(rows: list[DeviceRow]) -> DeviceRow | None:
    return rows[0] if len(rows) == 1 else None
