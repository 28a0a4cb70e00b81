"""Bringing a database of an earlier storefleet up to this one's schema, with a backup first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from storefleet.documents.ownership import PRIVATE, Ownership
from storefleet.errors import StorageError
from storefleet.storage.backup import backup
from storefleet.storage.engine import WRITE, connect, found_version, shown
from storefleet.storage.faults import translated
from storefleet.storage.tables import SCHEMA_VERSION, closed_findings, schema_version


def _to_2(connection: sa.Connection) -> None:
    """Retention looks for what was closed long ago."""
    closed_findings.create(connection)


MIGRATIONS: Mapping[int, Callable[[sa.Connection], None]] = {1: _to_2}
"""From version → what makes the next one of it. Each runs inside the one transaction that also writes the version."""


def upgrade(url: str, backups: Path | None, ownership: Ownership = PRIVATE, busy_s: float = 30.0) -> tuple[int, int]:
    """Upgrade and return the version before and after; equal numbers mean that there was nothing to do.

    All steps are one transaction: whoever dies in the middle leaves the old schema whole. ``backups`` is the folder for
    the copy that is made first; ``None`` makes none. Raises :class:`StorageError`.
    """
    engine = connect(url, busy_s=busy_s)
    where = shown(engine.url)
    try:
        with translated("upgrading the database", where, busy_s):
            before = found_version(engine)
            if before is None:
                raise StorageError(f"{where}: there is no database of storefleet yet; the first run makes it")
            steps = _steps(before, where)
            if steps and backups is not None:
                backup(url, backups / f"before-schema-{SCHEMA_VERSION}", ownership, busy_s)
            if steps:
                _run(engine, before, steps)
    finally:
        engine.dispose()
    return before, SCHEMA_VERSION


def _steps(before: int, where: str) -> Sequence[Callable[[sa.Connection], None]]:
    if before > SCHEMA_VERSION:
        raise StorageError(
            f"{where}: schema {before} is newer than this storefleet knows ({SCHEMA_VERSION}); "
            "use the storefleet that wrote it, or a newer one"
        )
    return [MIGRATIONS[version] for version in range(before, SCHEMA_VERSION)]


def _run(engine: sa.Engine, before: int, steps: Sequence[Callable[[sa.Connection], None]]) -> None:
    with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        if connection.scalar(sa.select(schema_version.c.version)) != before:
            return  # somebody else was quicker
        for step in steps:
            step(connection)
        connection.execute(schema_version.update().values(version=SCHEMA_VERSION))
