"""A copy of the database as it is at one instant, while others work on: whole on the disk, or not there."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from storefleet.documents.files import sync_directory
from storefleet.documents.ownership import Ownership
from storefleet.errors import StorageError
from storefleet.settings.urls import harmless
from storefleet.storage.address import is_sqlite, shown, sqlite_file
from storefleet.storage.engine import bare_engine, present_tables
from storefleet.storage.faults import translated
from storefleet.storage.upgrade import existing

_BUSY_S = 30.0
_BY_ENVIRONMENT = {"password": "PGPASSWORD", "options": "PGOPTIONS"}
"""What must not stand on a command line, where every user of the machine can read it."""


def backup_name(url: str, stamp: str) -> str:
    """Return how a copy made at ``stamp`` is called: the database's name, the stamp, and what kind of copy it is."""
    address = existing(url)
    path = sqlite_file(address)
    name = Path(path).stem if path else str(address.database or "postgresql")
    plain = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)
    return f"{plain}-{stamp}.{'db' if path else 'dump'}"


def backup(url: str, target: Path, owner: Ownership) -> Path:
    """Copy the database to ``target``, which must not exist; raises :class:`StorageError` and leaves nothing then.

    SQLite makes an SQLite file with the mode and group of the database, PostgreSQL a dump of ``pg_dump -Fc``. What the
    copy holds, any version of the schema, is checked only so far that it is storefleet's.
    """
    address = existing(url)
    if target.exists():
        raise StorageError(f"{target} is there already; name another file")
    engine = bare_engine(address, _BUSY_S)
    try:
        with translated("backing up the database", address, _BUSY_S):
            with engine.connect() as connection:
                if not present_tables(connection, shown(address)):
                    raise StorageError(f"{shown(address)}: there is no database yet; nothing to back up")
            with _appearing(target) as (temporary, descriptor):
                if is_sqlite(address):
                    _copy_sqlite(Path(str(sqlite_file(address))), temporary, descriptor)
                else:
                    _dump(address, descriptor)
                    owner.claim(descriptor)
    finally:
        engine.dispose()
    return target


@contextlib.contextmanager
def _appearing(target: Path) -> Iterator[tuple[Path, int]]:
    """Yield a file of ours beside the target, which takes its name when all went well and it is on the disk."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            yield temporary, descriptor
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.rename(target)
        sync_directory(target.parent)
    except OSError as fault:
        raise StorageError(f"the backup {target} could not be written: {fault.strerror}") from fault
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                temporary.with_name(temporary.name + suffix).unlink()


def _copy_sqlite(source: Path, temporary: Path, descriptor: int) -> None:
    like = source.stat()
    try:
        with (
            contextlib.closing(sqlite3.connect(source, timeout=_BUSY_S)) as here,
            contextlib.closing(sqlite3.connect(temporary)) as there,
        ):
            here.backup(there)
            there.execute("PRAGMA journal_mode = DELETE")  # one file, which needs nothing beside it
            damage = there.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as fault:
        raise StorageError(f"{source}: the backup failed: {fault}; nothing was written") from fault
    if damage != "ok":
        raise StorageError(f"{source}: the copy is damaged ({damage}), so the database is: restore an earlier backup")
    if os.fstat(descriptor).st_gid != like.st_gid:
        os.fchown(descriptor, -1, like.st_gid)
    os.fchmod(descriptor, like.st_mode & 0o777)


def _dump(address: sa.URL, descriptor: int) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        message = (
            f"{shown(address)}: pg_dump is not installed here, so no backup can be made: install postgresql-client, "
            "or back up at the server and go on with --no-backup"
        )
        raise StorageError(message)
    plain, environment = _without_secrets(address)
    words = [program, "--format=custom", "--no-owner", "--no-privileges", "--no-password", f"--dbname={plain}"]
    done = subprocess.run(
        words,
        stdout=descriptor,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1]
        message = f"{shown(address)}: pg_dump failed: {said}; mend it, or back up otherwise and go on with --no-backup"
        raise StorageError(message)


def _without_secrets(address: sa.URL) -> tuple[str, dict[str, str]]:
    """Return the URL as it may stand on a command line, and the rest as environment variables."""
    given = {"password": address.password, **address.query}
    hidden = {key: str(value) for key, value in given.items() if value and not harmless(key)}
    unknown = [key for key in hidden if key not in _BY_ENVIRONMENT]
    if unknown:
        message = f"{shown(address)}: {unknown[0]} cannot be handed to pg_dump unseen; back up otherwise (--no-backup)"
        raise StorageError(message)
    query = address.difference_update_query(list(hidden)).query
    plain = sa.URL.create("postgresql", address.username, None, address.host, address.port, address.database, query)
    return plain.render_as_string(hide_password=False), {_BY_ENVIRONMENT[key]: value for key, value in hidden.items()}
