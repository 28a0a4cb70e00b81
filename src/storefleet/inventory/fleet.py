"""The whole fleet folder as one value, read in one pass that gathers every complaint."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from storefleet.documents import reader, tables
from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node, Source
from storefleet.documents.tables import Table
from storefleet.errors import Complaint, InputError
from storefleet.inventory.blueprint import Blueprint, read_blueprint
from storefleet.inventory.build import Builder
from storefleet.inventory.overrides import read_overrides, unknown_stores
from storefleet.inventory.secrets import literal_secrets, secret_cells
from storefleet.inventory.stores import REQUIRED, read_stores
from storefleet.model.store import Host, Store
from storefleet.templating.engine import is_template


@dataclass(frozen=True)
class Fleet:
    """Everything that the inventory says, with the place of every store and host for complaints."""

    folder: Path
    stores: Mapping[str, Store]
    hosts: Mapping[str, Host]
    warnings: tuple[Complaint, ...] = ()
    store_sources: Mapping[str, Source] = field(default_factory=dict)
    host_sources: Mapping[str, Source] = field(default_factory=dict)
    blueprint: Blueprint = field(default_factory=Blueprint)


def load_fleet(folder: Path, today: datetime.date) -> Fleet:
    """Read the inventory of a fleet folder; raises :class:`InputError` with all complaints over all files."""
    loader = _Loader(folder / "inventory", today)
    return loader.load(folder)


@dataclass(slots=True)
class _Loader:
    """Reads file after file into one list of complaints."""

    folder: Path
    today: datetime.date
    notes: Decoder = field(default_factory=lambda: Decoder(leave=is_template))
    warnings: list[Complaint] = field(default_factory=list)

    def load(self, folder: Path) -> Fleet:
        blueprint = read_blueprint(self._yaml("blueprints.yaml"), self.notes)
        table = self._table("stores.csv", REQUIRED)
        rows = read_stores(table, blueprint.lane_columns, self.notes) if table else []
        overrides = read_overrides(self.folder / "stores", "inventory/stores", self.today, self.notes, self.warnings)
        unknown_stores(
            overrides, {row["store"]: row for row in ([r.cells for r in table.rows] if table else [])}, self.notes
        )
        built = Builder(blueprint, overrides, self.today, self.notes).build(rows)
        self.notes.finish()
        return Fleet(
            folder,
            built.stores,
            built.hosts,
            tuple(sorted(self.warnings)),
            built.store_sources,
            built.host_sources,
            blueprint,
        )

    def _yaml(self, name: str) -> Node | None:
        path = self.folder / name
        if not path.exists():
            return None
        try:
            node = reader.read(path, f"inventory/{name}")
        except InputError as fault:
            self.notes.complaints.extend(fault.complaints)
            return None
        found = literal_secrets(node) if node else []
        self.notes.complaints.extend(found)
        return None if found else node

    def _table(self, name: str, required: tuple[str, ...]) -> Table | None:
        path = self.folder / name
        if not path.exists():
            return None
        try:
            text = reader.read_text(path, f"inventory/{name}")
        except InputError as fault:
            self.notes.complaints.extend(fault.complaints)
            return None
        table = tables.parse_table(text, f"inventory/{name}", self.notes, required)
        self.notes.complaints.extend(secret_cells(table))
        return table
