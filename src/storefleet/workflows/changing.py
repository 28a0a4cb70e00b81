"""One host of a plan: looked at once more, held against its plan, and changed where it is still as it was planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from storefleet.errors import Moved
from storefleet.fleet.binding import Binding, Bound
from storefleet.fleet.drive import drive
from storefleet.fleet.making import Making
from storefleet.model.effects import Step
from storefleet.model.plan import HostPlan
from storefleet.model.store import Host
from storefleet.playbook.state import HostState
from storefleet.workflows.job import Job
from storefleet.workflows.plan import host_plan
from storefleet.workflows.sessions import Lines


@dataclass
class ChangeSessions:
    """Sessions in which the planned changes of hosts can be made, and none besides."""

    lines: Lines
    job: Job
    bindings: dict[str, Binding]
    key: bytes
    run: str
    making: dict[str, Making] = field(default_factory=dict)
    as_planned: set[str] = field(default_factory=set)
    """Hosts that were found as they were planned: from here on they may have been changed."""

    def session(self, host: Host, expires_at: float) -> Making:
        """Return a session in which the host's planned changes can be made."""
        inner = self.lines.connector.session(host, expires_at, "change")
        around = self.job.around(host, lambda one: self.lines.connector.session(one, expires_at, "change", anew=True))
        making = Making(inner, host.name, self.bindings[host.name], self.key, self.run, around)
        making.seen = self.lines.seen.pop(host.name, making.seen)
        self.making[host.name] = making
        return making


def look_and_make(sessions: ChangeSessions, planned: Mapping[str, HostPlan], host: Host) -> Step[HostState]:
    """Decide a host once more without making anything, and go on only where that comes to the plan."""
    look = sessions.making[host.name].second_look()
    found = drive(sessions.job.step(host, planning=True), look)
    why = moved(planned[host.name], host_plan(host, look, found, sessions.key))
    if why is not None:
        raise Moved(why)
    sessions.as_planned.add(host.name)
    return (yield from sessions.job.step(host, planning=False, looks_ahead=False))


def binding_of(host: HostPlan) -> Binding:
    """Return what of its plan a host is bound to."""
    changes = tuple(Bound(change.digest, change.scope, change.maybe, change.change_class) for change in host.changes)
    return Binding(changes, {one.position: one for one in host.undecided})


def _bound_of(host: HostPlan) -> tuple[object, ...]:
    changes = [(change.digest, change.maybe, bool(change.scope)) for change in host.changes]
    return changes, [(one.position, one.change_class) for one in host.undecided]


def moved(planned: HostPlan, now: HostPlan) -> str | None:
    """Tell why a host is no longer as it was planned, or ``None``."""
    if now.refused is not None:
        return now.refused
    if _bound_of(planned) == _bound_of(now):
        return None
    if not now.changes and not now.undecided:
        return "it is already as it would have become; nothing was touched"
    before = {change.digest for change in planned.changes}
    others = [change.target for change in now.changes if change.digest not in before]
    target = next(iter([*others, *(change.target for change in planned.changes), "the host"]))
    return f"{target} is no longer as it was planned; nothing was touched; plan again"
