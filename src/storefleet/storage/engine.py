"""Opening the database: our own file modes, our own transactions, and a schema that we understand or refuse."""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from storefleet.documents.ownership import Ownership, refused
from storefleet.errors import StorageError
from storefleet.storage.address import is_sqlite, shown, sqlite_file, understood
from storefleet.storage.faults import translated
from storefleet.storage.tables import SCHEMA_VERSION, metadata, schema_version

WRITE = "storefleet_write"
"""The execution option of a connection whose transaction takes the write lock at once, never half-way."""

_CONNECT_S = 10
_WRITERS = 0x73746F72
"""PostgreSQL's name of our write lock, beside the schema's, since several fleets may share one database."""


def open_engine(url: str, *, busy_s: float, owner: Ownership) -> sa.Engine:
    """Return an engine on a database with our schema, creating file and tables where there are none."""
    address = understood(url)
    path = sqlite_file(address)
    if path is not None:
        _create_file(Path(path), owner)
    engine = bare_engine(address, busy_s)
    with translated("opening the database", address, busy_s):
        _ensure_schema(engine, shown(address))
    return engine


def bare_engine(address: sa.URL, busy_s: float) -> sa.Engine:
    """Return an engine with our transactions on whatever is there; it touches nothing before it is used."""
    try:
        engine = sa.create_engine(address, connect_args=_connect_args(address, busy_s), pool_pre_ping=True)
    except ModuleNotFoundError as fault:
        message = f"{shown(address)}: the driver {fault.name} is not installed; pip install 'storefleet[postgresql]'"
        raise StorageError(message) from fault
    if is_sqlite(address):
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    else:
        sa.event.listen(engine, "connect", _prepare_postgresql(busy_s))
        sa.event.listen(engine, "begin", _begin_postgresql)
    return engine


def _connect_args(address: sa.URL, busy_s: float) -> dict[str, Any]:
    if is_sqlite(address):
        return {"timeout": busy_s}
    ours = {"connect_timeout": _CONNECT_S, "application_name": "storefleet", "client_encoding": "utf8"}
    return {key: value for key, value in ours.items() if key not in address.query}


def _create_file(path: Path, owner: Ownership) -> None:
    """Create the file before SQLite does, so that its mode (and that of the WAL beside it) is ours, not the umask's."""
    try:
        if not path.parent.exists():
            owner.make_folder(path.parent)
        for beside in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            owner.adopt(beside)
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            owner.claim(descriptor)
            os.close(descriptor)
    except OSError as fault:
        if not owner.is_member:
            raise refused(path, fault, owner) from fault
        message = f"opening the database: {path}: {fault.strerror}; give `database:` a place that we may write"
        raise StorageError(message) from fault


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes late and is never IMMEDIATE; ours is below
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] not in {"wal", "memory"}:
        connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_postgresql(busy_s: float) -> Callable[[Any, object], None]:
    def prepare(connection: Any, _record: object) -> None:
        """Bound the waiting, and let the server notice a writer whose machine has vanished with the lock."""
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {max(1, math.ceil(busy_s * 1000))}")
            for name, value in (("idle", 60), ("interval", 10), ("count", 6)):
                cursor.execute(f"SET tcp_keepalives_{name} = {value}")
        connection.commit()

    return prepare


def _begin_postgresql(connection: sa.Connection) -> None:
    """Be as SQLite is: one writer at a time, who sees all that is committed; a reader sees one instant, and no lock."""
    if connection.get_execution_options().get(WRITE, False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS}, hashtext(current_schema()))")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _ensure_schema(engine: sa.Engine, where: str) -> None:
    with engine.connect() as connection:
        present = present_tables(connection, where)
        if present:
            _check_version(connection.scalar(sa.select(schema_version.c.version)), where)
            return
    with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        metadata.create_all(connection)  # checks first: two processes may find the file empty at the same moment
        if connection.scalar(sa.select(schema_version.c.version)) is None:
            connection.execute(schema_version.insert().values(version=SCHEMA_VERSION))


def present_tables(connection: sa.Connection, where: str) -> set[str]:
    """Return the tables that are there, none of a new database; refuses a database of somebody else."""
    if connection.dialect.name == "postgresql":
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
        if encoding != "UTF8":
            message = f"{where}: the database holds text as {encoding}; make it anew with createdb --encoding=UTF8"
            raise StorageError(message)
    present = set(sa.inspect(connection).get_table_names())
    if present and schema_version.name not in present:
        message = (
            f"{where}: holds tables that are not storefleet's ({', '.join(sorted(present)[:3])}); give another one"
        )
        raise StorageError(message)
    return present


def _check_version(found: int | None, where: str) -> None:
    if found == SCHEMA_VERSION:
        return
    if found is not None and found > SCHEMA_VERSION:
        raise StorageError(newer(found, where))
    message = f"{where}: schema {found} is older than this storefleet's ({SCHEMA_VERSION}); run `storefleet db upgrade`"
    raise StorageError(message)


def newer(found: int, where: str) -> str:
    """Say that a database was written by a storefleet of later."""
    return (
        f"{where}: schema {found} is newer than this storefleet knows ({SCHEMA_VERSION}); "
        "use the storefleet that wrote it, or a newer one"
    )
