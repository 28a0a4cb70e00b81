"""The lines after the faults: what broke, what could not be seen, what was waived or left out, what is gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from rich.text import Text

from storefleet.model.report import AuditDocument, ClosedFinding, HostReport
from storefleet.reports.escape import visible
from storefleet.reports.fold import by_reason
from storefleet.reports.layout import flow, some
from storefleet.reports.times import days_until
from storefleet.reports.view import INDENT, LABEL, View

_EXPIRY_WARNING_DAYS = 14


def note_lines(document: AuditDocument, hosts: Sequence[HostReport], view: View) -> list[Text]:
    """Return every note that applies, in the order in which a person needs them."""
    lines = [*_unreached(hosts, view), *_odd(hosts, view)]
    judged = [host for host in hosts if host.was_judged]
    for state, style in (("error", "bold red"), ("unknown", "yellow"), ("skipped", "dim")):
        groups = by_reason(judged if state == "unknown" else hosts, state)
        lines += _grouped(state, style, groups, view)
    if view.verbose:
        lines += _grouped("na", "dim", by_reason(hosts, "na"), view)
    lines += _waived(document, hosts, view)
    stores = {host.store for host in hosts}
    return lines + _closed([item for item in document.closed if item.store in stores], view)


def line(label: str, style: str, pieces: Iterable[str], view: View) -> list[Text]:
    """Return one note: a label, then pieces that hang under one another where they do not fit."""
    column = INDENT + LABEL
    body = flow([Text(piece) for piece in pieces if piece], view.width, column)
    if body:
        body[0] = Text(" " * INDENT).append(label, style=style).append(" " * (LABEL - len(label))) + body[0][column:]
    return body


def _names(hosts: Sequence[HostReport], view: View, most: int = 12) -> str:
    return some([visible(view.name(host.host, host.store)) for host in hosts], view.most(most))


def _unreached(hosts: Sequence[HostReport], view: View) -> list[Text]:
    """Return a line for each host of which nothing was judged, with the reason; many are cut and counted.

    On the page of a fleet the hosts of a store that is dark as a whole are left out: the store has a line.
    """
    alive = {host.store for host in hosts if host.reached or host.was_judged}
    unseen = [
        host
        for host in hosts
        if not host.was_judged and not host.left_out and not (view.whole_names and host.store not in alive)
    ]
    lines: list[Text] = []
    for host in unseen[: view.most(12)]:
        unknown = sum(result.state == "unknown" for result in host.results)
        dark = f"dark since {view.clock(host.dark_since)}" if host.dark_since else ""
        count = f"{unknown} {'control' if unknown == 1 else 'controls'} unknown, not failed" if unknown else ""
        pieces = [
            _names([host], view),
            visible(host.reason or "no reason given"),
            "; ".join(filter(None, (dark, count))),
        ]
        lines += line("unknown", "yellow", pieces, view)
    hidden = len(unseen) - view.most(12)
    return lines + (
        line("unknown", "yellow", [f"and {hidden:,} more hosts; --all shows them"], view) if hidden > 0 else []
    )


def _odd(hosts: Sequence[HostReport], view: View) -> list[Text]:
    """Return the devices that answer with another serial number than the asset register has."""
    lines: list[Text] = []
    for host in hosts:
        if host.identity is not None and host.identity.as_expected is False:
            serial = visible(str(host.identity.serial))
            words = f"answers with serial {serial}, which is not the one of the asset register: replaced?"
            lines += line("odd", "magenta", [_names([host], view), words], view)
    return lines


def _grouped(state: str, style: str, groups: list[tuple[str, tuple[HostReport, ...], tuple]], view: View) -> list[Text]:  # type: ignore[type-arg]
    lines: list[Text] = []
    for reason, hosts, results in groups[: view.most(8)]:
        controls = some([visible(result.control) for result in results], view.most(6))
        lines += line(state, style, [_names(hosts, view), visible(reason), controls], view)
    hidden = len(groups) - view.most(8)
    return lines + (line(state, style, [f"and {hidden:,} more reasons; --all shows them"], view) if hidden > 0 else [])


def _waived(document: AuditDocument, hosts: Sequence[HostReport], view: View) -> list[Text]:
    used: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for host in hosts:
        for result in host.results:
            ids = {finding.waiver for finding in result.findings if finding.waiver}
            if result.state == "waived" and not ids:
                ids = set((result.waiver or "no waiver named").split(", "))
            for name in ids:
                used[name].add((result.control, view.name(host.host, host.store)))
    known = {waiver.id: waiver for waiver in document.waivers}
    lines: list[Text] = []
    for name, places in sorted(used.items()):
        waiver = known.get(name)
        days = days_until(waiver.expires, view.now) if waiver else None
        style = "yellow" if days is not None and days <= _EXPIRY_WARNING_DAYS else "dim"
        expiry = "" if days is None else f"expires in {days} days" if days > 0 else "expires today"
        wide = "wide: it names no finding" if waiver is not None and waiver.wide else ""
        hosts_named = some(sorted({visible(host) for _, host in places}), view.most(6))
        controls = " ".join(sorted({visible(control) for control, _ in places}))
        lines += line("waived", style, [visible(name), controls, hosts_named, expiry, wide], view)
    return lines


def _closed(closed: Sequence[ClosedFinding], view: View) -> list[Text]:
    """Return what is gone: good news is told by control, with its hosts."""
    groups: dict[tuple[str, str], list[ClosedFinding]] = defaultdict(list)
    for item in closed:
        groups[item.how, item.control].append(item)
    lines: list[Text] = []
    for (how, control), items in sorted(groups.items())[: view.most(8)]:
        names = sorted({visible(view.name(item.host, item.store)) for item in items})
        since = f"was open since {view.clock(min(item.first_seen for item in items))}"
        words = since if how == "fixed" else f"no longer asked; {since}"
        lines += line(
            how, "green" if how == "fixed" else "dim", [visible(control), some(names, view.most(8)), words], view
        )
    hidden = len(groups) - view.most(8)
    return lines + (
        line("fixed", "green", [f"and {hidden:,} more controls; --all shows them"], view) if hidden > 0 else []
    )
