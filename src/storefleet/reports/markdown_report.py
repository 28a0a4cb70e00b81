"""The audit as Markdown, for a merge request or a chat: the verdict first, foreign text only as code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

from storefleet.model.report import AuditDocument, StoreReport
from storefleet.reports.escape import visible
from storefleet.reports.fleet_view import rank
from storefleet.reports.fold import Entry, entries
from storefleet.reports.notes import expiring
from storefleet.reports.times import clock, run_end, zone_for
from storefleet.reports.values import observed, required

_TOP_STORES = 20
_TOP_FAULTS = 30
_FEW_HOSTS = 12
_LONGEST = 300


def code(text: str | None) -> str:
    """Return text as a code span, in which nothing is markup, link, mention or HTML on any site.

    It is cut at 300 characters. A ``|`` is written ``\\x7c``: within a table readers disagree about every other way.
    """
    shown = visible(text or "", _LONGEST).replace("|", "\\x7c")
    if not shown.strip():
        return "(empty)"
    fence = "`" * (max(map(len, re.findall(r"`+", shown)), default=0) + 1)
    blank = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{blank}{shown}{blank}{fence}"


def audit_markdown(document: AuditDocument, *, timezone: str = "store") -> str:
    """Return the report as CommonMark with tables; long lists are cut and counted.

    ``timezone`` is ``store``, ``UTC`` or an IANA name. No text of a device, file or person stands outside a code span.
    """
    zone = zone_for(timezone, {store.timezone for store in document.stores})
    now = run_end(document.run)
    parts = [
        _verdict(document, zone, now),
        _stores([store for store in document.stores if store.open]),
        _dark(document.stores, zone, now),
        _faults(entries(document.hosts), zone, now),
        _expiring(document, now),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _verdict(document: AuditDocument, zone: tzinfo, now: datetime) -> list[str]:
    run, verdict, changes, totals = document.run, document.verdict, document.changes, document.totals
    seen = verdict.coverage
    counts = [(name, getattr(changes, name)) for name in ("new", "worse", "reopened", "still", "fixed")]
    lines = [
        f"## storefleet {code(run.fleet)}: exit {verdict.exit}",
        "",
        code(verdict.words),
        "",
        f"- coverage: {seen.judged:,} of {seen.expected:,} hosts judged ({seen.percent} %), floor {seen.floor} %",
        f"- findings: {' · '.join(f'{count:,} {name}' for name, count in counts)}",
        f"- results: {' · '.join(f'{count:,} {state}' for state, count in totals.results.items())}",
    ]
    if totals.trial:
        lines.append(f"- on trial, not counted: {totals.trial:,} results")
    return [*lines, f"- run {code(run.id)}, {clock(run.finished_at or run.started_at, zone, now)}"]


def _stores(stores: Sequence[StoreReport]) -> list[str]:
    if not stores:
        return []
    ranked = sorted(stores, key=rank)
    lines = [
        "### Stores with findings",
        "",
        "| store | name | worst | open | new | judged |",
        "|---|---|---|--:|--:|--:|",
    ]
    for store in ranked[:_TOP_STORES]:
        cells = (code(store.store), code(store.name), store.worst or "", f"{store.open:,}", f"{store.new:,}")
        lines.append(f"| {' | '.join(cells)} | {store.judged}/{store.hosts} |")
    return lines + _more(len(ranked) - _TOP_STORES, "stores with findings")


def _dark(stores: Sequence[StoreReport], zone: tzinfo, now: datetime) -> list[str]:
    dark = sorted((store for store in stores if store.state == "dark"), key=lambda store: store.dark_since or "")
    if not dark:
        return []
    lines = ["### Dark stores", ""]
    for store in dark[:_TOP_STORES]:
        since = f" since {clock(store.dark_since, zone, now)}" if store.dark_since else ""
        lines.append(f"- {code(store.store)} {code(store.name)}{since}: its controls are unknown, not passed")
    return lines + _more(len(dark) - _TOP_STORES, "dark stores")


def _faults(found: Sequence[Entry], zone: tzinfo, now: datetime) -> list[str]:
    if not found:
        return []
    ranked = sorted(found, key=lambda entry: not entry.changed)
    lines = ["### Findings", ""]
    for entry in ranked[:_TOP_FAULTS]:
        lines += _fault(entry, zone, now)
    return lines + _more(len(ranked) - _TOP_FAULTS, "findings")


def _fault(entry: Entry, zone: tzinfo, now: datetime) -> Iterator[str]:
    result, finding = entry.result, entry.finding
    changes = sorted({item.change for item in entry.findings if item.change and item.change != "still"})
    first = min((item.first_seen for item in entry.findings if item.first_seen), default=None)
    life = ", ".join(changes) or (f"open since {clock(first, zone, now)}" if first else "")
    yield f"- {result.severity} {code(result.control)} {code(entry.words)}{f' ({life})' if life else ''}"
    yield f"  - {code(finding.key)} is {code(observed(finding))}, should be {code(required(finding))}"
    names = [code(host.host) for host in entry.hosts[:_FEW_HOSTS]]
    more = f" and {len(entry.hosts) - _FEW_HOSTS:,} more" if len(entry.hosts) > _FEW_HOSTS else ""
    yield f"  - on {len(entry.hosts):,} {'host' if len(entry.hosts) == 1 else 'hosts'}: {' '.join(names)}{more}"
    if finding.fix:
        yield f"  - fix: {code(finding.fix)}"


def _expiring(document: AuditDocument, now: datetime) -> list[str]:
    soon = expiring(document.waivers, now)
    if not soon:
        return []
    lines = ["### Waivers that expire soon", ""]
    return lines + [f"- {code(waiver.id)} {f'in {days} days' if days > 0 else 'today'}" for days, waiver in soon]


def _more(count: int, what: str) -> list[str]:
    return ["", f"and {count:,} more {what}"] if count > 0 else []
