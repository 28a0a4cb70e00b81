"""The plan of a change (``storefleet.plan/1``): what would be made where, bound so that nothing else can be made."""

from __future__ import annotations

from storefleet.model.base import Value
from storefleet.model.changes import ChangeClass
from storefleet.model.report import RunInfo

PLAN_FORMAT = "storefleet.plan/1"


class PlannedChange(Value, frozen=True):
    """One change: for people the task, what it does to what, and its diff; for ``apply`` the keyed digest.

    ``maybe`` says that only the device will show whether it comes up. ``scope`` binds kind and target alone, where
    what a command before it leaves is not known. ``way_back`` says whether what it replaces can be put back.
    """

    task: str
    action: str
    target: str
    change_class: ChangeClass
    diff: str
    digest: str
    maybe: bool = False
    scope: str = ""
    way_back: bool = True


class PlanPart(Value, frozen=True):
    """One playbook of a plan of several, and the hosts that it is for."""

    playbook: str
    hosts: tuple[str, ...]


class Undecided(Value, frozen=True):
    """A task that only the device will decide: its place in the playbook, why, and how bad it may become at most."""

    position: int
    task: str
    why: str
    change_class: ChangeClass


class Recap(Value, frozen=True):
    """How a host's tasks ended, counted as Ansible counts them; ``ok`` holds the changed, ignored ones too."""

    ok: int = 0
    changed: int = 0
    unreachable: int = 0
    failed: int = 0
    skipped: int = 0
    rescued: int = 0
    ignored: int = 0


class HostPlan(Value, frozen=True):
    """What would be made on one host, in this order; ``refused`` says why it may not be, where it may not.

    ``not_now`` says which window or freeze forbade to start it when it was planned; only ``apply`` holds to it.
    ``fetches`` counts the files that would be brought home, ``notes`` are for people, ``said`` is what `debug` says.
    """

    host: str
    store: str
    changes: tuple[PlannedChange, ...]
    change_class: ChangeClass
    ok: int
    skipped: int
    recap: Recap = Recap()
    undecided: tuple[Undecided, ...] = ()
    fetches: int = 0
    notes: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    refused: str | None = None
    not_now: str | None = None

    @property
    def to_do(self) -> bool:
        """Return whether ``apply`` has something to do there."""
        return bool(self.changes or self.undecided or self.fetches)


class Plan(Value, frozen=True, kw_only=True):
    """The whole plan. ``unread`` are the hosts that could not be asked, with the reason.

    ``parts`` are there where it was made of several playbooks (`audit --fix`), ``undo_of`` where it takes a run back.
    ``playbook_sha256`` binds the playbooks' text, ``seal`` (HMAC-SHA256 under the fleet's key) the plan's own.
    """

    format: str = PLAN_FORMAT
    run: RunInfo
    playbook: str
    playbook_sha256: str
    expires_at: str
    hosts: tuple[HostPlan, ...]
    unread: dict[str, str]
    left_out: dict[str, str]
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    parts: tuple[PlanPart, ...] = ()
    undo_of: str | None = None
    seal: str = ""

    @property
    def to_change(self) -> tuple[HostPlan, ...]:
        """Return the hosts on which ``apply`` has something to do and may do it."""
        return tuple(host for host in self.hosts if host.to_do and host.refused is None)


class HostApplied(Value, frozen=True):
    """How one host came out: ``changed``, ``refused`` (nothing was touched), ``failed`` (stopped at a change that did
    not succeed), ``undone`` (it went back to what it was), ``doubt`` (the line was lost) or ``left`` (not begun).

    ``made`` is how many changes were made; what they replaced is on the device under ``kept``.
    ``said`` is what `debug` told.
    """

    host: str
    store: str
    ended: str
    made: int = 0
    why: str = ""
    kept: str = ""
    recap: Recap = Recap()
    said: tuple[str, ...] = ()


class AppliedDocument(Value, frozen=True, kw_only=True):
    """How the hosts of a plan came out, in its order, under the run that changed them."""

    format: str = "storefleet.applied/1"
    run: str
    hosts: tuple[HostApplied, ...]
