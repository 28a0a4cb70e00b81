"""What the report of drift says (``storefleet.drift/1``): differences of devices from what was approved of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from storefleet.model.base import Value

Cause: TypeAlias = Literal["replaced", "unsaved", "reverted", "behind", "manual", "unknown", "adopted", "ours"]
"""``replaced``: the host shows another identity than was approved: another device, another one's, or a new
installation. ``unsaved``: a router runs it and has not saved it. ``reverted``: it is again as it was approved at an
earlier time, and not as now. ``behind``: it is as it was approved, and something else is intended of it. ``ours``: a
run of this fleet made it. ``adopted``: it is not as it was approved, and just as it is intended. ``manual``: no run of
ours touched the host meanwhile, so somebody or something else did. ``unknown``: a run of ours touched the host
meanwhile, and nothing says that it made this."""

CAUSES: tuple[Cause, ...] = ("replaced", "unsaved", "reverted", "behind", "manual", "unknown", "adopted", "ours")
QUIET: frozenset[Cause] = frozenset({"adopted", "ours"})
"""What is no drift: it is how it should be, and was not approved yet."""
DRIFT_FORMAT = "storefleet.drift/1"


class Sighting(Value, frozen=True):
    """One run that read the host; ``at`` is when it began, UTC."""

    run: str
    at: str


class Matters(Value, frozen=True):
    """Why anybody should care: the worst severity of the controls that fail there, ``info`` where none does."""

    severity: str = "info"
    controls: tuple[str, ...] = ()
    breaks: str = ""
    """What does not work because of it, in words: ``pos2 has no link``."""


class Standard(Value, frozen=True, kw_only=True):
    """Why something else is intended of a fact than what is there, or the same.

    ``by`` is a golden configuration or a control. ``state`` is what a golden feature says of a line. ``since`` is
    the first run that intended this, ``before`` the last one that did not.
    """

    by: str
    feature: str = ""
    state: Literal["missing", "extra", "out of order", "equal", "fails"]
    since: Sighting | None = None
    before: Sighting | None = None


Life: TypeAlias = Literal["new", "still", "reopened"]
"""``new``: the newest run that read the host was the first to see it so. ``reopened``: it is new, and was so before."""


class Who(Value, frozen=True, kw_only=True):
    """Who made a difference and when, as the host itself wrote it down; ``user`` is empty where only when is known.

    ``recorded``: a line of the host names the thing. ``inferred``: it is the only one that was there at that time.
    ``is_timed`` says that ``at`` is when it was done; else it is when somebody came who may have done it.
    """

    at: str
    is_timed: bool = True
    user: str = ""
    origin: str = ""
    evidence: str
    certainty: Literal["recorded", "inferred"]


class Difference(Value, frozen=True, kw_only=True):
    """One fact, or one line of a configuration, that is not as it was approved; ``None`` where it is not there.

    ``first_seen`` is the first run that saw it so, ``last_otherwise`` the last one before that; it happened in between.
    ``flaps`` counts how often it had gone since it was approved. ``ours`` names the run of ours that made it, and who
    started that; ``who`` is what the host says. ``intended`` is what should be there where ``standard`` says so.
    ``same_in_stores`` is ``None`` where that was not looked for. ``repair`` are the lines that lead to what is
    intended, or else approved; ``undo_repair`` lead back. ``fix`` is the playbook that a failing control names.
    ``told_with`` are facts that follow from this one.
    """

    id: str
    host: str
    part: str
    section: str = ""
    key: str
    cause: Cause = msgspec.field(name="class", default="unknown")
    approved: str | None
    intended: str | None = None
    observed: str | None
    standard: Standard | None = None
    first_seen: Sighting | None = None
    last_otherwise: Sighting | None = None
    last_seen: Sighting | None = None
    life: Life = "still"
    flaps: int = 0
    ours: str | None = None
    who: Who | None = None
    matters: Matters = Matters()
    signature: str
    same_in_stores: int | None = 1
    repair: tuple[str, ...] = ()
    undo_repair: tuple[str, ...] = ()
    fix: str | None = None
    told_with: tuple[str, ...] = ()


class Approval(Value, frozen=True):
    """When a host's picture was last approved, by whom and why."""

    at: str
    by: str
    reason: str = ""
    ticket: str = ""


