"""`apply`: make exactly what a plan binds, store by store; a host that is not as it was is left untouched."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from storefleet.errors import BusyError, ChangeFailed, InputError, Moved, StorageError
from storefleet.fleet import run as fleet_run
from storefleet.inventory.nornir_plugin import to_nornir_inventory
from storefleet.model.instants import utc
from storefleet.model.outcome import Answer
from storefleet.model.plan import HostApplied, HostPlan, Plan
from storefleet.model.report import RunInfo
from storefleet.modules import remote
from storefleet.playbook.state import HostState, Tags
from storefleet.workflows import clock
from storefleet.workflows.batches import batches, lanes, too_many
from storefleet.workflows.changing import ChangeSessions, binding_of, look_and_make, moved
from storefleet.workflows.deadman import UNDO_AFTER_S, DeadMan
from storefleet.workflows.exclusive import exclusively
from storefleet.workflows.job import Job, find_playbook, job_of_parts
from storefleet.workflows.leasing import Held, holding
from storefleet.workflows.permission import NO_CONSENT, Consent, Permission, check_start
from storefleet.workflows.plan import decide, write_plan
from storefleet.workflows.proof import grave_findings, not_as_well
from storefleet.workflows.reading import ShowProgress
from storefleet.workflows.sessions import Lines, live
from storefleet.workflows.undo import undo_job
from storefleet.workflows.workspace import Workspace, redaction_key, run_info

BEGUN = "it was to be changed when the run ended without a word; what it kept tells what was"
"""Stands in the journal from before a host's first change until its end is known: a controller may be killed."""

ASK_ABOVE, WAVE_ABOVE = 10, 50
"""Stores above which ``--confirm-stores`` is due, and above which a wave would be the better way."""


@dataclass
class Applied:
    """How the hosts of a plan came out, in its order."""

    run: RunInfo
    hosts: list[HostApplied] = field(default_factory=list)
    interrupt: KeyboardInterrupt | None = None
    notes: tuple[str, ...] = ()
    """What a person must hear beside: stores that were taken over from a run that is gone."""

    @property
    def exit(self) -> int:
        """Return 4 where a change failed or is in doubt, 3 where hosts were refused or left, else 0."""
        ends = {host.ended for host in self.hosts}
        if ends & {"failed", "doubt", "undone"}:
            return 4
        return 3 if ends & {"refused", "left"} else 0


def check_size(plan: Plan, confirmed: int | None) -> None:
    """Refuse a change of many stores that nobody has counted; raises :class:`InputError`."""
    stores = len({host.store for host in plan.to_change})
    if confirmed is not None and confirmed != stores:
        raise InputError(f"--confirm-stores {confirmed}: this changes {stores} stores")
    if stores > ASK_ABOVE and confirmed is None:
        wave = "; so many are better changed in steps, with -l" if stores > WAVE_ABOVE else ""
        raise InputError(f"this changes {stores} stores; confirm it with --confirm-stores {stores}{wave}")


def apply_plan(
    workspace: Workspace,
    plan: Plan,
    show: ShowProgress,
    *,
    reason: str | None,
    ticket: str | None,
    workers: int | None,
    undo_after: int = UNDO_AFTER_S,
    consent: Consent = NO_CONSENT,
    lines: Lines | None = None,
) -> Applied:
    """Make the changes of a plan; whatever is wrong with it is said before a device is touched.

    Where a change could cut the line, the device goes back by itself ``undo_after`` seconds later unless we come in
    again. All others are changed over ``lines`` of the caller's, which are left open.
    """
    job = _job(workspace, plan)
    if job.playbook.digest != plan.playbook_sha256:
        raise InputError(f"{plan.playbook} is no longer the playbook that was planned; plan again")
    unknown = [host.host for host in plan.to_change if host.host not in workspace.fleet.hosts]
    if unknown:
        raise InputError(f"{', '.join(unknown[:5])} left the inventory since the plan was made; plan again")
    permission = check_start(workspace, plan, consent)
    info = consent.signed(run_info(workspace, "apply", limit=plan.run.limit, reason=reason, ticket=ticket))
    stores = sorted({host.store for host in plan.to_change})
    with (
        _leases(workspace, stores, info),
        workspace.open_database() as database,
        holding(database, stores, info) as held,
    ):
        applied = Applied(info, notes=held.words)
        journal = _use_up(workspace, plan)
        try:
            write_plan(workspace, plan, journal.with_suffix(".json"))
            database.begin_run(info)
        except StorageError:
            journal.unlink()  # nothing was touched, so the plan may be applied yet
            raise
        dead_man = DeadMan(workspace, info.id, undo_after)
        Applying(workspace, plan, job, applied, workers, show, dead_man, journal, permission, held, lines).all_stores()
        order = {host.host: number for number, host in enumerate(plan.hosts)}
        applied.hosts.sort(key=lambda end: order[end.host])
        try:
            database.end_run(info.id, utc(clock.now()), applied.exit, _summary(plan, applied) + consent.words)
        except StorageError as fault:  # how the hosts came out is told all the same
            applied.notes += (f"the run is not written down as ended: {fault}",)
    return applied


