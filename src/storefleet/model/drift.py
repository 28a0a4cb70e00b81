"""What the report of drift says (``storefleet.drift/1``): differences of devices from what was approved of them."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from storefleet.model.base import Value

Cause: TypeAlias = Literal["replaced", "unsaved", "reverted", "manual", "unknown", "ours"]
"""``replaced``: the host shows another serial number or machine id than was approved, so that it is another device or a
new installation. ``unsaved``: a router runs it and has not saved it. ``reverted``: it is again as it was approved at an
earlier time, and not as now. ``ours``: a run of this fleet made it. ``manual``: no run of ours
touched the host meanwhile, so somebody or something else did. ``unknown``: a run of ours touched the host meanwhile,
and nothing says that it made this."""

CAUSES: tuple[Cause, ...] = ("replaced", "unsaved", "reverted", "manual", "unknown", "ours")
DRIFT_FORMAT = "storefleet.drift/1"


class Sighting(Value, frozen=True):
    """One run that read the host; ``at`` is when it began, UTC."""

    run: str
    at: str


class Matters(Value, frozen=True):
    """Why anybody should care: the worst severity of the controls that fail there, ``info`` where none does."""

    severity: str = "info"
    controls: tuple[str, ...] = ()


class Who(Value, frozen=True, kw_only=True):
    """Who made a difference and when, as the host itself wrote it down; ``user`` is empty where only when is known.

    ``recorded``: a line of the host names the thing. ``inferred``: it is the only one that was there at that time.
    """

    at: str
    user: str = ""
    origin: str = ""
    evidence: str
    certainty: Literal["recorded", "inferred"]


class Difference(Value, frozen=True, kw_only=True):
    """One fact, or one line of a configuration, that is not as it was approved; ``None`` where it is not there.

    ``first_seen`` is the first run that saw it so, ``last_otherwise`` the last one before that; it happened in between.
    ``ours`` names the run of ours that made it, and who started that; ``who`` is what the host says.
    """

    id: str
    host: str
    part: str
    key: str
    cause: Cause = msgspec.field(name="class", default="unknown")
    approved: str | None
    observed: str | None
    first_seen: Sighting | None = None
    last_otherwise: Sighting | None = None
    ours: str | None = None
    who: Who | None = None
    matters: Matters = Matters()
    signature: str
    same_in_stores: int = 1


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


class StoreDrift(Value, frozen=True, kw_only=True):
    """One store: its differences, the grave ones first."""

    store: str
    approved: Approval | None
    seen: Sighting | None
    differences: tuple[Difference, ...]
    not_compared: tuple[NotCompared, ...] = ()


class DriftDocument(Value, frozen=True, kw_only=True):
    """The whole report. ``unchanged`` counts the stores that are as they were approved.

    ``since`` is ``approved``, or the instant of the run with which was compared instead: then that is what
    ``approved`` of each difference holds.
    """

    format: str = DRIFT_FORMAT
    since: str = "approved"
    stores: tuple[StoreDrift, ...]
    unchanged: int = 0

    @property
    def exit(self) -> int:
        """Return 1 where something drifted, 3 where a host could not be compared, else 0."""
        if any(one.cause != "ours" for store in self.stores for one in store.differences):
            return 1
        return 3 if any(store.not_compared for store in self.stores) else 0
