"""Opening the database: our own file modes, our own transactions, and a schema that we understand or refuse."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from storefleet.documents.ownership import PRIVATE, Ownership
from storefleet.errors import StorageError
from storefleet.storage.faults import translated
from storefleet.storage.tables import SCHEMA_VERSION, metadata, schema_version

PSYCOPG = "postgresql+psycopg"
_SECRET = re.compile(r"pass|secret|token|key", re.IGNORECASE)
_WRITERS = 0x73746F72
"""The name of the writers' lock in PostgreSQL; any number that nobody else takes in this database."""

WRITE = "storefleet_write"
"""The execution option of a connection whose transaction takes the write lock at once, never half-way."""


def open_engine(url: str, *, busy_s: float, ownership: Ownership = PRIVATE) -> sa.Engine:
    """Return an engine on a database with our schema, creating file and tables where there are none."""
    address = address_of(url)
    if address.get_backend_name() == "sqlite" and address.database not in {None, "", ":memory:"}:
        _create_file(Path(str(address.database)), ownership)
    engine = connect(url, busy_s=busy_s)
    with translated("opening the database", shown(address), busy_s):
        _ensure_schema(engine, shown(address))
    return engine


def address_of(url: str) -> sa.URL:
    """Understand a URL; ``postgresql://`` means the driver that we know."""
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError as fault:
        message = "the database URL cannot be read; write sqlite:///var/storefleet.db or postgresql://host/name"
        raise StorageError(message) from fault
    return address.set(drivername=PSYCOPG) if address.drivername in {"postgresql", "postgres"} else address


def connect(url: str, *, busy_s: float) -> sa.Engine:
    """Return an engine on a database, whatever its schema."""
    address = address_of(url)
    where = shown(address)
    try:
        engine = sa.create_engine(address, connect_args=_connect_args(address, busy_s))
    except ModuleNotFoundError as fault:
        message = f"{where}: the driver {fault.name} is not installed; pip install it beside storefleet"
        raise StorageError(message) from fault
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare)
        sa.event.listen(engine, "begin", _begin)
    else:
        sa.event.listen(engine, "begin", _begin_elsewhere)
    return engine


def found_version(engine: sa.Engine) -> int | None:
    """Return the schema version of the database, or ``None`` where it is none of ours."""
    with engine.connect() as connection:
        if schema_version.name not in sa.inspect(connection).get_table_names():
            return None
        return connection.scalar(sa.select(schema_version.c.version))


def shown(address: sa.URL) -> str:
    """Return the address as a message may show it: the file, or the URL without its password."""
    if address.get_backend_name() == "sqlite":
        return str(address.database or ":memory:")
    hidden = {name: "***" if _SECRET.search(name) else value for name, value in address.query.items()}
    return address.set(drivername="postgresql", query=hidden).render_as_string(hide_password=True)


def _connect_args(address: sa.URL, busy_s: float) -> dict[str, Any]:
    if address.get_backend_name() == "sqlite":
        return {"timeout": busy_s}
    waits = f"-c lock_timeout={int(busy_s * 1000)} -c idle_in_transaction_session_timeout=600000"
    return {"options": waits, "connect_timeout": max(2, int(busy_s)), "application_name": "storefleet"}


def _create_file(path: Path, ownership: Ownership) -> None:
    """Create the file before SQLite does, so that its mode (and that of the WAL beside it) is ours, not the umask's."""
    try:
        if ownership.group is not None or not path.parent.exists():
            ownership.make_folder(path.parent)
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            ownership.claim_file(descriptor)
            os.close(descriptor)
    except OSError as fault:
        message = f"opening the database: {path}: {fault.strerror}; give `database:` a place that we may write"
        raise StorageError(message) from fault


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes late and is never IMMEDIATE; ours is below
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] not in {"wal", "memory"}:
        connection.execute("PRAGMA journal_mode = WAL")


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_elsewhere(connection: sa.Connection) -> None:
    """Let writers follow one another, as SQLite does: what they read first must still hold when they write."""
    if connection.get_execution_options().get(WRITE, False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")


def _ensure_schema(engine: sa.Engine, where: str) -> None:
    with engine.connect() as connection:
        present = set(sa.inspect(connection).get_table_names())
        if schema_version.name in present:
            _check_version(connection.scalar(sa.select(schema_version.c.version)), where)
            return
    if present:
        message = (
            f"{where}: holds tables that are not storefleet's ({', '.join(sorted(present)[:3])}); give another one"
        )
        raise StorageError(message)
    with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        metadata.create_all(connection)  # checks first: two processes may find the file empty at the same moment
        if connection.scalar(sa.select(schema_version.c.version)) is None:
            connection.execute(schema_version.insert().values(version=SCHEMA_VERSION))


def _check_version(found: int | None, where: str) -> None:
    if found == SCHEMA_VERSION:
        return
    if found is not None and found > SCHEMA_VERSION:
        message = (
            f"{where}: schema {found} is newer than this storefleet knows ({SCHEMA_VERSION}); "
            "use the storefleet that wrote it, or a newer one"
        )
        raise StorageError(message)
    message = f"{where}: schema {found} is older than this storefleet's ({SCHEMA_VERSION}); run `storefleet db upgrade`"
    raise StorageError(message)
