"""Who is told what: from events and routes to messages, each channel at most once for an event."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from storefleet.model.base import Value
from storefleet.model.report import AuditDocument
from storefleet.notify.config import DAYS, Attachment, Notify, Route
from storefleet.notify.events import Event, counts, dark_for_s, events_of, weekly

_LABELS = {
    "coverage": ("coverage",),
    "dark": ("dark",),
    "new": ("new",),
    "worse": ("worse", "back"),
    "fixed": ("fixed",),
    "counts": ("findings", "open"),
    "waivers-expiring": ("expiring",),
    "odd": ("odd",),
}
"""What a route may show → the first words of the digest's rows."""


class Message(Value, frozen=True):
    """One event for one channel."""

    channel: str
    event: Event
    attach: tuple[Attachment, ...] = ()


def messages(document: AuditDocument, notify: Notify, digest: str, now: datetime.datetime) -> list[Message]:
    """Return the messages of a run, in the order of its events; pure, so that equal nights are told equally."""
    numbers = counts(document)
    week = _week(notify.routes, now)
    told = [*events_of(document, digest), *([weekly(document, digest, week)] if week else [])]
    found: list[Message] = []
    for event in told:
        taken: set[str] = set()
        for route in notify.routes:
            if route.on != event.event or (route.condition is not None and not route.condition.holds(numbers)):
                continue
            if event.event == "store-dark" and dark_for_s(event, document) < route.over_s:
                continue
            for channel in route.to:
                if channel not in taken:
                    taken.add(channel)
                    found.append(Message(channel, _shown(event, route), route.attach))
    return found


def _shown(event: Event, route: Route) -> Event:
    if not route.show:
        return event
    wanted = {label for part in route.show for label in _LABELS[part]} | {"storefleet", "verdict"}
    return Event(
        **{**{name: getattr(event, name) for name in event.__struct_fields__}, "text": _rows(event.text, wanted)}
    )


def _rows(digest: str, wanted: Iterable[str]) -> str:
    """Keep the rows of the digest whose label is wanted, with the lines that hang below them."""
    kept: list[str] = []
    keeping = True
    for line in digest.splitlines():
        if line[:1].strip():
            keeping = line.split(maxsplit=1)[0] in wanted
        if keeping:
            kept.append(line)
    return "\n".join(kept) + "\n"


def _week(routes: Sequence[Route], now: datetime.datetime) -> str | None:
    """Return the week whose weekly message is due: the newest whose day and time have passed, as ``now`` reads."""
    due = []
    for route in routes:
        if route.day is not None:
            hour, minute = (int(part) for part in route.at.split(":"))
            back = (now.weekday() - DAYS.index(route.day)) % 7
            at = (now - datetime.timedelta(days=back)).replace(hour=hour, minute=minute, second=0, microsecond=0)
            due.append(at if at <= now else at - datetime.timedelta(days=7))
    if not due:
        return None
    year, number, _ = max(due).isocalendar()
    return f"{year}-W{number:02}"
