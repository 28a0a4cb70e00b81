"""What is printed: a header that says what was measured where, and one line per figure."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.compare import Spread

MET, MISSED, SHOWN = "met", "MISSED", ""


@dataclass(frozen=True)
class Figure:
    """One line of the table. ``target`` is an upper bound, or a lower one where ``at_least``; None is only shown."""

    name: str
    value: Spread
    unit: str
    hosts: int
    rounds: int
    target: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """Say whether the median meets the target."""
        if self.target is None:
            return SHOWN
        good = self.value.median >= self.target if self.at_least else self.value.median <= self.target
        return MET if good else MISSED

    def row(self) -> str:
        """Return the line."""
        bound = "" if self.target is None else f"{'≥' if self.at_least else '≤'} {_number(self.target)} {self.unit}"
        spread = f"({_number(self.value.low)}-{_number(self.value.high)})" if self.rounds > 1 else ""
        measured = f"{_number(self.value.median)} {self.unit}"
        note = f"  {self.note}" if self.note else ""
        return (
            f"{self.name:<56} {measured:>14} {spread:<17} {bound:>12} {self.verdict:<7}"
            f" N={self.hosts} r={self.rounds}{note}"
        )

    def document(self) -> dict[str, object]:
        """Return the line as data."""
        return {**asdict(self), "verdict": self.verdict}


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def header() -> dict[str, str]:
    """Say which source on which machine."""
    root = Path(__file__).parent.parent
    git = ["git", "-C", str(root)]
    commit = subprocess.run([*git, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=False)
    dirty = subprocess.run([*git, "status", "--porcelain", "src", "bench"], capture_output=True, text=True, check=False)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "commit": commit.stdout.strip() + (" with changes" if dirty.stdout.strip() else ""),
        "machine": f"{os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}",
        "python": platform.python_version(),
        "load": f"{os.getloadavg()[0]:.1f} before the start",
    }


def text(head: dict[str, str], figures: Iterable[Figure]) -> str:
    """Return the whole table."""
    lines = [" · ".join(f"{name} {value}" for name, value in head.items()), ""]
    return "\n".join([*lines, *(figure.row() for figure in figures)]) + "\n"
