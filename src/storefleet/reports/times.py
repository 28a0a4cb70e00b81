"""Instants and durations for people: in the zone of the store, and every time carries its zone."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, tzinfo

from storefleet.model.instants import instant
from storefleet.model.report import RunInfo


def zone_named(name: str | None) -> tzinfo:
    """Return the zone, or UTC where the name is none that this machine knows."""
    try:
        return zoneinfo.ZoneInfo(name) if name else UTC
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def is_zone(name: str) -> bool:
    """Tell whether this machine knows the zone."""
    return name == "UTC" or zone_named(name) is not UTC


def zone_for(timezone: str, of_stores: set[str | None]) -> tzinfo:
    """Return the zone asked for; for ``store`` that of the stores where they share one, else UTC."""
    if timezone != "store":
        return zone_named(timezone)
    return zone_named(next(iter(of_stores))) if len(of_stores) == 1 else UTC


def run_end(run: RunInfo) -> datetime:
    """Return the instant of which a report speaks as now: the end of its run, else its start."""
    return instant(run.finished_at) or instant(run.started_at) or datetime.now(UTC)


def clock(text: str | None, zone: tzinfo, now: datetime | None = None) -> str:
    """Return such as ``21.11. 17:02 CET``; the year stands where it is not the year of ``now``."""
    at = instant(text)
    if at is None:
        return "?"
    local = at.astimezone(zone)
    other_year = now is not None and now.astimezone(zone).year != local.year
    name = local.tzname() or ""
    named = f"UTC{name}" if name[:1] in {"+", "-"} else name
    return f"{local.day:02}.{local.month:02}.{local.year if other_year else ''} {local:%H:%M} {named}"


def duration(seconds: float) -> str:
    """Return such as ``4.1 s``, ``41 min`` or ``2 h 05 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


def days_until(text: str, now: datetime) -> int | None:
    """Return whole days from ``now`` to an instant or a date."""
    at = instant(text)
    return None if at is None else (at.date() - now.astimezone(at.tzinfo).date()).days