class NotCompared(Value, frozen=True):
    """A host of which nothing can be said, and why."""

    host: str
    reason: str


class Ended(Value, frozen=True):
    """A difference that the run before the newest one still saw; ``at`` is the run that found the fact as approved."""

    host: str
    part: str
    key: str
    was: str | None
    at: Sighting


class FeatureState(Value, frozen=True, kw_only=True):
    """One feature of a golden configuration on one router that is not as it should be; counts of lines.

    ``cannot_parse`` says in ``reason`` why nothing was compared; it is never a pass.
    """

    host: str
    golden: str
    feature: str = ""
    state: Literal["warn", "fail", "cannot_parse"]
    missing: int = 0
    extra: int = 0
    out_of_order: int = 0
    reason: str = ""


class IdentityNote(Value, frozen=True, kw_only=True):
    """What the serial numbers, addresses and keys of hosts say of who is who.

    ``swapped``: two hosts show each other's. ``moved``: it shows what another host was known by. ``cloned``: several
    hosts show the same at once. ``replaced``: it shows other ids than it was known by. ``refused``: it shows another
    host key than the pinned one, so that nothing was asked of it.
    """

    host: str
    kind: Literal["swapped", "moved", "cloned", "replaced", "refused"]
    others: tuple[str, ...] = ()
    words: str
    evidence: tuple[str, ...] = ()


class StoreDrift(Value, frozen=True, kw_only=True):
    """One store: its differences, the grave ones first; ``timezone`` is the store's own.

    ``seen`` is the newest run that read any of its hosts. Of a host that is dark the differences are those that were
    seen last; it stands in ``not_compared`` all the same.
    """

    store: str
    name: str = ""
    timezone: str = "UTC"
    approved: Approval | None
    seen: Sighting | None
    differences: tuple[Difference, ...]
    ended: tuple[Ended, ...] = ()
    golden: tuple[FeatureState, ...] = ()
    identities: tuple[IdentityNote, ...] = ()
    not_compared: tuple[NotCompared, ...] = ()
    not_asked: tuple[NotCompared, ...] = ()
    """Those that should have been asked who did it, and could not be."""


class DriftPoint(Value, frozen=True):
    """How many stores and hosts were not as they were approved by then, in one run of the past."""

    run: str
    at: str
    stores: int
    hosts: int


class Coverage(Value, frozen=True):
    """How many of the hosts that should be compared were, and the least that is enough, in percent."""

    compared: int = 0
    expected: int = 0
    floor: float = 100.0

    @property
    def enough(self) -> bool:
        """Tell whether enough hosts were compared for the report to speak for all."""
        return self.compared * 100 >= self.floor * self.expected


class DriftDocument(Value, frozen=True, kw_only=True):
    """The whole report. ``unchanged`` counts the stores that are as they were approved.

    ``since`` is ``approved``, or the instant of the run with which was compared instead: then that is what
    ``approved`` of each difference holds. ``run`` is the newest run that was compared; ``summary`` counts differences
    by class; ``trend`` holds earlier runs, the oldest first.
    """

    format: str = DRIFT_FORMAT
    run: Sighting | None = None
    since: str = "approved"
    summary: Mapping[str, int] = {}
    stores: tuple[StoreDrift, ...]
    unchanged: int = 0
    coverage: Coverage = Coverage()
    trend: tuple[DriftPoint, ...] = ()

    @property
    def exit(self) -> int:
        """Return 3 where too few hosts could be compared, or with no golden text, 1 where something drifted, else 0.

        A golden feature that fails counts whoever made it so.
        """
        if not self.coverage.enough or any(
            one.state == "cannot_parse" for store in self.stores for one in store.golden
        ):
            return 3
        drifted = any(one.cause not in QUIET for store in self.stores for one in store.differences)
        failed = any(one.state == "fail" for store in self.stores for one in store.golden)
        return int(drifted or failed or any(store.identities for store in self.stores))
