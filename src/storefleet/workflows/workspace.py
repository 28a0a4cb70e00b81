"""The opened fleet folder: settings and inventory, read and checked before anything is touched."""

from __future__ import annotations

import datetime
import getpass
import os
import platform
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import msgspec

from storefleet.audit.load import load_audits
from storefleet.audit.typed import check_audits
from storefleet.documents.files import write_atomically
from storefleet.documents.ownership import PRIVATE, Ownership, refused
from storefleet.errors import InputError, StorageError
from storefleet.inventory.find import find_fleet
from storefleet.inventory.fleet import Fleet
from storefleet.inventory.load import load_fleet
from storefleet.model.instants import utc
from storefleet.model.limits import Limits
from storefleet.model.report import Actor, Inputs, RunInfo
from storefleet.model.store import Host, Store
from storefleet.settings.load import load_settings
from storefleet.settings.settings import Settings
from storefleet.storage.database import Database
from storefleet.workflows import clock
from storefleet.workflows.gathering import Gathering

GIT_DEADLINE_S = 10
NOT_AUDITS = frozenset({"waivers.yaml", "golden.yaml"})


@dataclass(frozen=True)
class Workspace:
    """A fleet folder whose inventory and settings were read without a complaint."""

    folder: Path
    settings: Settings
    fleet: Fleet
    now: datetime.datetime

    @property
    def known_hosts(self) -> Path:
        """Return where the pinned host keys stand."""
        return self.fleet.known_hosts

    @property
    def var(self) -> Path:
        """Return where everything lives that is not part of the fleet's definition."""
        return self.folder / "var"

    def shown(self, path: Path) -> str:
        """Return a path of the folder as a person would type it there."""
        return shown_in(self.folder, path)

    def select(self, limit: str | None) -> list[Host]:
        """Return the hosts that a ``-l`` means, in the order of the inventory; raises when it matches none."""
        if limit is None:
            return list(self.fleet.hosts.values())
        return self.fleet.select(limit, self._read_names)

    def store(self, host: Host) -> Store:
        """Return the store of a host; a plain host outside every store gets one of its own, in UTC."""
        known = self.fleet.store_of(host)
        return known or Store(id=host.store or host.name, name="", region="", timezone="UTC", format="", number=0)

    def limits(self, workers: int | None, retries: int | None = None) -> Limits:
        """Return the settings' limits, with the command line's own number of workers and of rounds."""
        limits = self.settings.network
        limits = msgspec.structs.replace(limits, workers=workers) if workers else limits
        return msgspec.structs.replace(limits, retries=retries) if retries is not None else limits

    @property
    def database_url(self) -> str:
        """Return where runs are kept: the settings' database, else SQLite in ``var/``."""
        return self.settings.database or f"sqlite:///{self.var / 'storefleet.db'}"

    @property
    def owner(self) -> Ownership:
        """Return whose everything in ``var/`` is: the group's of ``var.group``, or ours alone."""
        return Ownership.of(self.settings.var_group)

    def owner_of(self, path: Path) -> Ownership:
        """Return whose a file there is: outside ``var/`` nobody shares it by our doing."""
        return self.owner if path.resolve().is_relative_to(self.var.resolve()) else PRIVATE

    def make_var(self, *names: str) -> Path:
        """Make ``var/``, or a folder in it, and return it; raises :class:`StorageError`."""
        owner, folder = self.owner, self.var
        try:
            owner.make_folder(folder)
            for name in names:
                folder /= name
                owner.make_folder(folder)
        except OSError as fault:
            raise refused(folder, fault, owner) from fault
        return folder

    def open_database(self) -> Database:
        """Open where runs are kept; raises :class:`StorageError`."""
        if self.settings.database is None:
            self.make_var()
        return Database.open(self.database_url, owner=self.owner)

    def _read_names(self, name: str) -> str:
        try:
            return Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise InputError(f"-l @{name}: the file cannot be read: {fault}") from fault


def open_workspace(
    fleet: Path | None, options: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None
) -> Workspace:
    """Find, read and check a fleet folder; raises :class:`InputError` with every complaint at once."""
    environment = os.environ if environ is None else environ
    folder = find_fleet(fleet, environment, Path.cwd())
    now = clock.now()
    gathering = Gathering()
    settings = gathering.attempt(lambda: load_settings(folder, environment, options or {}))
    loaded = gathering.attempt(lambda: load_fleet(folder, now.date()))
    if settings is None or loaded is None:
        audits = gathering.attempt(lambda: load_audits(audit_files(folder), lambda path: shown_in(folder, path)))
        gathering.complaints.extend(check_audits(audits or ()))
        gathering.finish()
    assert settings is not None
    assert loaded is not None
    return Workspace(folder, settings, loaded, now)


def audit_files(folder: Path) -> list[Path]:
    """Return the audits of a fleet folder, in the order of their names."""
    return sorted(path for path in (folder / "audits").glob("*.yaml") if path.name not in NOT_AUDITS)


def golden_files(folder: Path) -> list[Path]:
    """Return the golden configurations of a fleet folder, in the order of their names."""
    return sorted(path for name in ("golden.yaml", "golden/*.yaml") for path in (folder / "audits").glob(name))


def shown_in(folder: Path, path: Path) -> str:
    """Return a path as a person would type it in the fleet folder."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def run_info(workspace: Workspace, verb: str, *, limit: str | None, reason: str | None, ticket: str | None) -> RunInfo:
    """Say who runs what on which inputs; the id sorts by time and is unique."""
    stamp = workspace.now.strftime("%Y%m%dT%H%M%SZ")
    return RunInfo(
        id=f"{stamp}-{verb}-{secrets.token_hex(2)}",
        verb=verb,
        fleet=workspace.settings.fleet,
        actor=actor(os.environ),
        started_at=utc(workspace.now),
        limit=limit,
        inputs=inputs(workspace.folder),
        version=metadata.version("storefleet"),
        reason=reason,
        ticket=ticket,
    )


def actor(environ: Mapping[str, str]) -> Actor:
    """Return the person behind ``sudo`` where there is one, and the machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    behind = environ.get("SUDO_USER")
    return Actor(user=f"{behind} (as {user})" if behind else user, on=platform.node())


def inputs(folder: Path) -> Inputs:
    """Return the commit of the fleet folder and whether it differs from it; nothing where it is no repository."""
    try:
        commit = _git(folder, "rev-parse", "--short=7", "HEAD").strip()
        dirty = bool(_git(folder, "status", "--porcelain", "--untracked-files=no", "--", ".").strip())
    except (OSError, subprocess.SubprocessError):
        return Inputs()
    return Inputs(commit, dirty)


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", str(folder), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=GIT_DEADLINE_S)
    return done.stdout


def redaction_key(workspace: Workspace) -> bytes:
    """Return the fleet's own key, made once, by which redacted values show that they changed and nothing else.

    It lives in ``var/redaction.key``, readable by its owner alone, or by the group of ``var.group``. Whoever replaces
    it makes every redacted value look changed once, of which the report of drift says that it cannot be compared.
    """
    path = workspace.var / "redaction.key"
    try:
        owner = workspace.owner
        workspace.make_var()
        owner.adopt(path)
        if not path.exists():
            write_atomically(path, secrets.token_hex(32), 0o600, owner)
        return path.read_bytes()
    except OSError as fault:
        raise StorageError(f"{path} cannot be read: {fault.strerror}") from fault
