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

from storefleet.errors import InputError
from storefleet.inventory import fleet as inventory
from storefleet.model.report import Actor, Inputs, RunInfo
from storefleet.model.selection import select
from storefleet.model.store import Host
from storefleet.settings.load import Settings, load_settings

GIT_DEADLINE_S = 10


@dataclass(frozen=True)
class Workspace:
    """A fleet folder whose inventory and settings were read without a complaint."""

    folder: Path
    settings: Settings
    fleet: inventory.Fleet
    now: datetime.datetime

    @property
    def known_hosts(self) -> Path:
        """The pinned host keys."""
        return self.folder / "inventory" / "known_hosts"

    @property
    def var(self) -> Path:
        """Where everything that is not part of the fleet's definition lives."""
        return self.folder / "var"

    def shown(self, path: Path) -> str:
        """Return a path of the folder as a person would type it there."""
        return str(path.relative_to(self.folder)) if path.is_relative_to(self.folder) else str(path)

    def select(self, limit: str | None) -> list[Host]:
        """Return the hosts that a ``-l`` means, in the order of the inventory; raises when it matches none."""
        hosts = list(self.fleet.hosts.values())
        if limit is None:
            return hosts
        return select(limit, hosts, self.fleet.stores, read_file=self._read_names)

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
    folder = inventory.find_fleet(fleet, environment, Path.cwd())
    now = datetime.datetime.now(datetime.UTC)
    settings = load_settings(folder, environment, options or {})
    return Workspace(folder, settings, inventory.load_fleet(folder, now.date()), now)


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


def utc(instant: datetime.datetime) -> str:
    """Write an instant as documents carry it: UTC, whole seconds, ``Z``."""
    return instant.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
