"""Who is told what: from events and routes to messages, each channel at most once for an event."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable

import msgspec

from storefleet.model.base import Value
from storefleet.model.report import AuditDocument
from storefleet.notify.config import DAYS, Attachment, Notify, Route
from storefleet.notify.events import Event, counts, dark_for_s, events_of, weekly

LOST = "lost"
"""The label of the row that tells of messages that were given up; whatever a route shows, it shows that."""

_LABELS = {
    "coverage": ("coverage", "not"),
    "dark": ("dark",),
    "new": ("new",),
    "worse": ("worse", "back"),
    "fixed": ("findings",),
    "counts": ("findings",),
    "waivers-expiring": ("expiring",),
    "odd": ("odd",),
}
"""What a route may show → the first words of the digest's rows; what was not seen belongs to the coverage."""

_ALWAYS = frozenset({"storefleet", "verdict", LOST})


class Message(Value, frozen=True):
    """One event for one channel."""

    channel: str
    event: Event
    attach: tuple[Attachment, ...] = ()


def messages(document: AuditDocument, notify: Notify, digest: str, now: datetime.datetime) -> list[Message]:
    """Return the messages of a run, in the order of its events; pure, so that equal nights are told equally.

    ``now`` is a clock on the wall: a weekly route is due by its zone.
    """
    numbers = counts(document)
    routes = [route for route in notify.routes if route.condition is None or route.condition.holds(numbers)]
    found: list[Message] = []
    for event in events_of(document, digest):
        found += _told(event, [route for route in routes if _fits(route, event, document)])
    for day, due in _weeks(routes, now).items():
        found += _told(weekly(document, digest, day), due)
    return found


def _fits(route: Route, event: Event, document: AuditDocument) -> bool:
    if route.on != event.event:
        return False
    return event.event != "store-dark" or dark_for_s(event, document) >= route.over_s


def _told(event: Event, routes: Iterable[Route]) -> list[Message]:
    """Return the messages of one event: a channel hears it once, as the first of its routes shows it."""
    found: dict[str, Message] = {}
    for route in routes:
        for channel in route.to:
            if channel not in found:
                found[channel] = Message(channel, _shown(event, route), route.attach)
    return list(found.values())


def _shown(event: Event, route: Route) -> Event:
    if not route.show:
        return event
    wanted = {label for part in route.show for label in _LABELS[part]} | _ALWAYS
    return msgspec.structs.replace(event, text=_rows(event.text, wanted))


def _rows(digest: str, wanted: Collection[str]) -> str:
    """Keep the rows of the digest whose label is wanted, with the lines that hang below them."""
    kept: list[str] = []
    keeping = True
    for line in digest.splitlines():
        if line[:1].strip():
            keeping = line.split(maxsplit=1)[0] in wanted
        if keeping:
            kept.append(line)
    return "\n".join(kept) + "\n"


def _weeks(routes: Iterable[Route], now: datetime.datetime) -> dict[str, list[Route]]:
    """Return the weekly routes by the newest day on which each was due, such as ``2026-W48-1``."""
    found: dict[str, list[Route]] = {}
    for route in routes:
        if route.day is None:
            continue
        hour, minute = (int(part) for part in route.at.split(":"))
        back = (now.weekday() - DAYS.index(route.day)) % 7
        at = (now - datetime.timedelta(days=back)).replace(hour=hour, minute=minute, second=0, microsecond=0)
        due = at if at <= now else at - datetime.timedelta(days=7)
        year, week, day = due.isocalendar()
        found.setdefault(f"{year}-W{week:02}-{day}", []).append(route)
    return found
