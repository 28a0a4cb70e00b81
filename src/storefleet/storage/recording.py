"""Writing what one host showed, in one transaction: its intervals, its status, its document."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Sequence

import sqlalchemy as sa

from storefleet.model.findings import Result
from storefleet.model.instants import utc
from storefleet.model.report import ClosedFinding, Closing, FindingLife, Recorded
from storefleet.model.state import StateDocument
from storefleet.storage import bodies
from storefleet.storage.intervals import Interval, Night, Place, Scope, Seen, judge, storable
from storefleet.storage.tables import documents, findings, host_status, runs

FLAPS, FLAP_DAYS = 3, 14
"""A finding that began so often within so many days flaps: each night alone looks harmless."""


class HostRecorder:
    """Records hosts of one run over one connection that is inside a write transaction."""

    def __init__(self, connection: sa.Connection, run: str, scope: Scope = "some-controls") -> None:
        self.connection = connection
        self.run = run
        self.scope = scope

    @functools.cached_property
    def unfinished(self) -> frozenset[str]:
        """The runs that have told nobody yet."""
        return frozenset(self.connection.scalars(sa.select(runs.c.id).where(runs.c.finished_at.is_(None))))

    def record(
        self, host: str, store: str, document: StateDocument | None, results: Sequence[Result], at: str
    ) -> Recorded:
        """Record one host; without a document it was not reached, and no interval changes."""
        self.keep(host, store, document, at)
        return Recorded() if document is None else self.decide(host, store, results, at)

    def decide(self, host: str, store: str, results: Sequence[Result], at: str) -> Recorded:
        """Record what was judged of a host whose document is kept."""
        night = judge(self._stored(host), results, self.unfinished, self.scope)
        self._write(host, store, night, at)
        flapping = self._flapping(host, night, at)
        return Recorded(
            lives=tuple(_life(seen, at, flapping.get(_stored_place(seen.place), 0)) for seen in night.seen),
            closed=tuple(
                ClosedFinding(
                    host=host,
                    store=store,
                    audit=interval.place[0],
                    control=interval.place[1],
                    key=interval.place[2],
                    severity=interval.severity,
                    how=how,
                    first_seen=interval.first_seen,
                    closed_at=_ended(interval, how, at),
                )
                for interval, how in night.closed
            ),
        )

    def _flapping(self, host: str, night: Night, at: str) -> dict[Place, int]:
        """Return how often each finding of tonight began within two weeks, where that is thrice or more."""
        if not any(seen.reopened >= FLAPS - 1 for seen in night.seen):
            return {}
        rows = self.connection.execute(_OPENINGS, {"name": host, "since": _days_before(at, FLAP_DAYS)})
        return {(row.audit, row.control, row.key): row.openings for row in rows if row.openings >= FLAPS}

    def _stored(self, host: str) -> list[Interval]:
        """Return the newest interval of each key of the host."""
        rows = self.connection.execute(_INTERVALS, {"name": host})
        return [
            Interval(
                id=row.id,
                place=(row.audit, row.control, row.key),
                severity=row.severity,
                first_seen=row.first_seen,
                first_run=row.first_run,
                closed_at=row.closed_at,
                closed_run=row.closed_run,
                closed_how=row.closed_how,
                digest=row.digest,
                distance=row.distance,
                worse_since=row.worse_since,
                worse_run=row.worse_run,
                reopened=row.reopened,
            )
            for row in rows
        ]

    def _write(self, host: str, store: str, night: Night, at: str) -> None:
        opened = [self._opened(host, store, seen, at) for seen in night.seen if seen.continues is None]
        if opened:
            self.connection.execute(findings.insert(), opened)
        continued = [self._continued(seen, seen.continues, at) for seen in night.seen if seen.continues is not None]
        if continued:
            self.connection.execute(_CONTINUE, continued)
        gone = [
            {"row": interval.id, "at": _ended(interval, how, at), "by": self.run, "how": how}
            for interval, how in night.closed
        ]
        if gone:
            self.connection.execute(_CLOSE, gone)

    def _opened(self, host: str, store: str, seen: Seen, at: str) -> dict[str, object]:
        audit, control, key = seen.place
        return {
            "host": host,
            "store": store,
            "audit": audit,
            "control": control,
            "key": storable(key),
            "severity": seen.severity,
            "first_seen": at,
            "first_run": self.run,
            "last_seen": at,
            "last_run": self.run,
            "digest": seen.digest,
            "distance": seen.distance,
            "reopened": seen.reopened,
        }

    def _continued(self, seen: Seen, before: Interval, at: str) -> dict[str, object]:
        told_late = before.worse_run in self.unfinished
        distances = [value for value in (seen.distance, before.distance) if value is not None]
        return {
            "row": before.id,
            "at": at,
            "by": self.run,
            "severity": seen.severity,
            "digest": seen.digest,
            "distance": max(distances, default=None),
            "first": self.run if before.first_run in self.unfinished else before.first_run,
            "worse_since": at if seen.change == "worse" and not told_late else before.worse_since,
            "worse_run": self.run if seen.change == "worse" else before.worse_run,
        }

    def keep(self, host: str, store: str, document: StateDocument | None, at: str) -> None:
        """Keep the host's status, and its document when it was reached."""
        before = self.connection.execute(_STATUS, {"name": host}).first()
        values: dict[str, object] = {"name": host, "of": store, "by": self.run}
        if document is None:
            since = before.dark_since if before is not None and before.dark_since else at
            self.connection.execute(_NEW_DARK if before is None else _DARK, {**values, "since": since})
            return
        key = self._keep(document)
        values |= {"at": at, "key": key, "when": document.collected_at, "took": document.duration_s}
        self.connection.execute(_NEW_REACHED if before is None else _REACHED, values)
        if before is not None and before.document not in (None, key):
            # A document names its host, so no other host can stand on it; the foreign key would say so.
            self.connection.execute(_DROP_DOCUMENT, {"key": before.document})

    def _keep(self, document: StateDocument) -> str:
        """Store the facts once by their hash and return it."""
        content = bodies.canonical({**document.to_json(), "collected_at": "", "duration_s": 0})
        key = bodies.digest(content)
        if self.connection.scalar(_KNOWN_DOCUMENT, {"key": key}) is None:
            row = {"key": key, "bytes": len(content), "packed": bodies.pack(content)}
            self.connection.execute(_NEW_DOCUMENT, row)
        return key


