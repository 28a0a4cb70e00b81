"""The lines after the faults: what broke, what could not be seen, what was waived or left out, what is gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.text import Text

from storefleet.model.findings import State
from storefleet.model.report import AuditDocument, ClosedFinding, HostReport, Identity, WaiverUse
from storefleet.reports.escape import visible
from storefleet.reports.fold import by_reason, waiver_ids
from storefleet.reports.layout import flow, some
from storefleet.reports.times import days_until
from storefleet.reports.view import INDENT, LABEL, View

EXPIRY_WARNING_DAYS = 14
"""A waiver that ends within so many days is said in every report that a person reads."""

_FEW = 12
_STYLES: dict[State, str] = {"error": "bold red", "unknown": "yellow"}


def note_lines(document: AuditDocument, hosts: Sequence[HostReport], view: View) -> list[Text]:
    """Return every note that applies, in the order in which a person needs them."""
    stores = {host.store for host in hosts}
    judged = [host for host in hosts if host.was_judged]
    lines = [*_unreached(hosts, view), *_odd(hosts, view)]
    lines += _grouped("error", hosts, view)
    lines += _grouped("unknown", judged, view)
    lines += _grouped("skipped", hosts, view)
    if view.verbose:
        lines += _grouped("na", hosts, view)
    lines += _waived(document.waivers, hosts, view)
    return lines + _closed([item for item in document.closed if item.store in stores], view)


def line(label: str, style: str, pieces: Iterable[str], view: View) -> list[Text]:
    """Return one note: a label, then pieces that hang under one another where they do not fit."""
    column = INDENT + LABEL
    body = flow([Text(piece) for piece in pieces if piece], view.width, column)
    if body:
        body[0] = Text(" " * INDENT).append(label, style=style).append(" " * (LABEL - len(label))) + body[0][column:]
    return body


def hidden(count: int, what: str) -> list[Text]:
    """Say how many more there are: nothing is left out in silence."""
    return [Text(f"  and {count:,} more {what}; --all shows them", style="dim")] if count > 0 else []


def _names(hosts: Sequence[HostReport], view: View) -> str:
    return some([visible(view.name(host.host, host.store)) for host in hosts], view.most(_FEW))


def _unreached(hosts: Sequence[HostReport], view: View) -> list[Text]:
    """Return a line for each host of which nothing was judged, with the reason; many are cut and counted.

    On the page of a fleet the hosts of a store that is dark as a whole are left out: the store has a line.
    """
    told = {host.store for host in hosts} - {host.store for host in hosts if host.reached or host.was_judged}
    unseen = [host for host in hosts if not (host.was_judged or host.left_out)]
    if view.whole_names:
        unseen = [host for host in unseen if host.store not in told]
    lines = [text for host in unseen[: view.most(_FEW)] for text in _unseen(host, view)]
    return lines + hidden(len(unseen) - view.most(_FEW), "hosts that were not judged")


def _unseen(host: HostReport, view: View) -> list[Text]:
    unknown = sum(result.state == "unknown" for result in host.results)
    facts = [
        f"dark since {view.clock(host.dark_since)}" if host.dark_since else "",
        f"{unknown} {'control' if unknown == 1 else 'controls'} unknown, not failed" if unknown else "",
    ]
    pieces = [_names([host], view), visible(host.reason or "no reason given"), "; ".join(filter(None, facts))]
    return line("unknown", _STYLES["unknown"], pieces, view)


def _odd(hosts: Sequence[HostReport], view: View) -> list[Text]:
    """Return the devices that are another one than the asset register has, or stand elsewhere than they say."""
    odd = [(host, words) for host in hosts if host.identity and (words := oddity(host.identity))]
    lines: list[Text] = []
    for host, words in odd[: view.most(_FEW)]:
        lines += line("odd", "magenta", [_names([host], view), *words], view)
    return lines + hidden(len(odd) - view.most(_FEW), "devices that are not what they should be")


def oddity(identity: Identity) -> list[str]:
    """Return in words what is strange about who answered."""
    words = []
    if identity.as_expected is False:
        serial = visible(str(identity.serial))
        words.append(f"answers with serial {serial}, not the one of the asset register: replaced?")
    if identity.contradicted is not None:
        words.append(f"{visible(identity.contradicted)}: a swapped card, a double address, or a lie")
    return words


def _grouped(state: State, hosts: Sequence[HostReport], view: View) -> list[Text]:
    reasons = by_reason(hosts, state)
    lines: list[Text] = []
    for reason in reasons[: view.most(_FEW)]:
        controls = some([visible(control) for control in reason.controls], view.most(6))
        pieces = [_names(reason.hosts, view), visible(reason.words), controls]
        lines += line(state, _STYLES.get(state, "dim"), pieces, view)
    return lines + hidden(len(reasons) - view.most(_FEW), f"reasons for {state}")


def _waived(waivers: Iterable[WaiverUse], hosts: Sequence[HostReport], view: View) -> list[Text]:
    """Return each waiver in use with what it covers: what is accepted is shown, or it would be forgotten."""
    used: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for host in hosts:
        for result in host.results:
            for name in waiver_ids(result):
                used[name].add((visible(result.control), visible(view.name(host.host, host.store))))
    known = {waiver.id: waiver for waiver in waivers}
    lines: list[Text] = []
    for name, places in sorted(used.items()):
        words, style = waiver_words(known.get(name), view.now), _waiver_style(known.get(name), view)
        controls = " ".join(sorted({control for control, _ in places}))
        covered = some(sorted({host for _, host in places}), view.most(_FEW))
        lines += line("waived", style, [visible(name), controls, covered, *words], view)
    return lines


def _waiver_style(waiver: WaiverUse | None, view: View) -> str:
    return "yellow" if waiver is not None and expiring([waiver], view.now) else "dim"


def expiring(waivers: Iterable[WaiverUse], now: datetime) -> list[tuple[int, WaiverUse]]:
    """Return the waivers that a person must be told of, with the days that they have left, the soonest first."""
    left = ((days_until(waiver.expires, now), waiver) for waiver in waivers)
    soon = [(days, waiver) for days, waiver in left if days is not None and days <= EXPIRY_WARNING_DAYS]
    return sorted(soon, key=lambda pair: (pair[0], pair[1].id))


def waiver_words(waiver: WaiverUse | None, now: datetime) -> list[str]:
    """Return when a waiver ends, and that it is wide where it is."""
    days = days_until(waiver.expires, now) if waiver is not None else None
    words = [] if days is None else [f"expires in {days} days" if days > 0 else "expires today"]
    if waiver is not None and waiver.wide:
        words.append("wide: it names no finding")
    return words


def _closed(closed: Sequence[ClosedFinding], view: View) -> list[Text]:
    """Return what is gone: good news is told by control, with its hosts."""
    groups: dict[tuple[str, str], list[ClosedFinding]] = defaultdict(list)
    for item in closed:
        groups[item.how, item.control].append(item)
    lines: list[Text] = []
    for (how, control), items in sorted(groups.items())[: view.most(_FEW)]:
        names = sorted({visible(view.name(item.host, item.store)) for item in items})
        since = f"was open since {view.clock(min(item.first_seen for item in items))}"
        words, style = (since, "green") if how == "fixed" else (f"no longer asked; {since}", "dim")
        lines += line(how, style, [visible(control), some(names, view.most(_FEW)), words], view)
    return lines + hidden(len(groups) - view.most(_FEW), "controls with findings that are gone")
