"""Drift as Markdown, for a ticket or a chat: the verdict first, foreign text only as code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from storefleet.model.drift import Difference, DriftDocument, StoreDrift
from storefleet.model.findings import SEVERITIES
from storefleet.reports.drift_groups import golden_words, groups, one_off_words, quiet_words, trend_words
from storefleet.reports.drift_words import (
    Clock,
    alike_words,
    approval_words,
    clock_of,
    consequences,
    count,
    feature_words,
    fix_command,
    headline,
    is_intended,
    life_words,
    loud,
    place,
    side,
    sides,
    standard_words,
    when_words,
    where_typed,
)
from storefleet.reports.markdown_report import code

_MOST = 60
_MOST_LINES = 20


def drift_markdown(document: DriftDocument, *, timezone: str = "store", whole_fleet: bool) -> str:
    """Return the report as CommonMark with tables; long lists are cut and counted.

    No text of a device, file or person stands outside a code span.
    """
    at = clock_of(document, timezone)
    parts = [_verdict(document, at)]
    if whole_fleet:
        parts.append(_fleet(document.stores, at))
    else:
        parts += [list(_store(store, document.since, clock_of(document, timezone, store))) for store in document.stores]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _verdict(document: DriftDocument, at: Clock) -> list[str]:
    seen = document.coverage
    lines = [f"## storefleet drift: exit {document.exit}", "", headline(document), ""]
    lines.append(f"- compared: {seen.compared:,} of {seen.expected:,} hosts, {seen.floor:g} % are due")
    told = " · ".join(f"{many:,} {code(cause)}" for cause, many in document.summary.items() if many)
    lines += [f"- differences: {told}"] if told else []
    lines.append(f"- unchanged: {count(document.unchanged, 'store')}")
    if document.since != "approved":
        lines.append(f"- compared with what was seen on {at(document.since)}")
    if words := trend_words([(at(one.at), one.stores) for one in document.trend]):
        lines.append(f"- {words}")
    return lines + ([f"- run {code(document.run.run)}, {at(document.run.at)}"] if document.run else [])


def _fleet(stores: Sequence[StoreDrift], at: Clock) -> list[str]:
    lines = [f"- {_identity(store, at)}" for store in stores if store.identities]
    found = groups(stores)
    shared = [one for one in found if not one.one_off]
    if shared:
        lines += ["", "### The same in several stores", ""] if lines else ["### The same in several stores", ""]
        lines += [
            "| stores | class | severity | since | first | next step | signature |",
            "|--:|---|---|---|---|---|---|",
        ]
    for one in shared[:_MOST]:
        cells = (f"{one.stores:,}", one.first.cause, SEVERITIES[one.severity], at(one.since) if one.since else "?")
        foreign = (code(one.first_store), code(one.next_step), code(one.first.signature))
        lines.append(f"| {' | '.join((*cells, *foreign))} |")
    lines += _more(len(shared) - _MOST, "signatures")
    if single := [one for one in found if one.one_off]:
        lines += ["", f"One-offs {code(one_off_words(single))}"]
    return [*lines, *(f"\n{code(words)}" for words in (*golden_words(stores), *quiet_words(stores)))]


def _identity(store: StoreDrift, _at: Clock) -> str:
    return "; ".join(f"**{note.kind}** {code(note.host)} {code(note.words)}" for note in store.identities)


def _store(store: StoreDrift, since: str, at: Clock) -> Iterator[str]:
    yield f"### {code(store.store)} {code(store.name) if store.name else ''}".rstrip()
    yield ""
    seen = f"; seen {at(store.seen.at)}" if store.seen else ""
    yield f"{code(approval_words(store.approved, since, at))}{seen}"
    yield ""
    for note in store.identities:
        evidence = f": {' '.join(map(code, note.evidence))}" if note.evidence else ""
        yield f"- **{note.kind}** {code(note.host)} {' '.join(map(code, note.others))} {code(note.words)}{evidence}"
    found = loud(store)
    for one in found[:_MOST]:
        yield from _difference(one, at)
    yield from _more(len(found) - _MOST, "differences")
    for feature in store.golden:
        yield f"- golden {feature.state} {code(feature.host)} {code(feature_words(feature))}"
    for gap in store.not_compared:
        yield f"- not compared {code(gap.host)}: {code(gap.reason)}"
    for gone in store.ended:
        yield f"- gone since {at(gone.at.at)}: {code(gone.host)} {code(gone.key)}, was {code(side(gone.was))}"
    for words in quiet_words([store]):
        yield f"- {code(words)}"


def _difference(one: Difference, at: Clock) -> Iterator[str]:
    life = f" ({life_words(one)})" if life_words(one) else ""
    controls = f" fails {' '.join(map(code, one.matters.controls))}" if one.matters.controls else ""
    severity = one.matters.severity if one.matters.severity in SEVERITIES else code(one.matters.severity)
    yield f"- {one.cause} {severity} {code(one.host)} {code(place(one))}{life}{controls}"
    approved, observed, intended = sides(one)
    yield f"  - {code(observed)}" if one.approved == one.observed else f"  - {code(approved)} → {code(observed)}"
    if is_intended(one):
        source = f", {code(standard_words(one, at))}" if one.standard else ""
        yield f"  - intended {code(intended)}{source}"
    if harm := consequences(one):
        yield f"  - {code(harm)}"
    yield f"  - {code(one.id)} {code(when_words(one, at))}, {alike_words(one)}"
    if one.told_with:
        yield f"  - {count(len(one.told_with), 'fact')} told with it"
    yield from _typed("repair", one.repair, f" {code(where_typed(one))}")
    yield from _typed("undo", one.undo_repair if one.repair else (), "")
    if command := fix_command(one):
        yield f"  - fix: {code(command)}"


def _typed(label: str, lines: tuple[str, ...], where: str) -> Iterator[str]:
    if lines:
        more = f" and {len(lines) - _MOST_LINES} more" if len(lines) > _MOST_LINES else ""
        yield f"  - {label}{where}: {' / '.join(code(line.strip()) for line in lines[:_MOST_LINES])}{more}"


def _more(number: int, what: str) -> list[str]:
    return ["", f"and {number:,} more {what}", ""] if number > 0 else []
