"""What else is known of a host whose picture differs: what it has not saved, and what we did to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec

from storefleet.drift.cause import OwnRun
from storefleet.model.plan import Plan
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
    def ours(self) -> Mapping[str, list[OwnRun]]:
        """Host → our own runs that changed it, the oldest first, out of the plans and journals that are kept."""
        runs = {run.info.id: run.info for run in self.database.runs(LOOK_BACK)}
        found: dict[str, list[OwnRun]] = defaultdict(list)
        for journal in sorted(self.plans.glob("*.journal")):
            for host, targets, run in _changed(journal):
                if (info := runs.get(run)) is not None:
                    found[host].append(OwnRun(run, info.started_at, info.actor.user, targets))
        for some in found.values():
            some.sort(key=lambda run: run.at)
        return found


def own_values(workspace: Workspace, host: Host) -> dict[str, str]:
    """Return what is a host's and its store's own, by what it is: equal drift of two stores then reads the same."""
    store = workspace.store(host)
    own = {"host": host.name, "store": host.store, "address": host.address or "", "mac": host.mac or ""}
    own |= {f"intended.{name}": value for name, value in store.intended.items() if isinstance(value, str)}
    return {name: value for name, value in own.items() if value}


def _changed(journal: Path) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield the hosts that a journal says were changed, with what its plan was about there, and the run."""
    try:
        plan = msgspec.json.decode(journal.with_suffix(".json").read_bytes(), type=Plan)
        ends = ends_of(journal)
    except (OSError, msgspec.MsgspecError):
        return
    for host in plan.hosts:
        end = ends.get(host.host)
        if end is not None and end.kept:
            yield host.host, tuple(change.target for change in host.changes), end.kept.rpartition("/")[2]
