"""What else is known of a host whose picture differs: what it has not saved, what fails there, what we did to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from storefleet.drift.cause import OwnRun
from storefleet.drift.compare import CONFIG, Delta
from storefleet.model.drift import Matters
from storefleet.model.plan import Plan
from storefleet.storage.database import Database
from storefleet.workflows.undo import ends_of

LOOK_BACK = 1000
"""Runs that are searched for the newest audit, and for who made a change."""

GRAVE = ("critical", "high", "medium", "low", "info")


@dataclass
class Evidence:
    """What the database and the plans that were applied tell, each read when it is first asked for."""

    database: Database
    plans: Path

    def unsaved(self, host: str) -> Collection[str]:
        """Return the lines of a router that run and are not saved, or the reverse, as its last document says."""
        document = self.database.last_document(host)
        config = document.facts.get("config") if document else None
        lines = config.get("unsaved") if isinstance(config, dict) else None
        return frozenset(map(str, lines)) if isinstance(lines, list) else frozenset()

    def matters(self, host: str, delta: Delta) -> Matters:
        """Return the controls that fail on this fact, as the last audit found them."""
        failing = [
            (severity, control)
            for severity, control, key in self._findings.get(host, ())
            if delta.part != CONFIG and (delta.key.startswith(key) or key.startswith(delta.key))
        ]
        if not failing:
            return Matters()
        worst = min((severity for severity, _ in failing), key=GRAVE.index)
        return Matters(worst, tuple(sorted({control for _, control in failing})))

    @cached_property
    def _findings(self) -> Mapping[str, list[tuple[str, str, str]]]:
        """Host → severity, control and key of all that was open in the newest audit of which a document is kept."""
        found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
        run = next((run for run in self.database.runs(LOOK_BACK) if run.state == "finished" and run.totals), None)
        document = self.database.audit_document(run.info.id) if run else None
        for host in document.hosts if document else ():
            for result in host.results:
                found[host.host] += [
                    (result.severity, result.control, finding.key)
                    for finding in (result.findings if result.state == "fail" else ())
                ]
        return found

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
