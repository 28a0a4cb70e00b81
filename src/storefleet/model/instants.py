"""Instants as documents write them: RFC 3339, UTC, whole seconds, ``Z``; such texts sort by time."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(moment: datetime) -> str:
    """Return an instant as documents carry it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def instant(text: str | None) -> datetime | None:
    """Return the instant of a document's text, or ``None`` when there is none that can be read.

    Text without a zone is taken as UTC.
    """
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found
