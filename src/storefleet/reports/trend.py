"""Past runs as points of a line."""

from __future__ import annotations

from dataclasses import dataclass

from storefleet.model.report import Changes, RunInfo


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One finished run: its instant in UTC, open findings, and how many were new and fixed in it."""

    at: str
    open: int
    new: int
    fixed: int

    @classmethod
    def of(cls, info: RunInfo, changes: Changes) -> TrendPoint:
        """Return the point of a run that compared every finding with its own last result."""
        still_there = changes.new + changes.worse + changes.reopened + changes.still
        return cls(info.finished_at or info.started_at, still_there, changes.new, changes.fixed)
