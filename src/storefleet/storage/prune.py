"""Letting go of what was kept long enough, in short transactions between which other writers get their turn.

An open finding always stays, and so does what a run in progress needs: what it has read, and what it has closed and not
yet told. Of a run its line in the history stays for ever, since findings name it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias

import sqlalchemy as sa

from storefleet.model.base import Value
from storefleet.model.instants import utc
from storefleet.settings.settings import KeepSettings
from storefleet.storage.tables import documents, findings, host_status, runs, store_totals

Write: TypeAlias = Callable[[str], AbstractContextManager[sa.Connection]]

CHUNK = 500
"""Rows of one transaction: some milliseconds."""

IN_PROGRESS_D = 30
"""Days after which a run without an end is taken for dead, wherever it ran."""


class Pruned(Value, frozen=True):
    """Rows let go: documents of runs and of hosts, closed findings, totals of stores."""

    run_documents: int = 0
    store_totals: int = 0
    findings: int = 0
    host_documents: int = 0


def prune(write: Write, now: datetime.datetime, keep: KeepSettings) -> Pruned:
    """Let go of what is older than ``keep`` says at ``now``; a setting of ``None`` keeps for ever."""
    results, seen = _before(now, keep.results_s), _before(now, keep.documents_s)
    alive = sa.and_(runs.c.finished_at.is_(None), runs.c.started_at >= _before(now, IN_PROGRESS_D * 86_400.0))
    return Pruned(
        run_documents=0 if results is None else sum(_each(write, lambda c: _run_documents(c, results))),
        store_totals=0 if results is None else sum(_each(write, lambda c: _store_totals(c, results))),
        findings=0 if results is None else sum(_each(write, lambda c: _findings(c, results, alive))),
        host_documents=0 if seen is None else sum(_each(write, lambda c: _host_documents(c, seen, alive, utc(now)))),
    )


def _each(write: Write, step: Callable[[sa.Connection], int]) -> Iterator[int]:
    """Repeat a step, each time in a transaction of its own, until it finds nothing more."""
    while True:
        with write("letting go of what was kept long enough") as connection:
            count = step(connection)
        if not count:
            return
        yield count


def _old_runs(connection: sa.Connection, before: str, having: sa.ColumnElement[bool]) -> Sequence[str]:
    """Return the oldest finished runs that may lose something; the newest finished one of each verb never does."""
    newer = runs.alias()
    is_newer = sa.or_(
        newer.c.started_at > runs.c.started_at,
        sa.and_(newer.c.started_at == runs.c.started_at, newer.c.id > runs.c.id),
    )
    followed = sa.exists().where(newer.c.verb == runs.c.verb, newer.c.finished_at.is_not(None), is_newer)
    query = sa.select(runs.c.id).where(runs.c.finished_at < before, having, followed)
    return connection.scalars(query.order_by(runs.c.started_at).limit(CHUNK // 10)).all()


def _run_documents(connection: sa.Connection, before: str) -> int:
    old = _old_runs(connection, before, runs.c.document.is_not(None))
    if old:
        connection.execute(runs.update().where(runs.c.id.in_(old)).values(document=None))
    return len(old)


def _store_totals(connection: sa.Connection, before: str) -> int:
    """Let go of the totals of one run: ten thousand stores are ten thousand rows."""
    old = _old_runs(connection, before, sa.exists().where(store_totals.c.run == runs.c.id))
    return connection.execute(store_totals.delete().where(store_totals.c.run == old[0])).rowcount if old else 0


def _findings(connection: sa.Connection, before: str, alive: sa.ColumnElement[bool]) -> int:
    untold = sa.select(runs.c.id).where(alive)
    query = sa.select(findings.c.id).where(findings.c.closed_at < before, findings.c.closed_run.not_in(untold))
    old = connection.scalars(query.limit(CHUNK)).all()
    if old:
        connection.execute(findings.delete().where(findings.c.id.in_(old)))
    return len(old)


def _host_documents(connection: sa.Connection, before: str, alive: sa.ColumnElement[bool], now: str) -> int:
    reading = sa.select(runs.c.id).where(alive)
    unseen = sa.and_(host_status.c.document.is_not(None), host_status.c.last_reached < before)
    query = sa.select(host_status.c.host, host_status.c.document).where(unseen, host_status.c.run.not_in(reading))
    rows = connection.execute(query.limit(CHUNK)).all()
    if rows:
        hosts = host_status.c.host.in_([row.host for row in rows])
        connection.execute(host_status.update().where(hosts).values(document=None, pruned_at=now))
        connection.execute(documents.delete().where(documents.c.hash.in_([row.document for row in rows])))
    return len(rows)


def _before(now: datetime.datetime, seconds: float | None) -> str | None:
    """Return the instant before which everything is older; ``None`` when nothing ever is."""
    if seconds is None:
        return None
    try:
        return utc(now - datetime.timedelta(seconds=seconds))
    except OverflowError:  # longer than there are years
        return None
