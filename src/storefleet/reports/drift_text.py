"""The report of drift for people on a terminal: a store's differences, or a fleet's by what is alike."""

from __future__ import annotations

from rich.text import Text

from storefleet.model.drift import DriftDocument
from storefleet.reports.drift_fleet import fleet_lines
from storefleet.reports.drift_groups import trend_words
from storefleet.reports.drift_store import store_lines
from storefleet.reports.drift_words import Clock, clock_of, count
from storefleet.reports.layout import flow
from storefleet.reports.terminal import render


def drift_lines(
    document: DriftDocument,
    timezone: str,
    width: int,
    *,
    whole_fleet: bool,
    one_offs: bool = False,
    everything: bool = False,
) -> list[Text]:
    """Return the report; of a whole fleet it counts equal drift and names no store but for an example."""
    at = clock_of(document, timezone)
    lines: list[Text] = []
    if whole_fleet:
        lines += fleet_lines(document.stores, at, width, one_offs=one_offs, everything=everything)
    else:
        for store in document.stores:
            lines += [*store_lines(store, document.since, clock_of(document, timezone, store), width), Text("")]
    if words := trend_words([(at(one.at), one.stores) for one in document.trend]):
        lines += flow([Text(words, style="dim")], width, 0)
    return [*lines, *flow([Text(_last(document, at), style="bold")], width, 0)]


def drift_text(document: DriftDocument, timezone: str = "store", *, whole_fleet: bool) -> str:
    """Return the report in full and without colours: a file has room."""
    lines = drift_lines(document, timezone, 100, whole_fleet=whole_fleet, one_offs=True, everything=True)
    return render(lines, colour=False)


def _last(document: DriftDocument, at: Clock) -> str:
    gaps = sum(len(store.not_compared) for store in document.stores)
    words = [f"unchanged {count(document.unchanged, 'store')}"]
    words += [f"seen {at(document.run.at)}"] if document.run else []
    words += [f"not compared {count(gaps, 'host')}"] if gaps else []
    seen = document.coverage
    if not seen.enough:
        words.append(f"compared {seen.compared:,} of {seen.expected:,} hosts, {seen.floor:g} % are due")
    return f"{' · '.join(words)}  →  exit {document.exit}"
