"""Stores times blueprint: each row becomes a store with its plan, each line of its format the hosts that it counts."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Source
from storefleet.errors import Complaint
from storefleet.inventory.blueprint import Blueprint, DeviceRow, Format, merged_fields
from storefleet.inventory.hostchecks import host_faults
from storefleet.inventory.lanes import MAX_LANE
from storefleet.inventory.lines import Fields
from storefleet.inventory.nornir_files import Groups
from storefleet.inventory.overrides import Override
from storefleet.inventory.plan import Plan, PlanFault, holds_template, render
from storefleet.inventory.stores import StoreRow
from storefleet.inventory.texts import suggestion
from storefleet.model.base import Json
from storefleet.model.store import Connect, Host, Store
from storefleet.templating.filters import TemplateFault

_IN_DATA = ("credential", "change")
_TRAILING = re.compile(r"[0-9]{1,3}$")


class Faults:
    """Complaints of templates, one per line of the file however many stores meet it."""

    def __init__(self) -> None:
        self._met: dict[tuple[Source, str], tuple[str, list[str]]] = {}

    def add(self, source: Source, message: str, store: str, subject: str = "") -> None:
        """Note a fault of one store; ``subject`` keeps different faults of one line apart."""
        self._met.setdefault((source, subject), (message, []))[1].append(store)

    def stores(self) -> set[str]:
        """Return every store that met a fault."""
        return {store for _, stores in self._met.values() for store in stores}

    def complaints(self) -> list[Complaint]:
        """Return one complaint per line and subject, naming the first store and how many more."""
        found: list[Complaint] = []
        for (source, _), (message, stores) in self._met.items():
            unique = list(dict.fromkeys(stores))
            more = f" and {len(unique) - 1:,} more" if len(unique) > 1 else ""
            about = f" ({unique[0]}{more})" if unique[0] else ""
            found.append(Complaint(source.path, source.line, f"{message}{about}"))
        return found


@dataclass(frozen=True, slots=True)
class Built:
    """What one or all stores became; the sources say which line of which file made each."""

    stores: dict[str, Store] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    store_sources: dict[str, Source] = field(default_factory=dict)
    host_sources: dict[str, Source] = field(default_factory=dict)
    empty_lanes: dict[str, frozenset[str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def in_broken_store(self, host: str) -> bool:
        """Tell whether a host is missing because its store (or a line of its format) could not be built."""
        return host not in self.hosts and host.rpartition("-")[0] in self.broken


@dataclass(frozen=True, slots=True)
class _Recipe:
    """The fields of a device split into what is the same for every store and what is rendered for each."""

    fixed: Fields
    rendered: Fields

    @classmethod
    def of(cls, fields: Fields) -> _Recipe:
        moved = {name: value for name, value in fields.items() if name not in _IN_DATA}
        data = {name: fields[name] for name in _IN_DATA if name in fields}
        given = fields.get("data")
        if data or given:
            moved["data"] = {**(given if isinstance(given, dict) else {}), **data}
        rendered = {name: value for name, value in moved.items() if holds_template(value)}
        return cls({name: value for name, value in moved.items() if name not in rendered}, rendered)


@dataclass(slots=True)
class Builder:
    """Builds the fleet store by store; complaints about templates are gathered per line."""

    blueprint: Blueprint
    overrides: Mapping[str, Override]
    today: datetime.date
    notes: Decoder
    groups: Groups = field(default_factory=Groups)
    built: Built = field(default_factory=Built)
    faults: Faults = field(default_factory=Faults)
    names: dict[str, str] = field(default_factory=dict)
    recipes: dict[int, tuple[DeviceRow, _Recipe]] = field(default_factory=dict)

    def build(self, rows: list[StoreRow]) -> Built:
        """Return every store and host; complaints are in ``notes``."""
        for row in rows:
            self._store(row)
        self.notes.complaints.extend(self.faults.complaints())
        self.built.broken.update(self.faults.stores())
        return self.built

    def _store(self, row: StoreRow) -> None:
        format_name = str(row.columns["format"])
        format_ = self.blueprint.formats.get(format_name)
        if format_ is None and self.blueprint.formats:
            hint = suggestion(format_name, self.blueprint.formats)
            self.notes.complain(row.source, f"format: there is no format {format_name!r}{hint}")
            return
        override = self.overrides.get(row.id)
        plan = format_.plan if format_ else Plan()
        if override:
            plan = plan.with_lines(override.plan)
        if not (format_ is None or format_.sound) or not (override is None or override.sound) or not plan.sound:
            self.built.broken.add(row.id)
        if not plan.sound:
            return
        root = {"id": row.id, **row.columns}
        try:
            intended = plan.evaluate(root)
        except PlanFault as fault:
            self.faults.add(fault.source, fault.message, row.id)
            return
        self.built.stores[row.id] = _store_value(row, intended)
        self.built.store_sources[row.id] = row.source
        if row.empty_lanes:
            self.built.empty_lanes[row.id] = row.empty_lanes
        roots: dict[str, object] = {"store": root, "intended": intended}
        for device, row_, lane in self._devices(row, format_, override, roots):
            self._host(row, device, row_, lane, roots)

    def _devices(
        self, row: StoreRow, format_: Format | None, override: Override | None, roots: dict[str, object]
    ) -> list[tuple[str, DeviceRow, int | None]]:
        """Return the device keys of a store, with the line that describes each and its number."""
        found: dict[str, tuple[str, DeviceRow, int | None]] = {}
        for line in format_.rows if format_ else ():
            for device, lane in self._counted(row, line, roots):
                if device in found:
                    message = f"{line.key.text!r} and {found[device][1].key.text!r} both make the device {device!r}"
                    self.faults.add(line.source, message, row.id, device)
                found[device] = (device, line, lane)
        if override:
            self._override_devices(row.id, override, found)
        return list(found.values())

    def _counted(self, row: StoreRow, line: DeviceRow, roots: dict[str, object]) -> list[tuple[str, int | None]]:
        key = line.key
        if key.single:
            return [(key.base, _trailing_number(key.base))]
        if key.span is not None:
            return [(f"{key.base}{lane}", lane) for lane in key.span]
        assert key.lanes is not None
        try:
            value = key.lanes.render(roots)
        except TemplateFault as fault:
            self.faults.add(line.source, f"{key.text}: {fault}", row.id)
            return []
        lanes = _lane_list(value)
        if lanes is None:
            self.faults.add(line.source, f"{key.text}: is {value!r}, not a list of lanes or a number", row.id)
            return []
        return [(f"{key.base}{lane}", lane) for lane in lanes]

    def _override_devices(
        self, store: str, override: Override, found: dict[str, tuple[str, DeviceRow, int | None]]
    ) -> None:
        for key, line, source in override.devices:
            present = found.get(key.base)
            if isinstance(line, str):
                if present is None:
                    self.notes.complain(source, f"{store} has no device {key.base!r}; remove the line")
                found.pop(key.base, None)
                continue
            fields = merged_fields(present[1].fields if present else {}, line, self.blueprint.kinds, self.notes)
            if fields is None:
                self.built.broken.add(store)
                continue
            number = present[2] if present else _trailing_number(key.base)
            found[key.base] = (key.base, DeviceRow(key, fields, source), number)

    def _host(self, row: StoreRow, device: str, line: DeviceRow, n: int | None, roots: dict[str, object]) -> None:
        recipe = self._recipe(line)
        fields: Fields = {
            "name": f"{row.id}-{device}", "store": row.id, "device": device, "n": n, "platform": "", **recipe.fixed,
        }  # fmt: skip
        try:
            fields.update(render(recipe.rendered, {**roots, "n": n, "host": fields}))  # type: ignore[arg-type]
            self._inherit(fields)
            host = msgspec.convert(fields, Host)
        except TemplateFault as fault:
            self.faults.add(line.source, f"{line.key.text}: {fault}", row.id, line.key.text)
            return
        except msgspec.ValidationError as fault:
            self.faults.add(line.source, f"{line.key.text}: {_in_words(str(fault))}", row.id, line.key.text)
            return
        host = self._finished(row, host)
        wrong = [*host_faults(host), *self._name_fault(host.name), *self.groups.unknown(host.groups)]
        for message in wrong:
            self.faults.add(line.source, f"{line.key.text}: {message}", row.id, message.partition(":")[0])
        if wrong:
            return
        self.built.hosts[host.name] = host
        self.built.host_sources[host.name] = line.source

    def _inherit(self, fields: Fields) -> None:
        """Fill in what the device's groups and the defaults say: platform, port, and the groups above its groups."""
        given = fields.get("groups")
        groups = self.groups.extended(tuple(given)) if isinstance(given, list) else ()  # type: ignore[arg-type]
        if groups:
            fields["groups"] = list(groups)
        if not fields["platform"] and fields.get("connection") != "none":
            fields["platform"] = self.groups.inherited(groups, "platform") or ""
        connect = fields.get("connect")
        port = self.groups.inherited(groups, "port")
        if port is not None and (connect is None or (isinstance(connect, dict) and "port" not in connect)):
            fields["connect"] = {**(connect if isinstance(connect, dict) else {}), "port": port}

    def _recipe(self, line: DeviceRow) -> _Recipe:
        known = self.recipes.get(id(line))
        if known is None:
            known = self.recipes[id(line)] = (line, _Recipe.of(line.fields))
        return known[1]

    def _finished(self, row: StoreRow, host: Host) -> Host:
        """Put the store's jump before every host but itself, and a repair whose day has passed back into service.

        A line that writes ``connect.host`` or ``connect.via`` says itself how the device is reached: no jump is added.
        """
        jump = row.columns["jump"]
        own_way = host.connect.host is not None or host.connect.via is not None or host.connection == "none"
        if jump and jump != host.name and not own_way:
            host = msgspec.structs.replace(host, connect=Connect(None, host.connect.port, str(jump)))
        if host.status == "in_repair" and host.until and host.until < self.today.isoformat():
            host = msgspec.structs.replace(host, status="in_service", until=None)
        return host

    def _name_fault(self, name: str) -> Iterator[str]:
        first = self.names.setdefault(name.lower(), name)
        if first != name:
            yield f"the host {name!r} differs from {first!r} only in upper and lower case; rename one"


def _store_value(row: StoreRow, intended: dict[str, Json]) -> Store:
    columns = row.columns
    values = {name: columns[name] for name in ("name", "region", "timezone", "format", "number", "status")}
    return msgspec.convert({"id": row.id, **values, "columns": columns, "intended": intended}, Store)


def _trailing_number(device: str) -> int | None:
    match = _TRAILING.search(device)
    return int(match[0]) if match else None


def _lane_list(value: Json) -> list[int] | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return list(range(1, value + 1)) if 0 <= value <= MAX_LANE else None
    if isinstance(value, list) and all(isinstance(lane, int) and not isinstance(lane, bool) for lane in value):
        lanes = [lane for lane in value if isinstance(lane, int) and 0 < lane <= MAX_LANE]
        return lanes if len(set(lanes)) == len(value) else None
    return None


def _in_words(message: str) -> str:
    """Turn msgspec's complaint about one field into ours: the field first, then what is due."""
    what, _, place = message.partition(" - at `$.")
    words = {
        "Expected `int`, got `str`": "a whole number is due; a port is a template of exactly one expression",
        "Object missing required field `role`": "role: is missing; name a kind: or a role:",
    }
    return f"{place.rstrip('`')}: {words.get(what, what)}" if place else words.get(what, what)
