"""May a change start now, at this store? What forbids it, and when it may: computed, and nothing else is touched."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from storefleet.inventory.calendars import Calendars, Freeze, Window
from storefleet.inventory.clocktimes import instant_of
from storefleet.model.selection import parse
from storefleet.model.store import Host, Store

HORIZON_DAYS = 400
"""How far ahead an opening is looked for: a year, and a freeze that begins at its end."""

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Bar:
    """What forbids a start now, and when it may be; ``opens`` is ``None`` where that is beyond the horizon."""

    why: str
    opens: datetime.datetime | None


@dataclass
class Timetable:
    """The calendars, asked for one host after another; equal questions are answered once."""

    calendars: Calendars
    _opens: dict[tuple[object, ...], datetime.datetime | None] = field(default_factory=dict)

    def bar(
        self, host: Host, store: Store, classes: Collection[str], now: datetime.datetime, *, emergency: bool = False
    ) -> Bar | None:
        """Return what forbids changes of these classes to start at the instant ``now``, or ``None``.

        ``emergency`` sets aside every window, and each freeze that two persons may override.
        """
        freezes = tuple(one for one in self.calendars.freezes if parse(one.stores).matches(host, store))
        asked = _Asked(self.calendars, store, frozenset(classes), freezes, emergency)
        why = asked.why_not(now)
        if why is None:
            return None
        key = (store.timezone, self.calendars.holidays_of(store), asked.classes, freezes, emergency, now)
        if key not in self._opens:
            self._opens[key] = next((at for at in asked.candidates(now) if asked.why_not(at) is None), None)
        return Bar(why, self._opens[key])


@dataclass(frozen=True)
class _Asked:
    calendars: Calendars
    store: Store
    classes: frozenset[str]
    freezes: tuple[Freeze, ...]
    emergency: bool

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.store.timezone)

    def why_not(self, at: datetime.datetime) -> str | None:
        local = at.astimezone(self.zone)
        for freeze in self.freezes:
            hit = sorted(self.classes & set(freeze.forbids))
            if hit and freeze.from_ <= local.date() <= freeze.to and not self._overridden(freeze):
                return f"the freeze {freeze.name!r} ({freeze.from_} to {freeze.to}) forbids {' and '.join(hit)}"
        for one in sorted(self.classes) if not self.emergency else ():
            windows = {name: window for name, window in self.calendars.windows.items() if one in window.classes}
            if windows and not any(self._open(window, local) for window in windows.values()):
                named = ", ".join(f"{name!r} ({window.words})" for name, window in windows.items())
                return f"{one} may start only in the window{'s' if len(windows) > 1 else ''} {named}"
        return None

    def _overridden(self, freeze: Freeze) -> bool:
        return self.emergency and freeze.override == "two-persons"

    def _open(self, window: Window, local: datetime.datetime) -> bool:
        day = window.opening.holds(local)
        return day is not None and not self._shut(window, day)

    def _shut(self, window: Window, day: datetime.date) -> bool:
        """Tell whether a window stays shut on a day, because it is a holiday of the store."""
        name = self.calendars.holidays_of(self.store)
        return window.holidays == "closed" and name is not None and day in self.calendars.holidays.get(name, ())

    def candidates(self, now: datetime.datetime) -> Iterator[datetime.datetime]:
        """Yield, in order, the instants at which something opens: what is forbidden now ends at one of them."""
        today = now.astimezone(self.zone).date()
        windows = [one for one in self.calendars.windows.values() if self.classes & set(one.classes)]
        ends = {freeze.to + _DAY for freeze in self.freezes}
        for ahead in range(HORIZON_DAYS):
            day = today + ahead * _DAY
            openings = (window.opening for window in windows)
            minutes = {opening.start for opening in openings if day.weekday() in opening.days}
            minutes |= {0} if day in ends else set()
            found = sorted(instant_of(day, minute, self.zone) for minute in minutes)
            yield from (at for at in found if at > now)
