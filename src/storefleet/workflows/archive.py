"""What one audit keeps in the archive: the picture of every host that answered, and what was intended of it then."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from storefleet.collect.redact import key_id
from storefleet.drift.compare import CONFIG
from storefleet.errors import StorageError
from storefleet.model.instants import instant
from storefleet.model.report import RunInfo
from storefleet.model.state import StateDocument
from storefleet.storage.git import Trailer, blob
from storefleet.storage.snapshots import INTENDED, Night, Snapshots
from storefleet.storage.tidying import tidy
from storefleet.workflows.intents import Intents, lines_of
from storefleet.workflows.snapshots import KEY, completed, folder_of, parts, repository
from storefleet.workflows.workspace import Workspace, redaction_key


@dataclass
class Archive:
    """The snapshots of one run; a fault of the archive is told and ends it, never the run."""

    snapshots: Snapshots | None = None
    night: Night | None = None
    intents: Intents | None = None
    intended: dict[str, str] = field(default_factory=dict)
    """Folder → the golden lines of a router that answered."""
    faults: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    """The hosts that were read."""
    failed: bool = False
    """Whether nothing of this run is kept."""
    key: str = ""
    """The name of the key under which their secrets are hidden."""

    @classmethod
    def of(cls, workspace: Workspace) -> Archive:
        """Begin the archive of a run."""
        snapshots = repository(workspace)
        archive = cls(snapshots)
        with archive._telling():
            workspace.make_var()
            snapshots.make()
            archive.key = key_id(redaction_key(workspace))
            archive.night = snapshots.begin()
            archive.intents = Intents(workspace)
        return archive

    def add(self, document: StateDocument) -> None:
        """Keep what a host has just shown."""
        if self.night is None:
            return
        folder = folder_of(document.store, document.host)
        with self._telling():
            now = parts(document)
            if document.missing or self.night.known.get(folder, {}).keys() - now.keys():
                now = completed(document, now, self.night.before(folder))
            self.night.keep(folder, now)
            self.read.add(document.host)
            self._intend(folder, document)

    def _intend(self, folder: str, document: StateDocument) -> None:
        """Keep the lines that are intended of a router; a golden text that cannot be rendered leaves what was."""
        if self.intents is None or document.role != "router":
            return
        rendered, broken = self.intents.of(self.intents.workspace.fleet.hosts[document.host])
        if not broken:
            self.intended[folder] = lines_of(rendered)

    def end(self, info: RunInfo, asked: Collection[str]) -> None:
        """Make one commit of all that hosts have shown; ``asked`` are those that were to be read."""
        if self.night is None or self.snapshots is None:
            return
        whose = Trailer("Read", " ".join(sorted(self.read))) if info.limit is not None else None
        unread = Trailer("Unread", " ".join(sorted(set(asked) - self.read)))
        key = Trailer(KEY, self.key)
        trailers = (*_trailers(info), *(one for one in (key, whose or unread) if one.value or one is whose))
        at = _seconds(info.started_at)
        with self._telling():
            self.snapshots.end(self.night, f"{info.verb} {info.id}", trailers, at)
        if self.failed:
            return
        try:
            self._end_intended(info, at)
        except StorageError as fault:
            self.faults.append(f"what was intended of routers in this run is not kept: {fault}")

    def _end_intended(self, info: RunInfo, at: int) -> None:
        """Commit what is intended where it has changed; a night on which it has not is none of its history."""
        for golden, fault in (self.intents.faults if self.intents else {}).items():
            self.faults.append(f"golden {golden}: what it intends is not known: {fault}")
        if self.snapshots is None:
            return
        known = self.snapshots.tree(INTENDED)
        changed = {
            folder: text
            for folder, text in self.intended.items()
            if known.get(folder, {}).get(CONFIG) != (blob(text.encode()) if text else None)
        }
        if changed:
            with self.snapshots.begin(INTENDED) as night:
                for folder, text in changed.items():
                    night.keep(folder, {CONFIG: text} if text else {})
                self.snapshots.end(night, f"{info.verb} {info.id}", _trailers(info), at)

    def tidy(self) -> None:
        """Keep the archive quick once the run is told; a failure is told as well."""
        if self.snapshots is None or self.failed:
            return
        try:
            tidy(self.snapshots)
        except StorageError as fault:
            self.faults.append(f"the snapshots are kept, in ever more files that slow reading down: {fault}")

    def give_up(self) -> None:
        """Leave the archive as it was before the run."""
        if self.night is not None:
            self.night.give_up()
            self.night = None

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except StorageError as fault:
            self.faults.append(f"no snapshots of this run: {fault}")
            self.failed = True
            self.give_up()


def _seconds(at: str) -> int:
    found = instant(at)
    assert found is not None
    return int(found.timestamp())


def _trailers(info: RunInfo) -> tuple[Trailer, ...]:
    told = {"Run": info.id, "By": f"{info.actor.user} on {info.actor.on}", "Reason": info.reason, "Ticket": info.ticket}
    return tuple(Trailer(name, value) for name, value in told.items() if value)
