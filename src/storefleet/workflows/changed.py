"""What an earlier apply changed: its plan and its journal, as they are kept beside the database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from storefleet.model.plan import HostApplied, Plan
from storefleet.model.runs import Run
from storefleet.modules import remote
from storefleet.workflows.undo import ends_of
from storefleet.workflows.workspace import Workspace

_PLAN = re.compile(r"\bplan (?P<id>[A-Za-z0-9-]+)")


@dataclass(frozen=True)
class Changed:
    """A plan that was applied, and how each of its hosts came out, the last word of each."""

    plan: Plan
    hosts: tuple[HostApplied, ...]


def changed_in(workspace: Workspace, run: Run) -> Changed | None:
    """Return what a run changed; ``None`` where it is no change, or its plan was cleared away."""
    try:
        journal = _journal(workspace, run) if run.info.verb == "apply" else None
        if journal is None:
            return None
        plan = msgspec.json.decode(journal.with_suffix(".json").read_bytes(), type=Plan)
        return Changed(plan, tuple(ends_of(journal).values()))
    except (OSError, msgspec.MsgspecError):
        return None


def _journal(workspace: Workspace, run: Run) -> Path | None:
    """Return the journal of a run: its words name the plan, or, where it was killed, what its hosts keep names it."""
    folder = workspace.var / "plans"
    found = _PLAN.search(run.words or "")
    if found is not None:
        return folder / f"{found['id']}.journal"
    kept = f'"{remote.KEPT}/{run.info.id}"'.encode()
    return next((path for path in sorted(folder.glob("*.journal")) if kept in path.read_bytes()), None)