# Statements of every host are built once: building one costs more than running it.
_NAME = host_status.c.host == sa.bindparam("name")
_KEY = documents.c.hash == sa.bindparam("key")
_STATUS = sa.select(host_status.c.dark_since, host_status.c.document).where(_NAME)
_KNOWN_DOCUMENT = sa.select(documents.c.hash).where(_KEY)
_NEW_DOCUMENT = documents.insert().values(
    hash=sa.bindparam("key"), size=sa.bindparam("bytes"), body=sa.bindparam("packed")
)
_DROP_DOCUMENT = documents.delete().where(_KEY)
_IN: dict[str, sa.BindParameter[str]] = {"store": sa.bindparam("of"), "run": sa.bindparam("by")}
_SINCE = {**_IN, "dark_since": sa.bindparam("since")}
_SEEN = {
    **_IN,
    "last_reached": sa.bindparam("at"),
    "dark_since": sa.null(),
    "document": sa.bindparam("key"),
    "collected_at": sa.bindparam("when"),
    "duration_s": sa.bindparam("took"),
    "pruned_at": sa.null(),
}
_NEW_DARK = host_status.insert().values(host=sa.bindparam("name"), **_SINCE)
_NEW_REACHED = host_status.insert().values(host=sa.bindparam("name"), **_SEEN)
_DARK = host_status.update().where(_NAME).values(**_SINCE)
_REACHED = host_status.update().where(_NAME).values(**_SEEN)
_NEWEST = (
    sa.select(sa.func.max(findings.c.id))
    .where(findings.c.host == sa.bindparam("name"))
    .group_by(findings.c.audit, findings.c.control, findings.c.key)
)
_INTERVALS = sa.select(findings).where(findings.c.id.in_(_NEWEST)).order_by(findings.c.id)
_OPENINGS = (
    sa.select(findings.c.audit, findings.c.control, findings.c.key, sa.func.count().label("openings"))
    .where(findings.c.host == sa.bindparam("name"), findings.c.first_seen > sa.bindparam("since"))
    .group_by(findings.c.audit, findings.c.control, findings.c.key)
)
_ROW = findings.c.id == sa.bindparam("row")
_CONTINUE = (
    findings.update()
    .where(_ROW)
    .values(
        last_seen=sa.bindparam("at"),
        last_run=sa.bindparam("by"),
        severity=sa.bindparam("severity"),
        first_run=sa.bindparam("first"),
        digest=sa.bindparam("digest"),
        distance=sa.bindparam("distance"),
        worse_since=sa.bindparam("worse_since"),
        worse_run=sa.bindparam("worse_run"),
        closed_at=None,
        closed_run=None,
        closed_how=None,
    )
)
_CLOSE = (
    findings.update()
    .where(_ROW)
    .values(closed_at=sa.bindparam("at"), closed_run=sa.bindparam("by"), closed_how=sa.bindparam("how"))
)


def _ended(interval: Interval, how: Closing, at: str) -> str:
    """Return when it ended: what a run that died has closed is told later, with the instant of then."""
    return interval.closed_at if interval.closed_at is not None and interval.closed_how == how else at


def _stored_place(place: Place) -> Place:
    audit, control, key = place
    return audit, control, storable(key)


def _days_before(at: str, days: int) -> str:
    return utc(datetime.datetime.fromisoformat(at) - datetime.timedelta(days=days))


def _life(seen: Seen, at: str, flapping: int) -> FindingLife:
    audit, control, key = seen.place
    return FindingLife(
        audit=audit,
        control=control,
        key=key,
        change=seen.change,
        first_seen=seen.continues.first_seen if seen.continues is not None else at,
        value_changed=seen.value_changed,
        reopened=seen.reopened,
        flapping=flapping,
    )
