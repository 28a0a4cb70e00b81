"""Opening the database: our own file modes, our own transactions, and a schema that we understand or refuse."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from storefleet.errors import StorageError
from storefleet.storage.faults import translated
from storefleet.storage.tables import SCHEMA_VERSION, metadata, schema_version

WRITE = "storefleet_write"
"""The execution option of a connection whose transaction takes the write lock at once, never half-way."""


def open_engine(url: str, *, busy_s: float, file_mode: int, dir_mode: int) -> sa.Engine:
    """Return an engine on a database with our schema, creating file and tables where there are none."""
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError as fault:
        message = "the database URL cannot be read; write sqlite:///var/storefleet.db or postgresql://host/name"
        raise StorageError(message) from fault
    where = shown(address)
    if address.get_backend_name() == "sqlite" and address.database not in {None, "", ":memory:"}:
        _create_file(Path(str(address.database)), file_mode, dir_mode)
    try:
        engine = sa.create_engine(address, connect_args=_connect_args(address, busy_s))
    except ModuleNotFoundError as fault:
        message = f"{where}: the driver {fault.name} is not installed; pip install it beside storefleet"
        raise StorageError(message) from fault
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare)
        sa.event.listen(engine, "begin", _begin)
    with translated("opening the database", where, busy_s):
        _ensure_schema(engine, where)
    return engine


def shown(address: sa.URL) -> str:
    """Return the address as a message may show it: the file, or the URL without its password."""
    if address.get_backend_name() == "sqlite":
        return str(address.database or ":memory:")
    return address.render_as_string(hide_password=True)


def _connect_args(address: sa.URL, busy_s: float) -> dict[str, Any]:
    return {"timeout": busy_s} if address.get_backend_name() == "sqlite" else {}


def _create_file(path: Path, file_mode: int, dir_mode: int) -> None:
    """Create the file before SQLite does, so that its mode (and that of the WAL beside it) is ours, not the umask's."""
    try:
        if not path.parent.exists():
            path.parent.mkdir(parents=True, mode=dir_mode)
            path.parent.chmod(dir_mode)
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, file_mode)
            os.fchmod(descriptor, file_mode)
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
