"""Past runs as lines for people and as one document for programs (``storefleet.runs/1``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from rich.text import Text

from storefleet.model.base import Json
from storefleet.model.instants import instant
from storefleet.model.report import RunInfo
from storefleet.model.runs import Run
from storefleet.reports.escape import visible
from storefleet.reports.layout import flow, pad, widest
from storefleet.reports.times import clock, duration, zone_named

RUNS_FORMAT = "storefleet.runs/1"
_STYLES = {0: "green", 1: "red"}


def runs_document(fleet: str, runs: Sequence[Run]) -> dict[str, Json]:
    """Return the runs, the newest first; instants are UTC, ``exit`` is null until a run has finished."""
    return {"format": RUNS_FORMAT, "fleet": fleet, "runs": [msgspec.to_builtins(run) for run in runs]}


def run_lines(runs: Sequence[Run], timezone: str, width: int, *, whole: bool = False) -> list[Text]:
    """Return a line for each run and its words below; ``whole`` tells everything that is known of it."""
    if not runs:
        return [Text("no run yet; `storefleet audit` makes the first")]
    zone = UTC if timezone == "store" else zone_named(timezone)
    now = datetime.now(UTC)
    ids = widest((visible(run.info.id) for run in runs), 10, 60)
    lines: list[Text] = []
    for run in runs:
        head = Text(pad(visible(run.info.id), ids), style="bold").append(f"  {clock(run.info.started_at, zone, now)}  ")
        ended = f"exit {run.exit}" if run.exit is not None else run.state
        head.append(pad(ended, 11), style=_STYLES.get(run.exit if run.exit is not None else -1, "yellow"))
        lines += [head.append(_took(run.info)), *flow([Text(part) for part in _words(run, whole=whole)], width, 4)]
    return lines


def _took(info: RunInfo) -> str:
    started, ended = instant(info.started_at), instant(info.finished_at)
    return duration((ended - started).total_seconds()) if started and ended else ""


def _words(run: Run, *, whole: bool) -> list[str]:
    info = run.info
    parts = [visible(run.words)] if run.words else []
    parts += [f"-l {visible(info.limit)}"] if info.limit else []
    parts += [f"by {visible(info.actor.user)} on {visible(info.actor.on)}"]
    parts += [f"reason: {visible(info.reason)}"] if info.reason else []
    parts += [f"ticket {visible(info.ticket)}"] if info.ticket else []
    if whole:
        commit = (
            f"fleet commit {visible(info.inputs.commit)}" if info.inputs.commit else "fleet folder is no repository"
        )
        parts += [f"{commit}{', with uncommitted changes' if info.inputs.dirty else ''}", f"storefleet {info.version}"]
        if run.totals is not None:
            parts += [f"{run.totals.hosts:,} hosts in {run.totals.stores:,} stores"]
        if run.changes is not None:
            counts = msgspec.to_builtins(run.changes)
            parts += [" · ".join(f"{number:,} {name}" for name, number in counts.items() if number)]
    return [part for part in parts if part]
