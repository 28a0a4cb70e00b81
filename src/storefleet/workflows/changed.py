"""What an earlier apply changed: its plan and its journal, as they are kept beside the database."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from storefleet.model.plan import HostApplied, Plan
from storefleet.model.runs import Run
from storefleet.workflows.workspace import Workspace

_PLAN = re.compile(r"\bplan (?P<id>[A-Za-z0-9-]+)")


@dataclass(frozen=True)
class Changed:
    """A plan that was applied, and how each of its hosts came out, the last word of each."""

    plan: Plan
    hosts: tuple[HostApplied, ...]


def changed_in(workspace: Workspace, run: Run) -> Changed | None:
    """Return what a run changed; ``None`` where it is no change, or its plan was cleared away."""
    found = _PLAN.search(run.words or "") if run.info.verb == "apply" else None
    if found is None:
        return None
    folder = workspace.var / "plans"
    try:
        plan = msgspec.json.decode((folder / f"{found['id']}.json").read_bytes(), type=Plan)
        lines = (folder / f"{found['id']}.journal").read_bytes().splitlines()
    except (OSError, msgspec.MsgspecError):
        return None
    ends: dict[str, HostApplied] = {}
    for line in lines:
        try:
            end = msgspec.json.decode(line, type=HostApplied)
        except msgspec.MsgspecError:
            continue  # a line cut by a crash
        ends[end.host] = end
    return Changed(plan, tuple(ends.values()))
