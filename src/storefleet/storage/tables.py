"""The tables. Findings are intervals, not nightly rows: 25,000 hosts stay small over hundreds of nights."""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA_VERSION = 2

metadata = sa.MetaData()

schema_version = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer, nullable=False))

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("verb", sa.String(40), nullable=False),
    sa.Column("started_at", sa.String(40), nullable=False, index=True),
    sa.Column("finished_at", sa.String(40)),
    # Which process writes it, so that a reader can tell a run at work from one that died.
    sa.Column("machine", sa.String(255), nullable=False),
    sa.Column("process", sa.String(100), nullable=False),
    # What it evaluated on each host that it judged (intervals.Scope).
    sa.Column("scope", sa.String(20), nullable=False),
    sa.Column("info", sa.Text, nullable=False),
    sa.Column("exit", sa.Integer),
    sa.Column("words", sa.Text),
    sa.Column("totals", sa.Text),
    sa.Column("changes", sa.Text),
    sa.Column("document", sa.LargeBinary),
)

store_totals = sa.Table(
    "store_totals",
    metadata,
    sa.Column("run", sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("store", sa.String(63), primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("worst", sa.String(20)),
    sa.Column("hosts", sa.Integer, nullable=False),
    sa.Column("judged", sa.Integer, nullable=False),
    sa.Column("open", sa.Integer, nullable=False),
    sa.Column("new", sa.Integer, nullable=False),
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

host_status = sa.Table(
    "host_status",
    metadata,
    sa.Column("host", sa.String(130), primary_key=True),
    sa.Column("store", sa.String(63), nullable=False, index=True),
    sa.Column("run", sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("last_reached", sa.String(40)),
    sa.Column("dark_since", sa.String(40)),
    sa.Column("document", sa.ForeignKey("documents.hash"), index=True),
    # The two parts of a document that differ every time stand beside it, so that equal facts are stored once.
    sa.Column("collected_at", sa.String(40)),
    sa.Column("duration_s", sa.Float),
)

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("host", sa.String(130), nullable=False),
    sa.Column("store", sa.String(63), nullable=False),
    sa.Column("audit", sa.String(200), nullable=False),
    sa.Column("control", sa.String(200), nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("severity", sa.String(20), nullable=False),
    sa.Column("first_seen", sa.String(40), nullable=False),
    # The run that told it as new: of a run that died the next one takes over, or nobody would ever hear of it.
    sa.Column("first_run", sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("last_seen", sa.String(40), nullable=False),
    sa.Column("last_run", sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("closed_at", sa.String(40)),
    sa.Column("closed_run", sa.ForeignKey("runs.id")),
    sa.Column("closed_how", sa.String(10)),
    sa.Column("digest", sa.String(64), nullable=False),
    # How far a number was from the required one at its worst: further off is worse, a jitter is not.
    sa.Column("distance", sa.Float),
    sa.Column("worse_since", sa.String(40)),
    sa.Column("worse_run", sa.ForeignKey("runs.id")),
    sa.Column("reopened", sa.Integer, nullable=False),
    sa.Index("findings_of_host", "host", "audit", "control"),
)

closed_findings = sa.Index("closed_findings", findings.c.closed_at)
"""Since schema 2: retention looks for what closed long ago."""

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
