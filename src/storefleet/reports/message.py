"""The morning message: what a person must know of the night, on about a dozen lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from rich.text import Text

from storefleet.model.instants import instant
from storefleet.model.report import AuditDocument
from storefleet.model.summary import counted_findings
from storefleet.reports.escape import visible
from storefleet.reports.fold import Entry, entries
from storefleet.reports.layout import fit, flow
from storefleet.reports.notes import EXPIRY_WARNING_DAYS, expiring, oddity
from storefleet.reports.times import clock, duration, run_end, zone_for
from storefleet.reports.values import observed

_LABEL = 11
_FEW = 3


@dataclass(frozen=True, slots=True)
class _Page:
    """The run's clock and the width, in cells, of a page without colours."""

    document: AuditDocument
    zone: tzinfo
    now: datetime
    width: int
    faults: Sequence[Entry]

    def row(self, label: str, pieces: Iterable[str]) -> list[Text]:
        """Return a labelled row; no pieces, no row, and no piece is longer than a line: a device must not fill it."""
        room = self.width - _LABEL
        body = flow([Text(fit(piece, room)) for piece in pieces if piece], self.width, _LABEL)
        if body:
            body[0] = Text(label.ljust(_LABEL)) + body[0][_LABEL:]
        return body


def message_text(document: AuditDocument, *, timezone: str = "store", width: int = 100) -> str:
    """Return the message as plain text of lines at most ``width`` cells wide (at least 60), ending with a newline.

    Only what has something to say has a line. ``timezone`` is ``store``, ``UTC`` or an IANA name; times carry it.
    """
    now = run_end(document.run)
    zone = zone_for(timezone, {store.timezone for store in document.stores})
    page = _Page(document, zone, now, max(60, width), entries(document.hosts))
    rows = [*_head(page), *_coverage(page), *_dark(page), *_changed(page), *_counts(page), *_broken(page)]
    rows += [*_expiring(page), *_odd(page)]
    return "".join(f"{row.plain.rstrip()}\n" for row in rows)


def _head(page: _Page) -> list[Text]:
    run, verdict = page.document.run, page.document.verdict
    started = instant(run.started_at)
    took = duration((page.now - started).total_seconds()) if started else ""
    when = clock(run.finished_at or run.started_at, page.zone)
    parts = [f"storefleet {visible(run.fleet, 30)}", when, took, f"run {visible(run.id, 40)}"]
    title = Text(fit(" · ".join(filter(None, parts)), page.width))
    # The next line says all of the coverage.
    words = [visible(word) for word in verdict.words.split("; ") if not word.startswith("coverage ")]
    return [title, *page.row("verdict", [*words[:_FEW], *_more(len(words)), f"exit {verdict.exit}"])]


def _coverage(page: _Page) -> list[Text]:
    seen = page.document.verdict.coverage
    judged = (
        f"{seen.judged:,} of {seen.expected:,} hosts judged ({_percent(seen.percent)} %, floor {_percent(seen.floor)})"
    )
    backup = sum(store.link == "backup" for store in page.document.stores)
    return page.row("coverage", [judged, f"on the backup link: {backup:,} stores" if backup else ""])


def _percent(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _dark(page: _Page) -> list[Text]:
    dark = sorted(
        (store for store in page.document.stores if store.state == "dark"), key=lambda store: store.dark_since or ""
    )
    words = [f"{visible(store.store, 30)}{_hours(store.dark_since, page)}" for store in dark[:_FEW]]
    return page.row("dark", [f"{len(dark):,} {_plural('store', len(dark))}", *words, *_more(len(dark))] if dark else [])


def _hours(since: str | None, page: _Page) -> str:
    at = instant(since)
    if at is None:
        return ""
    hours = int((page.now - at).total_seconds() // 3600)
    return f" for {hours:,} h" if hours < 72 else f" for {hours // 24:,} d"


def _changed(page: _Page) -> list[Text]:
    """Return what is new, worse or back, each with its first hosts: at most one line an entry."""
    lines: list[Text] = []
    for change, label in (("new", "new"), ("worse", "worse"), ("reopened", "back again")):
        found = [entry for entry in page.faults if any(item.change == change for item in entry.findings)]
        for number, entry in enumerate(found[:_FEW]):
            lines += page.row(label if number == 0 else "", [_fault(entry, change)])
        if len(found) > _FEW:
            lines += page.row("", [f"and {len(found) - _FEW:,} more that are {label}"])
    return lines


def _fault(entry: Entry, change: str) -> str:
    hosts = [host for host, item in zip(entry.hosts, entry.findings, strict=True) if item.change == change]
    names = " ".join(visible(host.host, 40) for host in hosts[:2])
    more = f" and {len(hosts) - 2:,} more" if len(hosts) > 2 else ""
    return f"{entry.result.severity} {visible(entry.result.control, 20)} {names}{more}: {visible(entry.words)}"


def _counts(page: _Page) -> list[Text]:
    """Return the counts of what is known: fixed, still open with the oldest, and what most of them have in common."""
    changes = page.document.changes
    still = [finding for _, finding in counted_findings(page.document.hosts) if finding.change == "still"]
    counts = {name: getattr(changes, name) for name in ("new", "worse", "reopened", "fixed", "retired")}
    pieces = [f"{name} {count:,}" for name, count in counts.items() if count]
    if changes.still:
        seen = (instant(finding.first_seen) for finding in still)
        oldest = min((at for at in seen if at is not None), default=None)
        age = f", oldest {(page.now - oldest).days:,} d" if oldest else ""
        pieces += [f"still open {changes.still:,}{age}", _signature(page)]
    return page.row("findings", pieces)


def _signature(page: _Page) -> str:
    """Return the widest fault of what is still open: many findings are often one mistake."""
    spread_of = [(sum(item.change == "still" for item in entry.findings), entry) for entry in page.faults]
    count, widest = max(spread_of, key=lambda pair: pair[0], default=(0, None))
    if widest is None or count < 2:
        return ""
    finding = widest.finding
    return f"{count:,} of them one signature: {visible(finding.key)} = {observed(finding)}"


def _broken(page: _Page) -> list[Text]:
    results = page.document.totals.results
    words = [f"{count:,} {state} (not passed)" for state in ("error", "unknown") if (count := results.get(state, 0))]
    return page.row("not seen", words)


def _expiring(page: _Page) -> list[Text]:
    soon = expiring(page.document.waivers, page.now)
    names = [f"{visible(waiver.id, 30)} {f'in {days} d' if days > 0 else 'today'}" for days, waiver in soon[:_FEW]]
    head = f"{len(soon):,} {_plural('waiver', len(soon))} in {EXPIRY_WARNING_DAYS} days"
    return page.row("expiring", [head, *names, *_more(len(soon))] if soon else [])


def _odd(page: _Page) -> list[Text]:
    named = [(host.host, oddity(host.identity)) for host in page.document.hosts if host.identity]
    odd = [f"{visible(host, 40)} {'; '.join(words)}" for host, words in named if words]
    lines: list[Text] = []
    for number, words in enumerate(odd[:_FEW]):
        lines += page.row("odd" if number == 0 else "", [words])
    return lines + (page.row("", [f"and {len(odd) - _FEW:,} more devices"]) if len(odd) > _FEW else [])


def _more(count: int) -> Sequence[str]:
    return [f"and {count - _FEW:,} more"] if count > _FEW else []


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
