"""`plan`: read, decide, change nothing; what would be made is bound in a file."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from storefleet.connections.connector import Connector
from storefleet.documents.files import write_atomically
from storefleet.errors import Complaint, InputError, TaskFailed
from storefleet.fleet import run as fleet_run
from storefleet.fleet.changing import Planning, digest_of
from storefleet.inventory.nornir_plugin import to_nornir_inventory
from storefleet.model.changes import Change
from storefleet.model.credentials import Purpose
from storefleet.model.effects import Step
from storefleet.model.instants import utc
from storefleet.model.outcome import Answer
from storefleet.model.plan import HostPlan, Plan, PlannedChange
from storefleet.model.store import Host, template_roots
from storefleet.modules.risk import class_of, worst
from storefleet.modules.undo import has_undo
from storefleet.modules.words import action_of, diff_of
from storefleet.playbook.language import Play, Playbook
from storefleet.playbook.load import load_playbook
from storefleet.playbook.run import HostPlay, TaskEnd
from storefleet.templating.engine import render_file
from storefleet.templating.filters import TemplateFault
from storefleet.workflows import clock
from storefleet.workflows.permission import with_not_now
from storefleet.workflows.reading import ShowProgress
from storefleet.workflows.scope import Scope, scope
from storefleet.workflows.sessions import live
from storefleet.workflows.validation import validated_rules
from storefleet.workflows.workspace import Workspace, redaction_key, run_info

VALID = datetime.timedelta(hours=4)
"""How long a plan may be applied: what it saw is older afterwards than anybody would sign for."""

SHELL_PLATFORMS = frozenset({"linux", "busybox", "frr"})
"""Where a playbook can be run, and an undo be armed: by systemd or BusyBox init; of another init arming says no."""


@dataclass(frozen=True)
class PlanRequest:
    """What the command line asked for."""

    playbook: Path
    limit: str | None = None
    reason: str | None = None
    ticket: str | None = None
    workers: int | None = None


@dataclass
class PlanSessions:
    """Sessions in which nothing can be changed; each is kept until its host has been decided."""

    connector: Connector
    purpose: Purpose
    planning: dict[str, Planning]

    def session(self, host: Host, expires_at: float) -> Planning:
        """Return a planning session of the host."""
        inner = self.connector.session(host, expires_at, self.purpose)
        self.planning[host.name] = Planning(inner, host.name)
        return self.planning[host.name]


def find_playbook(workspace: Workspace, path: Path) -> Playbook:
    """Read a playbook, looked up in ``playbooks/`` and then from the current folder; raises :class:`InputError`."""
    for place in (workspace.folder / "playbooks" / path, path, workspace.folder / path):
        if place.is_file():
            playbook = load_playbook(place, workspace.shown(place))
            break
    else:
        raise InputError(f"there is no playbook {path}, neither in playbooks/ nor from the current folder")
    if len(playbook.plays) != 1:
        source = playbook.plays[1].source
        raise InputError(
            [Complaint(source.path, source.line, "one play is due in a playbook here; write a second file")]
        )
    return playbook


@dataclass(frozen=True)
class Job:
    """A playbook with the hosts that it is for; makes the step of each."""

    workspace: Workspace
    playbook: Playbook
    ends: dict[str, list[TaskEnd]]

    @property
    def play(self) -> Play:
        """Return the one play."""
        return self.playbook.plays[0]

    def chosen(self, limit: str | None) -> Scope:
        """Return the play's hosts that ``-l`` leaves; raises where there are none, or one that cannot be worked on."""
        wanted = {host.name for host in self.workspace.select(limit)} if limit else None
        hosts = [host for host in self.workspace.select(self.play.hosts) if wanted is None or host.name in wanted]
        if not hosts:
            raise InputError(f"no host of `hosts: {self.play.hosts}` is among those of -l {limit}")
        foreign = [host.name for host in hosts if host.platform not in SHELL_PLATFORMS]
        if foreign:
            raise InputError(
                f"{self.playbook.shown}: a playbook changes hosts with a shell, and {', '.join(foreign[:5])} "
                f"{'is' if len(foreign) == 1 else 'are'} none; write hosts: that leaves them out"
            )
        return scope(hosts, self.workspace.store)

    def step(self, host: Host) -> Step[tuple[TaskEnd, ...]]:
        """Return the step of one host."""
        store = self.workspace.store(host)
        roots = {**template_roots(host, store), "inventory_hostname": host.name}
        running = HostPlay(self.play, roots, self.read_local, _render)
        self.ends[host.name] = running.ends
        return running.step()

    def read_local(self, kind: str, name: str) -> bytes:
        """Return a file of the fleet, from ``playbooks/files`` or ``playbooks/templates``; never one outside."""
        base = (self.workspace.folder / "playbooks").resolve()
        for path in ((base / kind / name).resolve(), (base / name).resolve()):
            if path.is_relative_to(base) and path.is_file():
                try:
                    return path.read_bytes()
                except OSError as fault:
                    raise TaskFailed(f"{name}: {fault.strerror}") from fault
        raise TaskFailed(f"there is no {name} in playbooks/{kind}/")


