"""One store as a section: who it is, what is wrong, what could not be seen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from storefleet.model.report import AuditDocument, HostReport, StoreReport
from storefleet.reports.entry_text import entry_lines
from storefleet.reports.escape import visible
from storefleet.reports.fold import entries
from storefleet.reports.layout import spread
from storefleet.reports.notes import note_lines
from storefleet.reports.view import View


def store_lines(document: AuditDocument, store: StoreReport, view: View, when: str) -> list[Text]:
    """Return the section of one store; ``when`` stands at the right edge of its first line."""
    hosts = [host for host in document.hosts if host.store == store.store]
    faults = entries(hosts)
    trials = entries(hosts, trial=True)
    lines = spread(_title(store), _counts(store, hosts, when), view.width)
    if faults or trials:
        lines += [Text(), *entry_lines([*faults, *trials], hosts, view)]
    elif any(host.was_judged for host in hosts):
        lines += [Text(), _clean(hosts)]
    notes = note_lines(document, hosts, view)
    return [*lines, *([Text(), *notes] if notes else []), Text()]


def _clean(hosts: Sequence[HostReport]) -> Text:
    """Say that nothing is wrong, and in green only where nothing is unknown of the hosts that were judged."""
    states = [result.state for host in hosts if host.was_judged for result in host.results]
    unknown = sum(state in {"unknown", "error"} for state in states)
    if unknown:
        return Text(f"  ? nothing found wrong, but {unknown} results are unknown", style="yellow")
    return Text("  ✓ nothing wrong in what was judged", style="green")


def _title(store: StoreReport) -> Text:
    link = f"{store.link} link" if store.link else None
    about = [visible(part) for part in (store.name, store.store_format, store.region, link) if part]
    return Text().append(visible(store.store), style="bold").append(f" {' · '.join(about)}" if about else "")


def _counts(store: StoreReport, hosts: Sequence[HostReport], when: str) -> Text:
    dark = sum(not host.reached and not host.was_judged and not host.left_out for host in hosts)
    counts = f"{store.hosts} {'host' if store.hosts == 1 else 'hosts'}, {store.judged} judged"
    return Text(f"{counts}{f', {dark} dark' if dark else ''}{f'   {when}' if when else ''}", style="dim")
