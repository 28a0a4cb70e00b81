"""`plan`: read, decide, change nothing; what would be made is bound in a file."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from storefleet.connections.connector import Connector
from storefleet.documents.files import write_atomically
from storefleet.errors import InputError
from storefleet.fleet import run as fleet_run
from storefleet.fleet.binding import digest_of, scope_of
from storefleet.fleet.planning import Planning
from storefleet.inventory.nornir_plugin import to_nornir_inventory
from storefleet.model.changes import Change
from storefleet.model.credentials import Purpose
from storefleet.model.instants import utc
from storefleet.model.outcome import Answer
from storefleet.model.plan import HostPlan, Plan, PlannedChange, PlanPart
from storefleet.model.store import Host
from storefleet.modules.risk import class_of, worst
from storefleet.modules.undo import has_undo, has_way_back
from storefleet.modules.words import action_of, diff_of
from storefleet.playbook.state import HostState, Tags
from storefleet.workflows import clock
from storefleet.workflows.job import Job, find_playbook
from storefleet.workflows.permission import with_not_now
from storefleet.workflows.reading import ShowProgress
from storefleet.workflows.sessions import Lines, lent
from storefleet.workflows.validation import validated_rules
from storefleet.workflows.workspace import Workspace, redaction_key, run_info

VALID = datetime.timedelta(hours=4)
"""How long a plan may be applied: what it saw is older afterwards than anybody would sign for."""


@dataclass(frozen=True)
class PlanRequest:
    """What the command line asked for."""

    playbook: Path
    limit: str | None = None
    reason: str | None = None
    ticket: str | None = None
    workers: int | None = None
    tags: frozenset[str] = frozenset()
    skip_tags: frozenset[str] = frozenset()


@dataclass
class PlanSessions:
    """Sessions in which nothing can be changed; each is kept until its host has been decided."""

    connector: Connector
    purpose: Purpose
    job: Job
    planning: dict[str, Planning] = field(default_factory=dict)

    def session(self, host: Host, expires_at: float) -> Planning:
        """Return a planning session of the host."""
        inner = self.connector.session(host, expires_at, self.purpose)
        self.planning[host.name] = Planning(
            inner, host.name, self.job.around(host, lambda one: self.connector.session(one, expires_at, self.purpose))
        )
        return self.planning[host.name]


def make_plan(workspace: Workspace, request: PlanRequest, show: ShowProgress, *, lines: Lines | None = None) -> Plan:
    """Read the hosts and decide; everything wrong with the input is said before any is touched.

    Over ``lines`` of the caller's, which are left open.
    """
    validated_rules(workspace)
    playbook, sources = find_playbook(workspace, request.playbook)
    job = Job(workspace, playbook, sources, request.limit, Tags(request.tags, request.skip_tags))
    return plan_of(job, request, show, lines=lines)


def plan_of(
    job: Job,
    request: PlanRequest,
    show: ShowProgress,
    *,
    parts: tuple[PlanPart, ...] = (),
    undo_of: str | None = None,
    lines: Lines | None = None,
) -> Plan:
    """Return the plan of a job; nothing is touched."""
    workspace = job.workspace
    chosen = job.chosen()
    info = run_info(workspace, "plan", limit=request.limit, reason=request.reason, ticket=request.ticket)
    hosts, unread = decide(job, chosen.contacted, "read", request.workers, show, lines=lines)
    now = clock.now()
    plan = Plan(
        run=msgspec.structs.replace(info, finished_at=utc(now)),
        playbook=job.playbook.shown,
        playbook_sha256=job.playbook.digest,
        expires_at=utc(now + VALID),
        hosts=with_not_now(workspace, hosts),
        unread=unread,
        left_out=dict(chosen.skipped),
        tags=tuple(sorted(request.tags)),
        skip_tags=tuple(sorted(request.skip_tags)),
        parts=parts,
        undo_of=undo_of,
    )
    return sealed(plan, redaction_key(workspace))


def decide(
    job: Job,
    hosts: Sequence[Host],
    purpose: Purpose,
    workers: int | None,
    show: ShowProgress,
    *,
    lines: Lines | None = None,
) -> tuple[tuple[HostPlan, ...], dict[str, str]]:
    """Run the play on every host without making anything; return what it would make, and why others did not answer."""
    limits = job.workspace.limits(workers)
    key = redaction_key(job.workspace)
    plans: dict[str, HostPlan] = {}
    unread: dict[str, str] = {}
    with lent(job.workspace, limits, lines) as connector, show("planning", len(hosts)) as progress:
        sessions = PlanSessions(connector, purpose, job)

        def answered(answer: Answer[HostState]) -> None:
            progress.step(answer.host, answered=answer.failure is None)
            host = job.workspace.fleet.hosts[answer.host]
            if answer.failure is not None:
                unread[host.name] = answer.failure.reason
            else:
                assert answer.result is not None
                plans[host.name] = host_plan(host, sessions.planning[host.name], answer.result, key)
                if lines is not None:
                    lines.remember(host.name, sessions.planning[host.name].seen)

        inventory = to_nornir_inventory(job.workspace.fleet, hosts)
        fleet_run.run(inventory, partial(job.step, planning=True), sessions, limits, answered, threading.Event())
    return tuple(plans[host.name] for host in hosts if host.name in plans), unread


def host_plan(host: Host, session: Planning, state: HostState, key: bytes) -> HostPlan:
    """Return what a host would have made of it, bound under the fleet's key."""
    changes = session.changes
    planned = tuple(_planned(change, key) for change in changes)
    if not state.undecided and not session.fetched and all(change.action == "daemon-reload" for change in planned):
        planned = ()  # systemd would read again what it has read
    failed = state.failure
    classes = (*(change.change_class for change in planned), *(one.change_class for one in state.undecided))
    return HostPlan(
        host.name,
        host.store,
        planned,
        worst(classes),
        ok=state.counts["ok"] - state.counts["changed"],
        skipped=state.counts["skipped"],
        recap=state.recap,
        undecided=tuple(state.undecided),
        fetches=len(session.fetched),
        notes=tuple(state.notes),
        said=tuple(state.said),
        refused=failed.account if failed else _why_not(changes),
    )


