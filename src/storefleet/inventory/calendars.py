"""``calendars.yaml``: trading hours, holidays, the windows in which a change may start, and freezes.

A fleet without the file restricts nothing. What a class of changes is, ``plan`` computes; nobody types it by hand.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

import msgspec

from storefleet.documents import nodes
from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node, Source
from storefleet.errors import Complaint, SelectorError
from storefleet.inventory.clocktimes import Opening, days_of, span_of
from storefleet.inventory.faults import Faults
from storefleet.inventory.texts import suggestion
from storefleet.model.base import Value
from storefleet.model.selection import select
from storefleet.model.store import Host, Store

StartClass: TypeAlias = Literal["none", "config", "service", "reboot", "path"]
"""What a change can cost, as ``plan`` computes it, from the harmless to the worst."""

HOLIDAYS, CLOSED = "holidays", "closed"


class Window(Value, frozen=True):
    """When changes of some classes may start, on the store's own clock; what has begun is finished.

    Either ``daily: "22:00-04:00"``, or ``days`` with ``from`` and ``to``. One that goes past midnight belongs to the
    day on which it opens. ``holidays: closed`` keeps it shut on the holidays of the store.
    """

    classes: tuple[StartClass, ...]
    days: str | None = None
    from_: str | None = msgspec.field(default=None, name="from")
    to: str | None = None
    daily: str | None = None
    holidays: Literal["open", "closed"] = "open"
    source: Source = Source("", 0)

    @property
    def opening(self) -> Opening:
        """Return days and minutes; raises ``ValueError`` that says what would be right."""
        if self.daily is not None:
            if (self.days, self.from_, self.to) != (None, None, None):
                raise ValueError("write either daily:, or days: with from: and to:")
            return Opening(frozenset(range(7)), *span_of(self.daily))
        if self.from_ is None or self.to is None:
            raise ValueError('write from: and to:, or daily: "00:30-04:30"')
        return Opening(days_of(self.days or "daily"), *span_of(f"{self.from_}-{self.to}"))

    @property
    def words(self) -> str:
        """Return the window as a message shows it: ``mon-thu 00:30-04:30``."""
        return f"daily {self.daily}" if self.daily is not None else f"{self.days or 'daily'} {self.from_}-{self.to}"


class Freeze(Value, frozen=True):
    """Days on which changes of some classes may not start, both inclusive, by the store's own calendar."""

    name: str
    from_: datetime.date = msgspec.field(name="from")
    to: datetime.date
    forbids: tuple[StartClass, ...]
    stores: str = "all"
    override: Literal["two-persons", "never"] = "two-persons"
    source: Source = Source("", 0)


class Calendars(Value, frozen=True):
    """The file. ``hours`` are named by the store's column ``hours``, ``holidays`` by its column ``holidays``."""

    hours: Mapping[str, Mapping[str, str]] = {}
    holidays: Mapping[str, tuple[datetime.date, ...]] = {}
    windows: Mapping[str, Window] = {}
    freezes: tuple[Freeze, ...] = ()

    def holidays_of(self, store: Store) -> str | None:
        """Return which list of holidays a store has: the one it names, else the only one there is."""
        named = store.columns.get(HOLIDAYS)
        if named:
            return str(named)
        return next(iter(self.holidays)) if len(self.holidays) == 1 else None


def read_calendars(node: Node | None, notes: Decoder) -> Calendars | None:
    """Read the file; ``None`` where there is none, or one with complaints."""
    file = notes.decode(node, Calendars, "calendars") if node is not None else None
    if node is None or file is None:
        return None
    before = len(notes.complaints)
    places = _hours_places(node)
    for name, hours in file.hours.items():
        for key, value in hours.items():
            for message in _hours_faults(key, value):
                notes.complain(places.get((name, key), node.source), f"hours: {name}: {message}")
    for name, window in file.windows.items():
        for message in _window_faults(window):
            notes.complain(window.source, f"windows: {name}: {message}")
    seen: dict[str, int] = {}
    for freeze in file.freezes:
        first = seen.setdefault(freeze.name, freeze.source.line)
        if first != freeze.source.line:
            notes.complain(freeze.source, f"freezes: {freeze.name!r} stands twice; the first is in line {first}")
        for message in _freeze_faults(freeze):
            notes.complain(freeze.source, f"freezes: {freeze.name}: {message}")
    return file if len(notes.complaints) == before else None


def check_calendars(
    calendars: Calendars,
    hosts: Mapping[str, Host],
    stores: Mapping[str, Store],
    places: Mapping[str, Source],
    notes: Decoder,
) -> list[Complaint]:
    """Hold the file against the stores; returns warnings: a freeze for nobody looks as if it forbade something."""
    warnings = []
    for freeze in calendars.freezes:
        try:
            select(freeze.stores, hosts.values(), stores)
        except SelectorError as fault:
            message = f"freezes: {freeze.name}: stores: {fault}"
            if str(fault).endswith("matches no host"):
                warnings.append(Complaint(freeze.source.path, freeze.source.line, f"{message}, so it forbids nothing"))
            else:
                notes.complain(freeze.source, message)
    faults = Faults()
    for store in stores.values():
        for message in _store_faults(calendars, store):
            faults.add(places[store.id], message, store.id)
    notes.complaints.extend(faults.complaints())
    return warnings


def _store_faults(calendars: Calendars, store: Store) -> Iterator[str]:
    for column, known in (("hours", calendars.hours), (HOLIDAYS, calendars.holidays)):
        named = str(store.columns.get(column) or "")
        if named and named not in known:
            yield f"{column}: calendars.yaml has no {column} {named!r}{suggestion(named, known)}"
    asked = [name for name, window in calendars.windows.items() if window.holidays == CLOSED]
    if asked and calendars.holidays_of(store) is None:
        yield f"holidays: is empty, and the window {asked[0]!r} is closed on holidays: name a list of calendars.yaml"


def _hours_faults(key: str, value: str) -> Iterator[str]:
    try:
        if key != HOLIDAYS:
            days_of(key)
        if value != CLOSED:
            span_of(value)
    except ValueError as fault:
        yield f"{key}: {fault}"


def _window_faults(window: Window) -> Iterator[str]:
    if not window.classes:
        yield "classes: is empty; name the classes whose changes may start then"
    try:
        _ = window.opening
    except ValueError as fault:
        yield str(fault)


def _freeze_faults(freeze: Freeze) -> Iterator[str]:
    if not freeze.forbids:
        yield "forbids: is empty; name the classes whose changes may not start then"
    if freeze.to < freeze.from_:
        yield f"ends on {freeze.to}, before it begins on {freeze.from_}"


def _hours_places(node: Node) -> dict[tuple[str, str], Source]:
    """Return the line of each day of each trading hours."""
    return {
        (name.text, day.text): day.source
        for section, hours in _entries(node)
        if section.text == "hours"
        for name, days in _entries(hours)
        for day, _ in _entries(days)
    }


def _entries(node: Node) -> tuple[tuple[nodes.Scalar, Node], ...]:
    return node.entries if isinstance(node, nodes.Mapping) else ()