def _job(workspace: Workspace, plan: Plan) -> Job:
    if plan.parts:
        return job_of_parts(workspace, plan.parts)
    if plan.undo_of is not None:
        return undo_job(workspace, plan.undo_of, plan.run.limit)
    playbook, sources = find_playbook(workspace, workspace.folder / plan.playbook)
    tags = Tags(frozenset(plan.tags), frozenset(plan.skip_tags))
    return Job(workspace, playbook, sources, plan.run.limit, tags)


def _summary(plan: Plan, applied: Applied) -> str:
    counts = Counter(host.ended for host in applied.hosts)
    ends = ", ".join(f"{number} {ended}" for ended, number in counts.items()) or "nothing to do"
    return f"{plan.playbook}, plan {plan.run.id}: {ends}"


@contextlib.contextmanager
def _leases(workspace: Workspace, stores: Sequence[str], info: RunInfo) -> Iterator[None]:
    """Hold every store on this machine; raises :class:`BusyError` before anything is touched."""
    with contextlib.ExitStack() as held:
        for store in stores:
            try:
                held.enter_context(exclusively(workspace, f"store-{store}"[:63], info))
            except BusyError as fault:
                raise BusyError(f"store {store} is being changed: {fault}") from fault
        yield


def _use_up(workspace: Workspace, plan: Plan) -> Path:
    """Begin the plan's journal, which can be done once; raises :class:`InputError` when it was."""
    path = workspace.make_var("plans") / f"{plan.run.id}.journal"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            workspace.owner.claim(stream.fileno())
    except FileExistsError as fault:
        raise InputError(f"this plan ({plan.run.id}) was applied already; plan again") from fault
    except OSError as fault:
        raise StorageError(f"{path} cannot be made: {fault.strerror}; nothing was touched") from fault
    return path