def _planned(change: Change, key: bytes) -> PlannedChange:
    return PlannedChange(
        change.task,
        action_of(change),
        change.target,
        class_of(change),
        diff_of(change),
        digest_of(change, key),
        maybe=change.chance != "sure",
        scope=scope_of(change, key) if change.loose else "",
        way_back=has_way_back(change),
    )


def _why_not(changes: Sequence[Change]) -> str | None:
    """Refuse what could cut the line where an undo on the device would go off by itself, or would not survive."""
    cutting = next((change.target for change in changes if class_of(change) == "path"), None)
    reboots = any(class_of(change) == "reboot" for change in changes)
    if cutting and reboots:
        return f"{cutting} is armed with an undo that a reboot lets go off; plan the reboot by itself, afterwards"
    hopeless = next((change.target for change in changes if not has_undo(change)), None)
    if hopeless is not None:
        return f"{hopeless}: no undo on the device would survive this change, so it is not made"
    return None


def sealed(plan: Plan, key: bytes) -> Plan:
    """Return the plan with its seal."""
    bare = msgspec.structs.replace(plan, seal="")
    text = msgspec.json.encode(bare, order="deterministic")
    return msgspec.structs.replace(bare, seal=hmac.new(key, b"plan\0" + text, hashlib.sha256).hexdigest())


def write_plan(workspace: Workspace, plan: Plan, path: Path) -> None:
    """Write the plan, readable by ourselves alone: it shows what stands in files of devices."""
    write_atomically(path, plan_json(plan), 0o600, workspace.owner_of(path))


def plan_json(plan: Plan) -> str:
    """Return the plan as one document."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=1).decode() + "\n"


def read_plan(workspace: Workspace, path: Path) -> Plan:
    """Read a plan of this fleet; raises :class:`InputError` where it is none, was edited or is too old."""
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=Plan)
    except OSError as fault:
        raise InputError(f"{path} cannot be read: {fault.strerror}") from fault
    except (msgspec.DecodeError, msgspec.ValidationError) as fault:
        raise InputError(f"{path} is no plan of this version (storefleet.plan/1): {fault}") from fault
    if not hmac.compare_digest(sealed(plan, redaction_key(workspace)).seal, plan.seal):
        raise InputError(f"{path} was not made by `storefleet plan` of this fleet, or was edited since; plan again")
    if plan.expires_at <= utc(clock.now()):
        raise InputError(f"{path} could be applied until {plan.expires_at}; plan again")
    return plan
