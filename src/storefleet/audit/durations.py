"""Spans of time as controls write them: ``30d``, ``12h``, ``90m``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_SPAN = re.compile(r"([0-9]{1,6})(s|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration(text: str) -> timedelta:
    """Return the span; raises ``ValueError`` in the user's words."""
    match = _SPAN.fullmatch(text)
    if match is None:
        message = f"{text!r} is not a span of time: write 30d, 12h, 90m or 45s"
        raise ValueError(message)
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def instant(text: str) -> datetime:
    """Return an RFC 3339 instant; one without a zone is taken as UTC, in which documents are written."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def span_words(span: timedelta) -> str:
    """Return a span as a person says it: ``3 d 4 h``, ``12 min``."""
    minutes = int(span.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
