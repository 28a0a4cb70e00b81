"""Many stores on one page: the worst stores first, and each fault once with all its hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from storefleet.model.findings import SEVERITIES
from storefleet.model.report import AuditDocument, StoreReport, StoreState
from storefleet.reports.entry_text import entry_lines
from storefleet.reports.escape import visible
from storefleet.reports.fold import entries
from storefleet.reports.layout import fit, flow, pad, spread, widest
from storefleet.reports.notes import hidden, line, note_lines
from storefleet.reports.view import SEVERITY_STYLES, View

_TOP_STORES = 10
_TOP_FAULTS = 15


def fleet_lines(document: AuditDocument, view: View, when: str) -> list[Text]:
    """Return the page up to the totals."""
    run = document.run
    title = Text().append("storefleet", style="bold")
    title.append(f" {visible(run.fleet)} · {visible(run.verb)} · run {visible(run.id)}")
    lines = [*spread(title, Text(when, style="dim"), view.width), *_states(document.stores, view)]
    lines += _dark(document, view)
    lines += _table([store for store in document.stores if store.open], view)
    faults = sorted(entries(document.hosts), key=lambda entry: not entry.changed)
    shown = faults[: view.most(_TOP_FAULTS)]
    shown += entries(document.hosts, trial=True)[: view.most(5)]
    if shown:
        lines += [Text(), *entry_lines(shown, document.hosts, view)]
    lines += hidden(len(faults) - view.most(_TOP_FAULTS), "faults")
    notes = note_lines(document, document.hosts, view)
    return [*lines, *([Text(), *notes] if notes else []), Text()]


def _states(stores: Sequence[StoreReport], view: View) -> list[Text]:
    counts = Counter(store.state for store in stores)
    words: dict[StoreState, str] = {
        "findings": "with findings",
        "dark": "dark",
        "incomplete": "not fully judged",
        "clean": "clean",
        "skipped": "left out",
    }
    parts = " · ".join(f"{counts[state]:,} {word}" for state, word in words.items() if counts[state])
    backup = sum(store.link == "backup" for store in stores)
    more = f"   on the backup link: {backup:,}" if backup else ""
    return flow([Text(f"{len(stores):,} stores: {parts}{more}")], view.width, 0)


def _dark(document: AuditDocument, view: View) -> list[Text]:
    dark = sorted(
        (store for store in document.stores if store.state == "dark"), key=lambda store: store.dark_since or ""
    )
    reasons = {host.store: host.reason for host in reversed(document.hosts)}
    lines: list[Text] = []
    for store in dark[: view.most(4)]:
        since = f"since {view.clock(store.dark_since)}" if store.dark_since else ""
        hosts = f"{store.hosts} {'host' if store.hosts == 1 else 'hosts'}: {visible(reasons.get(store.store) or '?')}"
        lines += line("dark", "yellow", [store.store, since, hosts], view)
    return lines + hidden(len(dark) - view.most(4), "dark stores")


def _table(stores: Sequence[StoreReport], view: View) -> list[Text]:
    if not stores:
        return []
    ranked = sorted(stores, key=rank)[: view.most(_TOP_STORES)]
    codes = widest((store.store for store in ranked), 6, 20)
    names = widest((visible(store.name or "") for store in ranked), 4, max(4, view.width - codes - 46))
    heading = f"  {pad('store', codes)}  {pad('name', names)}  worst      open   new   judged"
    lines = [Text(), Text(heading, style="dim")]
    for store in ranked:
        row = Text().append(f"  {pad(visible(store.store), codes)}  ", style="bold")
        row.append(f"{pad(fit(visible(store.name or ''), names), names)}  ")
        row.append(store.worst or "", style=SEVERITY_STYLES[store.worst] if store.worst else "")
        row.append(" " * (9 - len(store.worst or "")))
        row.append(f"{store.open:>6,}{store.new:>6,}{f'{store.judged}/{store.hosts}':>9}")
        lines.append(row)
    return lines + hidden(len(stores) - len(ranked), "stores with findings")


def rank(store: StoreReport) -> tuple[int, int, int, int, str]:
    """What is new comes first: it is what last night changed, and old faults must not push it off the page."""
    worst = SEVERITIES.index(store.worst) if store.worst else -1
    return (-store.new, -worst, -store.open, -(store.state == "dark"), store.store)
