"""One difference as lines: what, both sides and what is intended, why it matters, since when, how to mend it."""

from __future__ import annotations

from rich.text import Text

from storefleet.model.drift import Difference
from storefleet.reports.drift_words import (
    Clock,
    alike_words,
    change_words,
    consequences,
    count,
    fix_command,
    is_intended,
    life_words,
    place,
    sides,
    standard_words,
    when_words,
    where_typed,
)
from storefleet.reports.escape import visible
from storefleet.reports.layout import flow, labelled

STYLES = {"critical": "bold red", "high": "red", "medium": "yellow"}
INDENT = 11
_MOST_LINES = 12
"""Of what is typed to mend; a document has all."""


def entry_lines(one: Difference, at: Clock, width: int) -> list[Text]:
    """Return the lines of one difference, its class and severity first."""
    severity = visible(one.matters.severity, 20)
    head = Text(f"{one.cause:<8} {severity:<9}", style=STYLES.get(severity, ""))
    head.append(f"{visible(one.host)}  ", style="bold").append(place(one), style="not bold")
    lines = [*flow([head], width, 2), *flow(_change(one), width, INDENT)]
    if is_intended(one):
        source = standard_words(one, at)
        pieces = [f"→ intended {sides(one)[2]}", f"({source})" if source else ""]
        lines += flow([Text(piece) for piece in pieces if piece], width, INDENT)
    if harm := consequences(one):
        lines += flow([Text(harm, style="bold")], width, INDENT)
    follows = f"{count(len(one.told_with), 'fact')} told with it" if one.told_with else ""
    told = (visible(one.id), life_words(one), when_words(one, at), alike_words(one), follows)
    lines += flow([Text(piece, style="dim") for piece in told if piece], width, INDENT)
    return [*lines, *_mending(one, width)]


def _change(one: Difference) -> list[Text]:
    controls = [Text(f"fails {', '.join(map(visible, one.matters.controls))}")] if one.matters.controls else []
    return [Text(change_words(one)), *controls]


def _mending(one: Difference, width: int) -> list[Text]:
    lines: list[Text] = []
    if one.repair:
        lines += _typed("repair  ", one.repair, where_typed(one), width)
    if one.repair and one.undo_repair:
        lines += _typed("undo    ", one.undo_repair, "", width)
    if command := fix_command(one):
        lines += labelled("fix     ", command, width, INDENT, "cyan")
    return lines


def _typed(label: str, typed: tuple[str, ...], where: str, width: int) -> list[Text]:
    shown = " / ".join(visible(line.strip(), 200) for line in typed[:_MOST_LINES])
    more = f" / and {len(typed) - _MOST_LINES} more" if len(typed) > _MOST_LINES else ""
    return labelled(label, f"{shown}{more}{f'   {where}' if where else ''}", width, INDENT)
