"""May these changes start now, and did those say yes who must? Asked before each batch of stores, not only once."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from storefleet.errors import Complaint, InputError
from storefleet.inventory.windows import HORIZON_DAYS, Bar, Timetable
from storefleet.model.plan import HostPlan, Plan
from storefleet.model.report import RunInfo
from storefleet.workflows import clock
from storefleet.workflows.signing import signers
from storefleet.workflows.workspace import Workspace

_HOW = "write the plan with -o, have author and approver sign it (storefleet sign PLAN --key FILE), and apply it"
_EMERGENCY = "if it cannot wait: --emergency, with --reason, --ticket and two signatures"


@dataclass(frozen=True)
class Consent:
    """What people have said to a plan: who signed it, and that it cannot wait for a window."""

    emergency: bool = False
    signed_by: tuple[str, ...] = ()

    def signed(self, info: RunInfo) -> RunInfo:
        """Return the run with those who signed."""
        names = ", ".join(self.signed_by) or None
        return msgspec.structs.replace(info, actor=msgspec.structs.replace(info.actor, signed_by=names))

    @property
    def words(self) -> str:
        """Return what the history tells of it; empty for a plan that needed nobody."""
        parts = ["emergency"] if self.emergency else []
        parts += [f"signed by {' and '.join(self.signed_by)}"] if self.signed_by else []
        return "".join(f"; {part}" for part in parts)


NO_CONSENT = Consent()
"""Of a plan that nobody but its author has looked at."""


@dataclass
class Permission:
    """What the calendars say of the hosts of a plan, at the instant at which it is asked."""

    workspace: Workspace
    emergency: bool = False
    _timetable: Timetable | None = field(init=False)

    def __post_init__(self) -> None:
        calendars = self.workspace.fleet.calendars
        self._timetable = Timetable(calendars) if calendars is not None else None

    def why_not(self, hosts: Sequence[HostPlan]) -> dict[str, str]:
        """Return for each host whose changes may not start now what forbids it, and when they may."""
        now = clock.now()
        return {one.host: why for one in hosts if one.changes and (why := self._why_not(one, now)) is not None}

    def _why_not(self, planned: HostPlan, now: datetime.datetime) -> str | None:
        host = self.workspace.fleet.hosts.get(planned.host)
        if self._timetable is None or host is None:
            return None
        classes = {change.change_class for change in planned.changes}
        store = self.workspace.store(host)
        bar = self._timetable.bar(host, store, classes, now, emergency=self.emergency)
        return None if bar is None else _told(bar, store.timezone)


def _told(bar: Bar, timezone: str) -> str:
    if bar.opens is None:
        return f"{bar.why}; nothing opens within {HORIZON_DAYS} days"
    return f"{bar.why}; it may next at {bar.opens.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M} {timezone}"


def with_not_now(workspace: Workspace, hosts: Sequence[HostPlan]) -> tuple[HostPlan, ...]:
    """Return the hosts of a plan, each with what would forbid it if it were applied now: planning is always free."""
    forbidden = Permission(workspace).why_not(hosts)
    return tuple(msgspec.structs.replace(one, not_now=forbidden.get(one.host)) for one in hosts)


def check_start(workspace: Workspace, plan: Plan, consent: Consent) -> Permission:
    """Refuse a plan that lacks a signature, or of which no host may start now; raises :class:`InputError`."""
    if signature_due(workspace, plan, emergency=consent.emergency) and len(consent.signed_by) < 2:
        raise InputError(f"{_due(workspace, emergency=consent.emergency)}; {_HOW}; nothing was touched")
    permission = Permission(workspace, consent.emergency)
    forbidden = permission.why_not(plan.to_change)
    if plan.to_change and len(forbidden) == len(plan.to_change):
        more = "" if consent.emergency else f"; {_EMERGENCY}"
        raise InputError([Complaint("", 0, f"{line}; nothing was touched{more}") for line in _grouped(forbidden)])
    return permission


def _grouped(forbidden: dict[str, str]) -> list[str]:
    hosts: dict[str, list[str]] = {}
    for name, why in forbidden.items():
        hosts.setdefault(why, []).append(name)
    return [
        f"{', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}: {why}"
        for why, names in hosts.items()
    ]


def signature_due(workspace: Workspace, plan: Plan, *, emergency: bool) -> bool:
    """Tell whether two people must have signed: always in an emergency, else as ``change.approval`` says."""
    approval = workspace.settings.change.approval
    classes = {host.change_class for host in plan.to_change}
    return bool(classes) and (emergency or approval == "always" or (approval == "path" and "path" in classes))


def _due(workspace: Workspace, *, emergency: bool) -> str:
    if emergency:
        return "--emergency wants the signatures of two people"
    return f"change.approval is {workspace.settings.change.approval}, so this plan wants the signatures of two people"


def check_emergency(*, emergency: bool, reason: str | None, ticket: str | None) -> None:
    """Refuse an emergency without a word why; raises :class:`InputError`."""
    missing = [option for option, given in (("--reason", reason), ("--ticket", ticket)) if not given]
    if emergency and missing:
        raise InputError(f"--emergency wants {' and '.join(missing)}: it sets windows and freezes aside")


def consent_of(workspace: Workspace, plan: Plan, path: Path | None, *, emergency: bool) -> Consent:
    """Return who consents to the plan in a file; raises :class:`InputError` where signatures are due and missing."""
    if not signature_due(workspace, plan, emergency=emergency):
        return Consent(emergency)
    due = _due(workspace, emergency=emergency)
    if path is None:
        raise InputError(f"{due}; {_HOW}; nothing was touched")
    return Consent(emergency, signers(workspace, plan, path, due))
