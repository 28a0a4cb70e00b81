"""What else is known of a host whose picture differs: what it has not saved, and what we did to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec

from storefleet.collect.redact import masked
from storefleet.drift.cause import OwnRun
from storefleet.model.plan import Plan, PlannedChange
from storefleet.model.report import RunInfo
from storefleet.model.store import Host
from storefleet.storage.database import Database
from storefleet.workflows.undo import ends_of
from storefleet.workflows.workspace import Workspace

LOOK_BACK = 1000
"""Runs that are searched for who made a change."""


@dataclass
class Evidence:
    """What the database and the plans that were applied tell, each read when it is first asked for."""

    database: Database
    plans: Path
    _unsaved: dict[str, frozenset[str]] = field(default_factory=dict)

    def unsaved(self, host: str) -> frozenset[str]:
        """Return the lines of a router that run and are not saved, or the reverse, as its last document says."""
        if host not in self._unsaved:
            document = self.database.last_document(host)
            config = document.facts.get("config") if document else None
            lines = config.get("unsaved") if isinstance(config, dict) else None
            self._unsaved[host] = frozenset(map(str, lines)) if isinstance(lines, list) else frozenset()
        return self._unsaved[host]

    @cached_property
    def _runs(self) -> Mapping[str, RunInfo]:
        return {run.info.id: run.info for run in self.database.runs(LOOK_BACK)}

    def ended(self, run: str) -> str:
        """Return when a run ended; empty where that is not known."""
        return (info.finished_at or "") if (info := self._runs.get(run)) else ""

    @cached_property
    def ours(self) -> Mapping[str, list[OwnRun]]:
        """Host → our own runs that changed it, the oldest first, out of the plans and journals that are kept."""
        found: dict[str, list[OwnRun]] = defaultdict(list)
        for journal in sorted(self.plans.glob("*.journal")):
            for host, run, changes in _changed(journal):
                if (info := self._runs.get(run)) is not None:
                    targets = tuple(change.target for change in changes)
                    ended = self.ended(run)
                    found[host].append(
                        OwnRun(run, info.started_at, info.actor.user, targets, ended, _lines_of(changes))
                    )
        for some in found.values():
            some.sort(key=lambda run: run.at)
        return found


def own_values(workspace: Workspace, host: Host) -> dict[str, str]:
    """Return what is a host's and its store's own, by what it is: equal drift of two stores then reads the same."""
    store = workspace.store(host)
    own = {"host": host.name, "store": host.store, "address": host.address or "", "mac": host.mac or ""}
    own |= {f"intended.{name}": value for name, value in store.intended.items() if isinstance(value, str)}
    return {name: value for name, value in own.items() if value}


def _lines_of(changes: Sequence[PlannedChange]) -> frozenset[str] | None:
    """Return the lines of a router that changes made come or go; ``None`` where one of them does not tell."""
    found: set[str] = set()
    for change in changes:
        if change.target == "running-config":
            lines = [line for line in change.diff.splitlines() if line.startswith(("+ ", "- "))]
            if not lines:
                return None
            found.update(map(masked, lines))
    return frozenset(found)


def _changed(journal: Path) -> Iterator[tuple[str, str, tuple[PlannedChange, ...]]]:
    """Yield the hosts that a journal says were changed, with the run, and what of its plan stayed there."""
    try:
        plan = msgspec.json.decode(journal.with_suffix(".json").read_bytes(), type=Plan)
        ends = ends_of(journal)
    except (OSError, msgspec.MsgspecError):
        return
    for host in plan.hosts:
        end = ends.get(host.host)
        if end is not None and end.kept:
            made = () if end.ended == "undone" else host.changes
            yield host.host, end.kept.rpartition("/")[2], made
