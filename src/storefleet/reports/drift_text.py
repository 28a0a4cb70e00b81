"""The report of drift for people: a store's differences, the grave ones first; a fleet's, by what is alike."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from rich.text import Text

from storefleet.model.drift import Approval, Difference, DriftDocument, Sighting, StoreDrift
from storefleet.model.instants import instant
from storefleet.reports.escape import visible
from storefleet.reports.layout import flow
from storefleet.reports.times import clock, zone_named

_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "", "info": ""}
_HASH = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{28,}\b")
_MOST = 30
"""Signatures that the fleet's report prints; the document has all."""


def drift_lines(document: DriftDocument, timezone: str, width: int, *, whole_fleet: bool) -> list[Text]:
    """Return the report; of a whole fleet it counts equal drift and names no store but for an example."""
    zone = zone_named("UTC" if timezone == "store" else timezone)
    lines: list[Text] = []
    if whole_fleet:
        lines += _signatures(document.stores, width)
    else:
        for store in document.stores:
            lines += [*_store(store, document.since, zone, width), Text("")]
    gaps = sum(len(store.not_compared) for store in document.stores)
    words = [f"unchanged {_count(document.unchanged, 'store')}"]
    words += [f"not compared {_count(gaps, 'host')}"] if gaps else []
    return [*lines, Text(f"{' · '.join(words)}  →  exit {document.exit}", style="bold")]


def _store(store: StoreDrift, since: str, zone: datetime.tzinfo, width: int) -> list[Text]:
    now = instant(store.seen.at) if store.seen else None
    head = Text(visible(store.store), style="bold")
    seen_then = f"compared with what was seen on {clock(since, zone, now)}"
    approval = _approval(store.approved, zone, now) if since == "approved" else seen_then
    seen = f" · seen {clock(store.seen.at, zone, now)}" if store.seen else ""
    lines = flow([head.append(f" · {approval}{seen}", style="not bold")], width, 0)
    drifted = [one for one in store.differences if one.cause != "ours"]
    for one in drifted:
        lines += _difference(one, zone, now, width)
    for run in dict.fromkeys(one.ours for one in store.differences if one.ours):
        many = sum(one.ours == run for one in store.differences)
        lines += flow([Text(f"ours  {many}  by {visible(str(run))}: not drift, and not approved yet")], width, 2)
    for gap in store.not_compared:
        lines += flow([Text(f"not compared  {visible(gap.host)}: {visible(gap.reason)}", style="yellow")], width, 2)
    if drifted and since == "approved":
        lines += flow([Text(f"accept: storefleet drift accept {visible(store.store)} D-… --reason …")], width, 2)
    return lines


def _approval(approval: Approval | None, zone: datetime.tzinfo, now: datetime.datetime | None) -> str:
    if approval is None:
        return "nothing was approved yet"
    who = ", ".join(visible(part) for part in (approval.by, approval.ticket) if part)
    return f"compared with what was approved on {clock(approval.at, zone, now)} ({who})"


def _difference(one: Difference, zone: datetime.tzinfo, now: datetime.datetime | None, width: int) -> list[Text]:
    head = Text(f"{one.cause:<8} {one.matters.severity:<9}", style=_STYLES[one.matters.severity])
    head.append(f"{visible(one.host)}  ", style="bold").append(visible(one.key, 300), style="not bold")
    controls = f"   fails {', '.join(map(visible, one.matters.controls))}" if one.matters.controls else ""
    alike = "only here" if one.same_in_stores == 1 else f"{one.same_in_stores} stores alike"
    return [
        *flow([head], width, 2),
        *flow([Text(f"{_side(one.approved)}  →  {_side(one.observed)}{controls}")], width, 11),
        *flow([Text(f"{one.id}   {_when(one, zone, now)}   {alike}", style="dim")], width, 11),
    ]


def _side(text: str | None) -> str:
    if text is None:
        return "absent"
    return visible(_HASH.sub(r"\1…", text), 400) or "present"


def _when(one: Difference, zone: datetime.tzinfo, now: datetime.datetime | None) -> str:
    def at(sighting: Sighting) -> str:
        return clock(sighting.at, zone, now)

    if one.first_seen is None:
        return "since when is not known"
    if one.last_otherwise is None:
        return f"so since it was first seen, {at(one.first_seen)}"
    if one.who is not None:
        by = f"by {visible(one.who.user)}, " if one.who.user else "by whom is not known, "
        return f"{clock(one.who.at, zone, now)} {by}{one.who.certainty}: {visible(one.who.evidence, 160)}"
    return f"between {at(one.last_otherwise)} and {at(one.first_seen)}, by whom is not known"


def _signatures(stores: Sequence[StoreDrift], width: int) -> list[Text]:
    first: dict[tuple[str, str], tuple[int, str]] = {}
    for store in stores:
        for one in store.differences:
            if one.cause != "ours":
                first.setdefault((one.signature, one.cause), (one.same_in_stores, store.store))
    ranked = sorted(first.items(), key=lambda entry: (-entry[1][0], entry[0]))
    lines: list[Text] = []
    for (signature, cause), (many, where) in ranked[:_MOST]:
        lines += flow([Text(f"{_count(many, 'store'):>12}  {cause:<8} first {visible(where)}", style="bold")], width, 0)
        lines += flow([Text(visible(signature, 400))], width, 14)
    if len(ranked) > _MOST:
        lines.append(Text(f"and {len(ranked) - _MOST} more; --format json has all"))
    return lines


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
