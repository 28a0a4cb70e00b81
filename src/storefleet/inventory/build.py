"""Stores times blueprint: each row becomes a store with its plan, and the hosts that its format counts."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Source
from storefleet.inventory.blueprint import Blueprint, Format
from storefleet.inventory.expansion import Expansion
from storefleet.inventory.faults import Faults
from storefleet.inventory.hosts import HostMaker
from storefleet.inventory.nornir_files import Groups
from storefleet.inventory.overrides import Override
from storefleet.inventory.plan import Plan, PlanFault
from storefleet.inventory.stores import StoreRow
from storefleet.inventory.texts import suggestion
from storefleet.model.base import Json
from storefleet.model.store import Host, Store


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


class Builder:
    """Builds the fleet store by store; complaints about templates are gathered per line."""

    def __init__(
        self,
        blueprint: Blueprint,
        overrides: Mapping[str, Override],
        today: datetime.date,
        notes: Decoder,
        groups: Groups,
    ) -> None:
        self._blueprint = blueprint
        self._overrides = overrides
        self._notes = notes
        self._faults = Faults()
        self._built = Built()
        self._names: dict[str, str] = {}
        self._maker = HostMaker(groups, today, self._faults)
        self._expansion = Expansion(blueprint.kinds, notes, self._faults, self._built.broken)

    def build(self, rows: list[StoreRow]) -> Built:
        """Return every store and host; complaints are in ``notes``."""
        for row in rows:
            self._store(row)
        self._notes.complaints.extend(self._faults.complaints())
        self._built.broken.update(self._faults.stores())
        return self._built

    def _store(self, row: StoreRow) -> None:
        format_name = str(row.columns["format"])
        format_ = self._blueprint.formats.get(format_name)
        if format_ is None and self._blueprint.formats:
            hint = suggestion(format_name, self._blueprint.formats)
            self._notes.complain(row.source, f"format: there is no format {format_name!r}{hint}")
            return
        override = self._overrides.get(row.id)
        plan = self._plan(row, format_, override)
        root = {"id": row.id, **row.columns}
        try:
            intended = plan.evaluate(root) if plan else None
        except PlanFault as fault:
            self._faults.add(fault.source, fault.message, row.id)
            return
        if intended is None:
            return
        self._keep_store(row, intended)
        roots: dict[str, object] = {"store": root, "intended": intended}
        for expanded in self._expansion.devices(row, format_, override, roots):
            host = self._maker.make(row, expanded, roots)
            if host is not None:
                self._keep_host(row, host, expanded[1].source)

    def _plan(self, row: StoreRow, format_: Format | None, override: Override | None) -> Plan | None:
        """Return the plan of a store, or ``None`` where a line of it was complained about already."""
        plan = format_.plan if format_ else Plan()
        if override:
            plan = plan.with_lines(override.plan)
        sound = plan.sound and (format_ is None or format_.sound) and (override is None or override.sound)
        if not sound:
            self._built.broken.add(row.id)
        return plan if plan.sound else None

    def _keep_store(self, row: StoreRow, intended: dict[str, Json]) -> None:
        self._built.stores[row.id] = _store_value(row, intended)
        self._built.store_sources[row.id] = row.source
        if row.empty_lanes:
            self._built.empty_lanes[row.id] = row.empty_lanes

    def _keep_host(self, row: StoreRow, host: Host, source: Source) -> None:
        first = self._names.setdefault(host.name.lower(), host.name)
        if first != host.name:
            message = f"the host {host.name!r} differs from {first!r} only in upper and lower case; rename one"
            self._faults.add(source, message, row.id, "case")
            return
        self._built.hosts[host.name] = host
        self._built.host_sources[host.name] = source


def _store_value(row: StoreRow, intended: dict[str, Json]) -> Store:
    columns = row.columns
    values = {name: columns[name] for name in ("name", "region", "timezone", "format", "number", "status")}
    return msgspec.convert({"id": row.id, **values, "columns": columns, "intended": intended}, Store)