@dataclass
class Applying:
    """One apply under way: batch by batch, each host to an end that stands in the journal at once."""

    workspace: Workspace
    plan: Plan
    job: Job
    applied: Applied
    workers: int | None
    show: ShowProgress
    dead_man: DeadMan
    journal: Path
    permission: Permission
    held: Held
    lines: Lines | None = None
    forbidden: set[str] = field(default_factory=set)
    """Hosts whose changes may not start now: no fault of theirs, so their stores do not count as failed."""
    before: dict[str, frozenset[str]] = field(default_factory=dict)
    """Host → its grave findings before a change that could cut its line."""

    def all_stores(self) -> None:
        """Go through the stores in the play's batches; stop where more have failed than the play allows."""
        failed: set[str] = set()
        earlier: list[HostPlan] = []
        broken = ""
        for batch in batches(self.job.playbook.plays, self.plan.to_change):
            many = too_many(self.job.playbook.plays, self.applied.hosts, failed, earlier)
            earlier = batch
            if self.applied.interrupt is not None or broken or many:
                self._left(batch, "interrupted" if self.applied.interrupt else broken or many)
                continue
            try:
                broken = self.held.why_no_further([host.store for host in batch])
                if not broken and (permitted := self._permitted(batch)):
                    self.batch(permitted)
            except KeyboardInterrupt as fault:
                self.applied.interrupt = fault
            except StorageError as fault:  # our own disk: what was done is told all the same, and no store begun more
                broken = str(fault)
            self._left(batch, broken or "interrupted")
            failed |= {
                host.store for host in self.applied.hosts if host.ended != "changed" and host.host not in self.forbidden
            }

    def _permitted(self, batch: Sequence[HostPlan]) -> list[HostPlan]:
        """Refuse the hosts of a batch whose changes may not start now, and return the others."""
        for name, why in (forbidden := self.permission.why_not(batch)).items():
            self._end(next(host for host in batch if host.host == name), "refused", why=f"{why}; nothing was touched")
        self.forbidden |= forbidden.keys()
        return [host for host in batch if host.host not in forbidden]

    def _left(self, batch: Sequence[HostPlan], why: str) -> None:
        """Tell of the hosts that came to no end of their own."""
        ended = {host.host for host in self.applied.hosts}
        for one in batch:
            if one.host not in ended:
                self._end(one, "left", why=why)

    def batch(self, batch: Sequence[HostPlan]) -> None:
        """Look once more at each host of the batch, and change those that are still as they were planned.

        One whose line is not at stake is changed over the connection that it was looked at over.
        """
        safe = [host for host in batch if host.change_class != "path"]
        if safe:
            self._make(safe, 2 * self.workspace.limits(self.workers).host_s, look=True)
        if self.applied.interrupt is not None:
            return
        armed = self._armed(self._as_planned([host for host in batch if host.change_class == "path"]))
        if armed:
            self._make(armed, self.dead_man.seconds / 2, look=False)
            self._settle(armed)

    def _as_planned(self, batch: Sequence[HostPlan]) -> list[HostPlan]:
        """Look once more at hosts whose line is at stake, each over a connection that ends before any is armed."""
        if not batch:
            return []
        hosts = [self.workspace.fleet.hosts[host.host] for host in batch]
        now, unread = decide(self.job, hosts, "change", self.workers, self.show)
        found = {host.host: host for host in now}
        ready: list[HostPlan] = []
        for host in batch:
            if host.host in unread:
                self._end(host, "refused", why=f"could not be read: {unread[host.host]}")
            elif (why := moved(host, found[host.host])) is not None:
                self._end(host, "refused", why=why)
            else:
                ready.append(host)
        return ready

    def _armed(self, hosts: Sequence[HostPlan]) -> list[HostPlan]:
        """Arm the undo on hosts whose line is at stake; one on which that fails is not touched."""
        if not hosts:
            return []
        names = [host.host for host in hosts]
        self.before |= grave_findings(self.workspace, names, f"before {self.applied.run.id}", self.show)
        failed = self.dead_man.arm(names)
        for host in hosts:
            if host.host in failed:
                self._end(host, "refused", why=f"no undo could be armed there: {failed[host.host]}")
        return [host for host in hosts if host.host not in failed]

    def _settle(self, hosts: Sequence[HostPlan]) -> None:
        """Come in anew: take the undo away where all was made, have the others go back; tell what each says of it."""
        names = {host.host for host in hosts}
        ends = {end.host: end for end in self.applied.hosts if end.host in names}
        made = [host.host for host in hosts if ends[host.host].ended == "changed"]
        try:
            after = self._audited(made, f"after {self.applied.run.id}, while armed")
            worse = {name: why for name in made if (why := not_as_well(self.before, after, name)) is not None}
            for name, why in worse.items():
                ends[name] = self._replace(ends[name], why=why)
            good = [name for name in made if name not in worse]
            told = self.dead_man.disarm(good) | self.dead_man.undo([name for name in ends if name not in good])
        except KeyboardInterrupt as fault:
            self.applied.interrupt = fault
            told = {}
        for host in hosts:
            word, account = told.get(
                host.host, ("silent", "interrupted; its own undo goes off unless it was taken away")
            )
            self._settled(ends[host.host], word, account)

    def _audited(self, names: Sequence[str], reason: str) -> Mapping[str, frozenset[str]]:
        """Audit hosts; a database that cannot take it leaves them unaudited, and so they go back."""
        try:
            return grave_findings(self.workspace, names, reason, self.show)
        except StorageError:
            return {}

    def _settled(self, end: HostApplied, word: str, account: str) -> None:
        untouched = end.ended in ("left", "refused") and word in ("disarmed", "undone")
        if untouched or (word == "disarmed" and end.ended == "changed"):
            return
        whole = "no way back" not in account and "NOT " not in account
        ended = "undone" if word == "undone" and whole else "doubt"
        why = f"{end.why}; {account}" if end.why else account
        self._replace(end, ended=ended, why=why)

    def _replace(self, end: HostApplied, **changed: str) -> HostApplied:
        new = msgspec.structs.replace(end, **changed)
        self.applied.hosts.remove(end)
        self._add(new)
        return new

    def _make(self, ready: Sequence[HostPlan], host_s: float, *, look: bool) -> None:
        """Change hosts; with ``look`` each is looked at once more first, and left untouched where it has moved."""
        limits = msgspec.structs.replace(
            self.workspace.limits(self.workers), per_store=lanes(self.job.playbook.plays), host_s=host_s
        )
        bindings = {host.host: binding_of(host) for host in ready}
        lines = self.lines if look and self.lines is not None else Lines(live(self.workspace, limits))
        sessions = ChangeSessions(lines, self.job, bindings, redaction_key(self.workspace), self.applied.run.id)
        planned = {host.host: host for host in ready}
        if not look:
            sessions.as_planned |= planned.keys()
        for one in ready:
            self._note(
                HostApplied(one.host, one.store, "doubt", why=BEGUN, kept=f"{remote.KEPT}/{self.applied.run.id}")
            )
        answered: set[str] = set()
        try:
            with self.show("changing", len(ready)) as progress:

                def on_answer(answer: Answer[HostState]) -> None:
                    progress.step(answer.host, answered=answer.failure is None)
                    answered.add(answer.host)
                    self._came_out(planned[answer.host], answer, sessions)

                hosts = [self.workspace.fleet.hosts[host.host] for host in ready]
                fleet_run.run(
                    to_nornir_inventory(self.workspace.fleet, hosts),
                    partial(look_and_make, sessions, planned) if look else partial(self.job.step, planning=False),
                    sessions,
                    limits,
                    on_answer,
                    may_retry=lambda name: name not in sessions.as_planned,
                    linger_s=limits.host_s,
                )
        except KeyboardInterrupt as fault:
            self.applied.interrupt = fault
        finally:
            if lines is not self.lines:
                lines.connector.close()
        for host in ready:
            if host.host not in answered:
                making = sessions.making.get(host.host)
                begun = making is not None and host.host in sessions.as_planned
                tried = making.tried if making is not None and begun else 0
                self._end(host, "doubt" if begun else "left", why="interrupted", tried=tried)

    def _came_out(self, host: HostPlan, answer: Answer[HostState], sessions: ChangeSessions) -> None:
        making = sessions.making.get(host.host)
        made, tried = (len(making.made), making.tried) if making else (0, 0)
        fault = answer.failure.error if answer.failure else None
        failed = answer.result.failure if answer.result else None
        if isinstance(fault, Moved):
            self._end(host, "failed" if made else "refused", made, str(fault))
        elif answer.failure is not None and host.host not in sessions.as_planned:
            self._end(host, "refused", why=f"could not be read: {answer.failure.reason}")
        elif fault is not None:
            ended = "failed" if isinstance(fault, ChangeFailed) else "doubt"
            self._end(host, ended, made, str(fault), tried=tried)
        elif failed is not None:
            self._end(host, "failed", made, failed.account, tried=tried)
        elif making is not None and making.left:
            self._end(host, "failed", made, f"{making.left} of {len(host.changes)} planned changes did not come up")
        else:
            self._end(host, "changed", made)

    def _end(self, host: HostPlan, ended: str, made: int = 0, why: str = "", *, tried: int = 0) -> None:
        kept = f"{remote.KEPT}/{self.applied.run.id}" if made or tried else ""
        state = self.job.states.get(host.host)
        begun = state if state is not None and not state.planning else None
        recap, said = (begun.recap, tuple(begun.said)) if begun else (host.recap, ())
        self._add(HostApplied(host.host, host.store, ended, made, why, kept, recap, said))

    def _add(self, end: HostApplied) -> None:
        """Take an end and write it into the journal."""
        self.applied.hosts.append(end)
        self._note(end)

    def _note(self, end: HostApplied) -> None:
        """Write a line into the journal at once; the last one of a host holds."""
        try:
            with self.journal.open("ab") as stream:
                stream.write(msgspec.json.encode(end) + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as fault:
            why = f"{self.journal} could not be written ({fault.strerror}), so `undo` may not know every host"
            self.applied.notes = tuple(dict.fromkeys((*self.applied.notes, why)))
