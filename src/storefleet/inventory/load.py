"""Reading the inventory of a fleet folder in one pass that gathers every complaint over all files."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from storefleet.documents import reader, tables
from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node
from storefleet.documents.secrets import literal_secrets, secret_cells
from storefleet.documents.tables import Table
from storefleet.errors import Complaint, InputError
from storefleet.inventory import devices
from storefleet.inventory.blueprint import Blueprint, read_blueprint
from storefleet.inventory.build import Builder, Built
from storefleet.inventory.calendars import check_calendars, read_calendars
from storefleet.inventory.contents import Fleet, Places
from storefleet.inventory.faults import Faults
from storefleet.inventory.jumps import jump_fault
from storefleet.inventory.logins import read_credentials
from storefleet.inventory.nornir_files import Groups, read_groups, read_hosts
from storefleet.inventory.overrides import read_overrides, unknown_stores
from storefleet.inventory.stores import REQUIRED, StoreRow, read_stores
from storefleet.inventory.texts import suggestion
from storefleet.templating.engine import is_template

T = TypeVar("T")
_READ = frozenset(
    {
        *("stores.csv", "blueprints.yaml", "devices.csv", "groups.yaml", "defaults.yaml", "hosts.yaml"),
        *("credentials.yaml", "calendars.yaml"),
    }
)
_READ_BY_OTHERS = frozenset({"probes.yaml", "import.yaml", "notify.yaml"})


def load_fleet(folder: Path, today: datetime.date) -> Fleet:
    """Read the inventory of a fleet folder; raises :class:`InputError` with all complaints, sorted by path and line.

    ``today`` decides which overrides and repairs have run out; it is given, so that a test can choose it.
    """
    return _Loader(folder / "inventory", today).load(folder)


@dataclass(slots=True)
class _Loader:
    """Reads file after file into one list of complaints."""

    folder: Path
    today: datetime.date
    notes: Decoder = field(default_factory=Decoder)
    templated: Decoder = field(default_factory=lambda: Decoder(leave=is_template))
    warnings: list[Complaint] = field(default_factory=list)

    def load(self, folder: Path) -> Fleet:
        self.templated.complaints = self.notes.complaints
        groups = read_groups(self._yaml("groups.yaml"), self._yaml("defaults.yaml"), self.notes)
        blueprint = read_blueprint(self._yaml("blueprints.yaml"), self.templated)
        built = self._build(blueprint, groups)
        self._plain_hosts(built, groups)
        table = self._table("devices.csv", devices.REQUIRED)
        if table:
            devices.apply_devices(table, built.hosts, built.in_broken_store, self.notes)
        self._check_jumps(built)
        node = self._yaml("credentials.yaml")
        credentials, rules = read_credentials(node, self.today, self.notes, self.warnings)
        calendars = read_calendars(self._yaml("calendars.yaml"), self.notes)
        if calendars is not None:
            self.warnings += check_calendars(calendars, built.hosts, built.stores, built.store_sources, self.notes)
        self._other_files()
        self.notes.finish()
        places = Places(built.store_sources, built.host_sources, rules, built.empty_lanes)
        warnings = tuple(sorted(self.warnings))
        return Fleet(folder, built.stores, built.hosts, groups, credentials, blueprint, warnings, places, calendars)

    def _build(self, blueprint: Blueprint, groups: Groups) -> Built:
        table = self._table("stores.csv", REQUIRED)
        if not any((self.folder / name).exists() for name in ("stores.csv", "hosts.yaml")):
            message = "is missing; one row per store, or plain hosts in hosts.yaml"
            self.notes.complaints.append(Complaint("inventory/stores.csv", 0, message))
        rows: list[StoreRow] = read_stores(table, blueprint.lane_columns, self.notes) if table else []
        overrides = read_overrides(self.folder / "stores", self.today, self.templated, self.warnings)
        unknown_stores(overrides, {row.cells["store"] for row in table.rows} if table else set(), self.notes)
        built = Builder(blueprint, overrides, self.today, self.templated, groups).build(rows)
        if table:
            built.broken.update({row.cells["store"] for row in table.rows} - built.stores.keys())
        return built

    def _plain_hosts(self, built: Built, groups: Groups) -> None:
        taken = {name.lower(): name for name in built.hosts}
        for host, source in read_hosts(self._yaml("hosts.yaml"), groups, {*built.stores, *built.broken}, self.notes):
            first = taken.setdefault(host.name.lower(), host.name)
            if host.name in built.hosts or first != host.name:
                other = built.host_sources[first]
                message = f"the host {host.name!r} is also made at {other.path}:{other.line}; remove one"
                self.notes.complain(source, message)
                continue
            built.hosts[host.name] = host
            built.host_sources[host.name] = source

    def _check_jumps(self, built: Built) -> None:
        faults = Faults()
        for host in built.hosts.values():
            via = host.connect.via
            message = jump_fault(host, built.hosts) if via and not built.in_broken_store(via) else None
            if message:
                store = built.stores.get(host.store)
                by_column = store is not None and store.columns.get("jump") == via
                source = built.store_sources[host.store] if by_column else built.host_sources[host.name]
                faults.add(
                    source, f"jump: {message}" if by_column else f"connect.via: {message}", host.store or host.name
                )
        self.notes.complaints.extend(faults.complaints())

    def _other_files(self) -> None:
        """Look for secrets in files that others read, and warn of one that nobody reads: it may be misspelt."""
        for path in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            if path.suffix not in {".csv", ".yaml", ".yml"} or path.name in _READ:
                continue
            if path.name in _READ_BY_OTHERS:
                self._yaml(path.name)
                continue
            message = f"is not read{suggestion(path.name, _READ | _READ_BY_OTHERS)}"
            self.warnings.append(Complaint(f"inventory/{path.name}", 0, message))

    def _yaml(self, name: str) -> Node | None:
        node = self._read(name, reader.read)
        found = literal_secrets(node) if node else []
        self.notes.complaints.extend(found)
        return None if found else node

    def _table(self, name: str, required: tuple[str, ...]) -> Table | None:
        text = self._read(name, reader.read_text)
        if text is None:
            return None
        table = tables.parse_table(text, f"inventory/{name}", self.notes, required)
        self.notes.complaints.extend(secret_cells(table))
        return table

    def _read(self, name: str, how: Callable[[Path, str], T]) -> T | None:
        path = self.folder / name
        if not path.exists():
            return None
        try:
            return how(path, f"inventory/{name}")
        except InputError as fault:
            self.notes.complaints.extend(fault.complaints)
            return None
