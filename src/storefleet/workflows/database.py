"""`db upgrade` and `db backup`: the care of the database, which needs the settings alone, not a fleet that stands."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from storefleet.documents.ownership import PRIVATE, Ownership, refused
from storefleet.errors import InputError
from storefleet.inventory.find import find_fleet
from storefleet.settings.load import load_settings
from storefleet.storage.backup import backup, backup_name
from storefleet.storage.upgrade import Upgraded, upgrade
from storefleet.workflows import clock


@dataclass(frozen=True)
class DatabaseCare:
    """Where the database and its backups are, and whose they are."""

    url: str
    var: Path
    owner: Ownership

    @classmethod
    def of(cls, fleet: Path | None) -> DatabaseCare:
        """Read the settings of a fleet folder; raises :class:`InputError`."""
        folder = find_fleet(fleet, os.environ, Path.cwd())
        settings = load_settings(folder, os.environ)
        var = folder / "var"
        return cls(settings.database or f"sqlite:///{var / 'storefleet.db'}", var, Ownership.of(settings.var_group))

    def upgrade(self, *, with_backup: bool) -> Upgraded:
        """Bring the database up to this version's schema; raises :class:`StorageError`."""
        return upgrade(self.url, self.backup if with_backup else None)

    def backup(self, target: Path | None = None) -> Path:
        """Copy the database to a file that is new, by default into ``var/backups/``; raises :class:`StorageError`."""
        if target is not None:
            if target.exists() or not target.parent.is_dir():
                why = "is there already; name another file" if target.exists() else "has no folder yet; make it first"
                raise InputError(f"{target} {why}")
            shared = target.resolve().is_relative_to(self.var.resolve())
            return backup(self.url, target, self.owner if shared else PRIVATE)
        name = backup_name(self.url, clock.now().strftime("%Y%m%dT%H%M%SZ"))
        folder = self.var / "backups"
        try:
            for each in (self.var, folder):
                self.owner.make_folder(each)
        except OSError as fault:
            raise refused(folder, fault, self.owner) from fault
        return backup(self.url, folder / name, self.owner)