def _render(text: str, roots: Mapping[str, object]) -> str:
    try:
        return render_file(text, roots)
    except TemplateFault as fault:
        raise TaskFailed(str(fault)) from fault


def make_plan(workspace: Workspace, request: PlanRequest, show: ShowProgress) -> Plan:
    """Read the hosts and decide; everything wrong with the input is said before any is touched."""
    validated_rules(workspace)
    job = Job(workspace, find_playbook(workspace, request.playbook), {})
    chosen = job.chosen(request.limit)
    info = run_info(workspace, "plan", limit=request.limit, reason=request.reason, ticket=request.ticket)
    hosts, unread = decide(job, chosen.contacted, "read", request.workers, show)
    now = clock.now()
    plan = Plan(
        run=msgspec.structs.replace(info, finished_at=utc(now)),
        playbook=job.playbook.shown,
        playbook_sha256=job.playbook.digest,
        expires_at=utc(now + VALID),
        hosts=with_not_now(workspace, hosts),
        unread=unread,
        left_out=dict(chosen.skipped),
    )
    return sealed(plan, redaction_key(workspace))


def decide(
    job: Job, hosts: Sequence[Host], purpose: Purpose, workers: int | None, show: ShowProgress
) -> tuple[tuple[HostPlan, ...], dict[str, str]]:
    """Run the play on every host without making anything; return what it would make, and why others did not answer."""
    limits = job.workspace.limits(workers)
    key = redaction_key(job.workspace)
    plans: dict[str, HostPlan] = {}
    unread: dict[str, str] = {}
    connector = live(job.workspace, limits)
    sessions = PlanSessions(connector, purpose, {})
    try:
        with show("planning", len(hosts)) as progress:

            def answered(answer: Answer[tuple[TaskEnd, ...]]) -> None:
                progress.step(answer.host, answered=answer.failure is None)
                host = job.workspace.fleet.hosts[answer.host]
                if answer.failure is not None:
                    unread[host.name] = answer.failure.reason
                else:
                    plans[host.name] = _host_plan(host, sessions.planning[host.name].changes, answer.result or (), key)

            inventory = to_nornir_inventory(job.workspace.fleet, hosts)
            fleet_run.run(inventory, job.step, sessions, limits, answered, threading.Event())
    finally:
        connector.close()
    return tuple(plans[host.name] for host in hosts if host.name in plans), unread


def _host_plan(host: Host, changes: Sequence[Change], ends: Sequence[TaskEnd], key: bytes) -> HostPlan:
    planned = tuple(
        PlannedChange(
            change.task, action_of(change), change.target, class_of(change), diff_of(change), digest_of(change, key)
        )
        for change in changes
    )
    failed = next((end for end in ends if end.ended == "failed"), None)
    refused = f"task {failed.task}: {failed.why}" if failed else _why_not(host, changes)
    return HostPlan(
        host.name,
        host.store,
        planned,
        worst(tuple(change.change_class for change in planned)),
        ok=sum(end.ended == "ok" for end in ends),
        skipped=sum(end.ended == "skipped" for end in ends),
        refused=refused,
    )


def _why_not(host: Host, changes: Sequence[Change]) -> str | None:
    """Refuse what could cut the line where no undo can be armed on the device, or where it would not survive."""
    cutting = next((change.target for change in changes if class_of(change) == "path"), None)
    if cutting and host.platform not in SHELL_PLATFORMS:
        return f"{cutting} can cut the way to the device, and on {host.platform} no undo can be armed yet"
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
