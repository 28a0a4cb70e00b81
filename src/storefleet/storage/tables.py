"""The tables. Findings are intervals, not nightly rows: 25,000 hosts stay small over hundreds of nights."""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA_VERSION = 3
"""One more for each function in ``migrations``; `storefleet db upgrade` brings a database up to it."""


def _text(length: int | None = None) -> sa.types.TypeEngine[str]:
    """Return a column of text that is compared byte by byte, as SQLite does, whatever language the server speaks."""
    plain: sa.String = sa.String(length) if length else sa.Text()
    return plain.with_variant(sa.String(length, collation="C") if length else sa.Text(collation="C"), "postgresql")


metadata = sa.MetaData()

schema_version = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer, nullable=False))

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", _text(200), primary_key=True),
    sa.Column("verb", _text(40), nullable=False),
    sa.Column("started_at", _text(40), nullable=False, index=True),
    sa.Column("finished_at", _text(40)),
    # Which process writes it, so that a reader can tell a run at work from one that died.
    sa.Column("machine", _text(255), nullable=False),
    sa.Column("process", _text(100), nullable=False),
    # What it evaluated on each host that it judged (intervals.Scope).
    sa.Column("scope", _text(20), nullable=False),
    sa.Column("info", _text(), nullable=False),
    sa.Column("exit", sa.Integer),
    sa.Column("words", _text()),
    sa.Column("totals", _text()),
    sa.Column("changes", _text()),
    sa.Column("document", sa.LargeBinary),
)

store_totals = sa.Table(
    "store_totals",
    metadata,
    sa.Column("run", sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("store", _text(63), primary_key=True),
    sa.Column("state", _text(20), nullable=False),
    sa.Column("worst", _text(20)),
    sa.Column("hosts", sa.Integer, nullable=False),
    sa.Column("judged", sa.Integer, nullable=False),
    sa.Column("open", sa.Integer, nullable=False),
    sa.Column("new", sa.Integer, nullable=False),
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("hash", _text(64), primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

host_status = sa.Table(
    "host_status",
    metadata,
    sa.Column("host", _text(130), primary_key=True),
    sa.Column("store", _text(63), nullable=False, index=True),
    sa.Column("run", sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("last_reached", _text(40)),
    sa.Column("dark_since", _text(40)),
    sa.Column("document", sa.ForeignKey("documents.hash"), index=True),
    # The two parts of a document that differ every time stand beside it, so that equal facts are stored once.
    sa.Column("collected_at", _text(40)),
    sa.Column("duration_s", sa.Float),
    # When the document was removed, because the host had not been seen for `keep.documents`.
    sa.Column("pruned_at", _text(40)),
)

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("host", _text(130), nullable=False),
    sa.Column("store", _text(63), nullable=False),
    sa.Column("audit", _text(200), nullable=False),
    sa.Column("control", _text(200), nullable=False),
    sa.Column("key", _text(), nullable=False),
    sa.Column("severity", _text(20), nullable=False),
    sa.Column("first_seen", _text(40), nullable=False),
    # The run that told it as new: of a run that died the next one takes over, or nobody would ever hear of it.
    sa.Column("first_run", sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("last_seen", _text(40), nullable=False),
    sa.Column("last_run", sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("closed_at", _text(40)),
    sa.Column("closed_run", sa.ForeignKey("runs.id")),
    sa.Column("closed_how", _text(10)),
    sa.Column("digest", _text(64), nullable=False),
    # How far a number was from the required one at its worst: further off is worse, a jitter is not.
    sa.Column("distance", sa.Float),
    sa.Column("worse_since", _text(40)),
    sa.Column("worse_run", sa.ForeignKey("runs.id")),
    sa.Column("reopened", sa.Integer, nullable=False),
    sa.Index("findings_of_host", "host", "audit", "control"),
    sa.Index("findings_by_end", "closed_at"),
)

sa.Index(
    "one_open_finding",
    findings.c.host,
    findings.c.audit,
    findings.c.control,
    findings.c.key,
    unique=True,
    sqlite_where=findings.c.closed_at.is_(None),
    postgresql_where=findings.c.closed_at.is_(None),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("store", _text(63), primary_key=True),
    sa.Column("run", _text(200), nullable=False),
    sa.Column("owner", _text(), nullable=False),
    sa.Column("machine", _text(255), nullable=False),
    sa.Column("boot", _text(64), nullable=False),
    sa.Column("process", _text(100), nullable=False),
    sa.Column("taken_at", _text(40), nullable=False),
    sa.Column("heartbeat_at", _text(40), nullable=False),
    sa.Column("expires_at", _text(40), nullable=False),
)

change_stops = sa.Table(
    "change_stops",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", _text(40), nullable=False),
    sa.Column("by", _text(), nullable=False),
    sa.Column("on", _text(255), nullable=False),
    sa.Column("reason", _text(), nullable=False),
    sa.Column("ticket", _text()),
    sa.Column("lifted_at", _text(40)),
    sa.Column("lifted_by", _text()),
    sa.Column("lifted_on", _text(255)),
)
