"""The drift of a fleet on one page: equal drift is one row, and what stands in one store only is counted."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from storefleet.model.drift import StoreDrift
from storefleet.model.findings import SEVERITIES
from storefleet.reports.drift_entry import STYLES
from storefleet.reports.drift_groups import Group, dark_words, golden_words, groups, one_off_words, quiet_words
from storefleet.reports.drift_words import Clock
from storefleet.reports.escape import visible
from storefleet.reports.layout import fit, flow, pad, widest

_MOST = 30
"""Signatures that the terminal prints; a report in a file has all."""


def fleet_lines(
    stores: Sequence[StoreDrift], at: Clock, width: int, *, one_offs: bool = False, everything: bool = False
) -> list[Text]:
    """Return the page up to the counts; ``one_offs`` also lists what only one store has."""
    lines: list[Text] = []
    for store in stores:
        for note in store.identities:
            told = f"! {note.kind}  {visible(note.host)}: {visible(note.words, 400)}"
            lines += flow([Text(told, style="bold red")], width, 0)
    found = groups(stores)
    shared = [one for one in found if one.stands_out or one_offs]
    most = len(shared) if everything else _MOST
    lines += _table(shared[:most], at, width)
    if len(shared) > most:
        lines.append(Text(f"  and {len(shared) - most:,} more; --report text:PATH has all"))
    single = [one for one in found if not one.stands_out]
    if single and not one_offs:
        lines += flow([Text(f"one-offs {one_off_words(single)}   (--one-offs lists them)")], width, 2)
    for words in dark_words(stores, at):
        lines += flow([Text(words, style="yellow")], width, 2)
    for words in golden_words(stores):
        lines += flow([Text(words, style="yellow" if "cannot_parse" in words else "")], width, 2)
    for words in quiet_words(stores):
        lines += flow([Text(words, style="dim")], width, 2)
    return lines


def _table(found: Sequence[Group], at: Clock, width: int) -> list[Text]:
    if not found:
        return []
    since = widest((at(one.since) for one in found), 5, 24)
    first = widest((visible(one.where) for one in found), 5, 24)
    heading = f"  stores  class     severity  {pad('since', since)}  {pad('first', first)}  next step"
    lines = [Text(fit(heading, width), style="dim")]
    for one in found:
        severity = SEVERITIES[one.severity]
        row = Text(f"  {one.stores:>6,}  ", style="bold").append(f"{one.first.cause:<8}  ")
        row.append(f"{severity:<8}  ", style=STYLES.get(severity, "not bold"))
        row.append(f"{pad(at(one.since) if one.since else '?', since)}  ", style="not bold")
        row.append(pad(fit(visible(one.where), first), first))
        step = Text(one.next_step, style="cyan")
        if row.cell_len + 2 + step.cell_len <= width:
            lines.append(row.append("  ").append_text(step))
        else:
            lines += [row, *flow([step], width, 10)]
        lines += flow([Text(visible(one.first.signature, 400))], width, 10)
    return lines
