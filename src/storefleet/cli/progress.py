"""Progress on standard error: a bar with the time left on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self, TextIO, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from storefleet.cli.streams import Forgiving, write
from storefleet.reports.escape import visible

PLAIN_EVERY_S = 10.0
"""Seconds between two plain lines, so that a log of the night stays readable."""


class HostProgress:
    """Counts hosts as they answer; use as a context manager."""

    def __init__(self, what: str, total: int, *, quiet: bool = False) -> None:
        self._what, self._total, self._quiet = what, total, quiet
        self._done = self._failed = 0
        self._said_at = time.monotonic()
        self._bar: Progress | None = None
        if sys.stderr.isatty() and not quiet:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("hosts"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[last]}"),
                console=Console(file=cast("TextIO", Forgiving(sys.stderr))),
                transient=True,
            )
            self._task = self._bar.add_task(what, total=total, last="")

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def step(self, host: str, *, answered: bool) -> None:
        """Count one host."""
        self._done += 1
        self._failed += not answered
        if self._bar:
            failed = f"  {self._failed} not read" if self._failed else ""
            self._bar.update(self._task, advance=1, last=visible(host, limit=64) + failed)
        elif not self._quiet and (self._done == self._total or time.monotonic() - self._said_at > PLAIN_EVERY_S):
            self._said_at = time.monotonic()
            failed = f", {self._failed} not read" if self._failed else ""
            write(f"{self._what}: {self._done} of {self._total} hosts{failed}\n", err=True)
