"""The audit as a person reads it on a terminal: the store first, the verdict last."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import tzinfo

from rich.console import Console
from rich.text import Text

from storefleet.model.instants import instant
from storefleet.model.report import AuditDocument
from storefleet.reports.escape import visible_lines
from storefleet.reports.fleet_view import fleet_lines
from storefleet.reports.footer import footer_lines
from storefleet.reports.store_view import store_lines
from storefleet.reports.times import clock, duration, run_end, zone_for
from storefleet.reports.view import View

FEW_STORES = 5
"""Up to so many stores have a section each; more are one page."""

NO_DIFFS: Mapping[str, str] = {}


def audit_text(
    document: AuditDocument,
    *,
    width: int = 100,
    colour: bool = False,
    verbose: bool = False,
    everything: bool = False,
    timezone: str = "store",
    diffs: Mapping[str, str] = NO_DIFFS,
) -> str:
    """Return the whole report as text that ends with a newline; escape sequences only with ``colour``.

    ``timezone`` is ``store``, ``UTC`` or an IANA name; ``diffs`` are compliance diffs by host, printed at the end.
    """
    lines = audit_lines(document, width=width, verbose=verbose, everything=everything, timezone=timezone, diffs=diffs)
    return render(lines, colour=colour)


def audit_lines(
    document: AuditDocument,
    *,
    width: int = 100,
    verbose: bool = False,
    everything: bool = False,
    timezone: str = "store",
    diffs: Mapping[str, str] = NO_DIFFS,
) -> list[Text]:
    """Return the report as styled lines, none wider than ``width`` except those of a diff."""
    now = run_end(document.run)
    common = zone_for(timezone, {store.timezone for store in document.stores})
    took = duration((now - (instant(document.run.started_at) or now)).total_seconds())
    ended = document.run.finished_at or document.run.started_at

    def view(zone: tzinfo, *, whole_names: bool) -> View:
        return View(max(60, width), zone, now, verbose=verbose, everything=everything, whole_names=whole_names)

    lines: list[Text] = []
    if len(document.stores) > FEW_STORES:
        lines += fleet_lines(document, view(common, whole_names=True), f"{clock(ended, common)}   {took}")
    else:
        for number, store in enumerate(document.stores):
            zone = zone_for(timezone, {store.timezone})
            when = f"{clock(ended, zone)}{f'   {took}' if number == 0 else ''}"
            lines += store_lines(document, store, view(zone, whole_names=False), when)
    lines += footer_lines(document, view(common, whole_names=True))
    return [*lines, *_diff_lines(diffs)]


_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def _diff_lines(diffs: Mapping[str, str]) -> list[Text]:
    """Return the diffs as they are, made visible: they are not folded, since one reads them against a file."""
    lines: list[Text] = []
    for host in sorted(diffs):
        if diffs[host].strip():
            lines.append(Text())
            lines += [
                Text(text, style=_DIFF_STYLES.get(text[:1], "")) for text in visible_lines(diffs[host].rstrip("\n"))
            ]
    return lines


def render(lines: Iterable[Text], *, colour: bool) -> str:
    """Return lines as text, with the sixteen colours that every terminal has or with none."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
        width=10_000,
        _environ={},
    )
    for line in lines:
        console.print(line, soft_wrap=True)
    return stream.getvalue()
