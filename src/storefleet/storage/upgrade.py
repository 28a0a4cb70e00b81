"""Bringing a database up to this version's schema: a backup, then every step in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from storefleet.errors import StorageError
from storefleet.model.base import Value
from storefleet.storage.address import is_sqlite, shown, sqlite_file, understood
from storefleet.storage.engine import WRITE, bare_engine, newer, present_tables
from storefleet.storage.faults import translated
from storefleet.storage.migrations import MIGRATIONS
from storefleet.storage.tables import SCHEMA_VERSION, schema_version

_ATTEMPT = "upgrading the database"


class Upgraded(Value, frozen=True):
    """What an upgrade did; nothing where both versions are the same. ``where`` may be shown."""

    where: str
    before: int
    after: int
    backup: str | None = None


def upgrade(url: str, backup: Callable[[], Path] | None, *, busy_s: float = 30.0) -> Upgraded:
    """Bring the database to :data:`SCHEMA_VERSION`; raises :class:`StorageError`, and it is then as it was before.

    ``backup`` is called first when there is anything to do; without one none is made. Killed at any instant, the
    database is wholly old or wholly new.
    """
    address = existing(url)
    where = shown(address)
    engine = bare_engine(address, busy_s)
    try:
        with translated(_ATTEMPT, address, busy_s):
            with engine.connect() as connection:
                before = _version(connection, where)
            if before == SCHEMA_VERSION:
                return Upgraded(where, before, before)
            copy = backup() if backup is not None else None
            _step_up(engine, where)
    finally:
        engine.dispose()
    return Upgraded(where, before, SCHEMA_VERSION, str(copy) if copy else None)


def existing(url: str) -> sa.URL:
    """Return the address of a database that is there; a file is not created by being asked about."""
    address = understood(url)
    if is_sqlite(address):
        path = sqlite_file(address)
        if path is None or not Path(path).is_file():
            message = f"{shown(address)}: there is no database yet; the first run makes one"
            raise StorageError(message)
    return address


def _step_up(engine: sa.Engine, where: str) -> None:
    with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        version = _version(connection, where)  # again, now that nobody else can change it
        for step in range(version, SCHEMA_VERSION):
            MIGRATIONS[step](connection)
        connection.execute(schema_version.update().values(version=SCHEMA_VERSION))
        if connection.dialect.name == "sqlite":
            dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if dangling is not None:
                message = f"{where}: table {dangling[0]} names rows that are not there; restore the last backup"
                raise StorageError(message)


def _version(connection: sa.Connection, where: str) -> int:
    if not present_tables(connection, where):
        raise StorageError(f"{where}: there is no database yet; the first run makes one")
    found: int | None = connection.scalar(sa.select(schema_version.c.version))
    if found is not None and found > SCHEMA_VERSION:
        raise StorageError(newer(found, where))
    if found != SCHEMA_VERSION and found not in MIGRATIONS:
        raise StorageError(f"{where}: no way leads up from schema {found}; restore a backup of a storefleet's database")
    assert found is not None
    return found
