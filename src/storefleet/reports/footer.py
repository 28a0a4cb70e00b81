"""The last lines: all seven states adding up, what changed, coverage, and the exit code with its remedy."""

from __future__ import annotations

import math

from rich.text import Text

from storefleet.model.findings import STATES
from storefleet.model.report import AuditDocument, Coverage, Totals
from storefleet.reports.escape import visible
from storefleet.reports.layout import flow
from storefleet.reports.view import View

_STYLES = {"pass": "green", "fail": "red", "error": "bold red", "unknown": "yellow"}


def footer_lines(document: AuditDocument, view: View) -> list[Text]:
    """Return totals, changes, coverage and verdict."""
    return [*_totals(document.totals, view), *_changes(document, view), *_verdict(document, view)]


def _totals(totals: Totals, view: View) -> list[Text]:
    pieces = [Text(f"{sum(totals.results.values()):,} results =")]
    for state in STATES:
        count = totals.results.get(state, 0)
        piece = Text().append(f"{count:,} {state}", style=_STYLES.get(state, "") if count else "dim")
        pieces.append(piece if state == STATES[-1] else piece.append(" ·", style="dim"))
    if totals.trial:
        pieces.append(Text(f"  ({totals.trial:,} on trial, not counted)", style="dim"))
    return flow(pieces, view.width, 2, " ")


def _changes(document: AuditDocument, view: View) -> list[Text]:
    changes = document.changes
    counts = {name: getattr(changes, name) for name in ("new", "worse", "still", "reopened", "fixed", "retired")}
    if not any(counts.values()):
        return []
    shown = [f"{count:,} {name}" for name, count in counts.items() if name != "retired" or count]
    if changes.flapping:
        shown.append(f"{changes.flapping:,} of them flapping")
    return flow([Text(f"findings: {' · '.join(shown)}")], view.width, 2)


def _verdict(document: AuditDocument, view: View) -> list[Text]:
    verdict = document.verdict
    seen = verdict.coverage
    style = {0: "bold green", 1: "bold red"}.get(verdict.exit, "bold yellow")
    head = (
        f"coverage {seen.judged:,} of {seen.expected:,} hosts ({_percent(seen.percent)}), floor {_percent(seen.floor)}"
    )
    pieces = [Text(head), Text(f"→  exit {verdict.exit}.", style=style)]
    remedy = _remedy(seen) if verdict.exit == 3 else ""
    if remedy:
        pieces.append(Text(remedy, style="cyan"))
    # The line above says all of the coverage; the words need not say it again.
    words = [word for word in verdict.words.split("; ") if not word.startswith("coverage ")]
    return [*flow(pieces, view.width, 2, "  "), *flow([Text(visible("; ".join(words)))], view.width, 2)]


def _remedy(seen: Coverage) -> str:
    if seen.judged and seen.percent < seen.floor:
        return f" --min-coverage {math.floor(seen.percent)} to judge what was seen."
    return ""


def _percent(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") + " %"
