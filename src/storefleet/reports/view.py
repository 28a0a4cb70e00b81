"""How much is shown, how wide, in which zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from storefleet.model.findings import SEVERITIES, Severity
from storefleet.reports.times import clock

SEVERITY_STYLES: dict[Severity, str] = dict(zip(SEVERITIES, ("dim", "cyan", "yellow", "red", "bold red"), strict=True))
LABEL = 10
"""Cells of the first column, indent apart: the longest severity and two blanks."""

INDENT = 2


@dataclass(frozen=True, slots=True)
class View:
    """The reader's wishes and the run's clock, handed to every part of the terminal report."""

    width: int
    zone: tzinfo
    now: datetime
    verbose: bool = False
    everything: bool = False
    whole_names: bool = False

    def clock(self, text: str | None) -> str:
        """Return an instant of the document in this view's zone."""
        return clock(text, self.zone, self.now)

    def name(self, host: str, store: str) -> str:
        """Return the host's name; inside its own store the store's part is left out."""
        return host if self.whole_names else host.removeprefix(f"{store}-")

    def most(self, few: int) -> int:
        """Return how many of a list to show."""
        return 1_000_000 if self.everything else few
