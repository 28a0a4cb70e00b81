"""Days and times of day as a calendar writes them: ``mon-thu``, ``00:30-04:30``, ``22:00-04:00`` past midnight."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_MINUTE = datetime.timedelta(minutes=1)


@dataclass(frozen=True)
class Opening:
    """Days of the week on which something opens (0 is Monday), and minutes of that day.

    ``end`` is beyond 1440 where it goes past midnight; it then still belongs to the day on which it opened.
    """

    days: frozenset[int]
    start: int
    end: int

    def holds(self, local: datetime.datetime) -> datetime.date | None:
        """Return the day on which it opened where it is open at a time of the wall clock, else ``None``."""
        minute = local.hour * 60 + local.minute
        for back in (0, 1):
            day = local.date() - datetime.timedelta(days=back)
            if day.weekday() in self.days and self.start <= minute + back * DAY_MINUTES < self.end:
                return day
        return None


def days_of(text: str) -> frozenset[int]:
    """Return the days of ``daily``, ``sun``, ``mon-thu``, ``fri-mon`` or ``mon-wed,sat``; raises ``ValueError``."""
    if text == "daily":
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{text!r} is no days; write daily, sun, mon-thu or mon-wed,sat")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found.update(number % 7 for number in range(begin, end + 1 if end >= begin else end + 8))
    return frozenset(found)


def span_of(text: str) -> tuple[int, int]:
    """Return ``"22:00-04:00"`` as minutes, the end beyond 1440 past midnight; raises ``ValueError``."""
    first, dash, last = text.partition("-")
    if not dash or not _TIME.fullmatch(first) or not _TIME.fullmatch(last) or first == "24:00":
        raise ValueError(f'{text!r} is no times; write from and to as "00:30-04:30", at most 24:00')
    start, end = _minutes(first), _minutes(last)
    if start == end:
        raise ValueError(f"{text!r} opens and closes at once; the whole day is 00:00-24:00")
    return start, end if end > start else end + DAY_MINUTES


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def instant_of(day: datetime.date, minute: int, zone: ZoneInfo) -> datetime.datetime:
    """Return the instant at which the store's clock first shows this minute of the day, or has passed it.

    A minute that the clock leaps over in spring is that of the leap itself.
    """
    wall = datetime.datetime.combine(day, datetime.time(minute // 60, minute % 60), zone)
    moment = wall.astimezone(datetime.UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != wall.replace(tzinfo=None):
        after = moment.astimezone(zone).utcoffset()
        while (moment - _MINUTE).astimezone(zone).utcoffset() == after:
            moment -= _MINUTE
    return moment
