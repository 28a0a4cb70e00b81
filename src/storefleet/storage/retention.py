"""Letting go of what was kept long enough. Nothing that is open, and no run's last word of its kind, is ever let go."""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from storefleet.model.base import Value
from storefleet.storage.tables import documents, findings, host_status, runs, store_totals

CHUNK = 5_000
"""Rows of one transaction, so that nobody waits long for its end."""


class Keep(Value, frozen=True):
    """How long, in seconds: ``results`` of runs and closed findings, ``documents`` of hosts; ``None`` is for ever."""

    results_s: float | None = None
    documents_s: float | None = None


class Pruned(Value, frozen=True):
    """How many rows went: closed findings, reports of runs, runs, documents of hosts."""

    findings: int = 0
    reports: int = 0
    runs: int = 0
    documents: int = 0


def cutoff(now: datetime.datetime, seconds: float | None) -> str | None:
    """Return the instant before which things are let go, as the tables write it."""
    if seconds is None:
        return None
    return (now - datetime.timedelta(seconds=seconds)).astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def prune_findings(connection: sa.Connection, before: str) -> int:
    """Delete some findings that closed before an instant; 0 means that none is left."""
    chosen = sa.select(findings.c.id).where(findings.c.closed_at < before).limit(CHUNK)
    return connection.execute(findings.delete().where(findings.c.id.in_(chosen))).rowcount


def prune_reports(connection: sa.Connection, before: str) -> int:
    """Drop reports and store totals of runs that began before an instant, never of the newest of each verb."""
    old = (runs.c.started_at < before, runs.c.finished_at.is_not(None), runs.c.id.not_in(_newest()))
    names = list(connection.scalars(sa.select(runs.c.id).where(*old, runs.c.document.is_not(None)).limit(50)))
    if names:
        connection.execute(store_totals.delete().where(store_totals.c.run.in_(names)))
        connection.execute(runs.update().where(runs.c.id.in_(names)).values(document=None))
    return len(names)


def prune_runs(connection: sa.Connection, before: str) -> int:
    """Delete runs of which nothing else speaks: no finding, no host, and not the newest of their verb."""
    used = [findings.c.first_run, findings.c.last_run, findings.c.closed_run, findings.c.worse_run, host_status.c.run]
    spoken = [sa.exists().where(column == runs.c.id) for column in used]
    chosen = sa.select(runs.c.id).where(
        runs.c.started_at < before, runs.c.finished_at.is_not(None), runs.c.id.not_in(_newest()), ~sa.or_(*spoken)
    )
    names = list(connection.scalars(chosen.limit(50)))
    if names:
        connection.execute(store_totals.delete().where(store_totals.c.run.in_(names)))
        connection.execute(runs.delete().where(runs.c.id.in_(names)))
    return len(names)


def prune_documents(connection: sa.Connection, before: str) -> int:
    """Delete documents of hosts that were last reached before an instant; since when they are dark stays known."""
    chosen = sa.select(host_status.c.host, host_status.c.document).where(
        host_status.c.document.is_not(None), host_status.c.last_reached < before
    )
    rows = connection.execute(chosen.limit(CHUNK)).all()
    if rows:
        forgotten = {"document": None, "collected_at": None, "duration_s": None}
        names, keys = [row.host for row in rows], [row.document for row in rows]
        connection.execute(host_status.update().where(host_status.c.host.in_(names)).values(**forgotten))
        connection.execute(documents.delete().where(documents.c.hash.in_(keys)))
    return len(rows)


def _newest() -> sa.Select[tuple[str]]:
    """Return the newest finished run of each verb; ids begin with their instant."""
    finished = sa.select(sa.func.max(runs.c.id)).where(runs.c.finished_at.is_not(None), runs.c.document.is_not(None))
    return finished.group_by(runs.c.verb)
