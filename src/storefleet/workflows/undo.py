"""`undo RUN`: a plan that puts back what an earlier run replaced, host by host, out of what each kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from storefleet.documents.nodes import Source
from storefleet.errors import InputError
from storefleet.model.plan import HostApplied, Plan
from storefleet.modules import remote
from storefleet.modules.catalogue import UNDO
from storefleet.playbook.language import Play, Playbook, Task
from storefleet.playbook.sources import Sources
from storefleet.workflows.job import Job
from storefleet.workflows.plan import PlanRequest, plan_of
from storefleet.workflows.reading import ShowProgress
from storefleet.workflows.workspace import Workspace


def changed_by(workspace: Workspace, run: str) -> tuple[HostApplied, ...]:
    """Return the hosts that a run changed, as the last line of each in its journal says."""
    kept = f"{remote.KEPT}/{run}"
    found: dict[str, HostApplied] = {}
    for path in sorted((workspace.var / "plans").glob("*.journal")):
        found |= {name: end for name, end in ends_of(path).items() if end.kept == kept}
    return tuple(found.values())


def ends_of(journal: Path) -> dict[str, HostApplied]:
    """Return how each host of a journal came out, by its last line; raises :class:`OSError`."""
    ends: dict[str, HostApplied] = {}
    for line in journal.read_bytes().splitlines():
        try:
            end = msgspec.json.decode(line, type=HostApplied)
        except msgspec.MsgspecError:
            continue  # a line cut by a crash
        ends[end.host] = end
    return ends


def undo_job(workspace: Workspace, run: str, limit: str | None) -> Job:
    """Return the job that takes a run back; raises :class:`InputError` where it changed nothing that is known here."""
    names = frozenset(end.host for end in changed_by(workspace, run))
    if not names:
        raise InputError(f"no apply of the name {run} changed a host from here; `storefleet runs list` names the runs")
    wanted = {host.name for host in workspace.select(limit)} if limit else names
    gone = sorted(name for name in names if name not in workspace.fleet.hosts)
    if gone:
        raise InputError(f"{', '.join(gone[:5])} left the inventory since {run}; put the hosts back first, or use -l")
    source = Source(f"undo of {run}", 1)
    task = Task(f"Take back {run}", UNDO, {"run": run}, source, position=1)
    play = Play(source.path, "all", ((task,),), (), source, gather_facts=False)
    playbook = Playbook(source.path, hashlib.sha256(source.path.encode()).hexdigest(), (play,))
    return Job(workspace, playbook, Sources(()), only=(names & wanted,))


def make_undo(workspace: Workspace, run: str, request: PlanRequest, show: ShowProgress) -> Plan:
    """Return the plan of the way back."""
    return plan_of(undo_job(workspace, run, request.limit), request, show, undo_of=run)
