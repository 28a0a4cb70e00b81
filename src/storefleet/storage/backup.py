"""A copy of the whole database while others work with it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sqlite3
import subprocess
from pathlib import Path

import sqlalchemy as sa

from storefleet.documents.ownership import PRIVATE, Ownership
from storefleet.errors import StorageError
from storefleet.storage.engine import address_of, shown

_DUMP_DEADLINE_S = 3600


def backup(url: str, target: Path, ownership: Ownership = PRIVATE, busy_s: float = 30.0) -> Path:
    """Copy the database to ``target`` (with ``.db`` or ``.dump`` added where it has no ending) and return where it is.

    SQLite is copied page by page while others write; PostgreSQL by ``pg_dump --format=custom``. The copy is whole
    or not there. Raises :class:`StorageError`.
    """
    address = address_of(url)
    sqlite = address.get_backend_name() == "sqlite"
    path = target if target.suffix else target.with_name(f"{target.name}{'.db' if sqlite else '.dump'}")
    if path.exists():
        raise StorageError(f"{path} exists already; name another file")
    ownership.make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        ownership.claim_file(descriptor)
        os.close(descriptor)
        if sqlite:
            _copy(Path(str(address.database)), temporary, busy_s)
        else:
            _dump(address, temporary)
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    except OSError as fault:
        raise StorageError(f"the backup {path} cannot be written: {fault.strerror}") from fault
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return path


def _copy(source: Path, target: Path, busy_s: float) -> None:
    if not source.exists():
        raise StorageError(f"{source}: there is no database yet")
    try:
        with (
            contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=busy_s)) as ours,
            contextlib.closing(sqlite3.connect(target)) as copy,
        ):
            ours.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            (verdict,) = copy.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error as fault:
        raise StorageError(f"copying {source}: {fault}; nothing was written") from fault
    if verdict != "ok":
        raise StorageError(f"{source} is damaged ({verdict}); restore the last backup")


def _dump(address: sa.URL, target: Path) -> None:
    """Let PostgreSQL's own tool do it; the password goes by its environment, never by the list of processes."""
    tool = shutil.which("pg_dump")
    if tool is None:
        raise StorageError("pg_dump is not installed, so PostgreSQL cannot be backed up from here; install its client")
    plain = address.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = {**os.environ, **({"PGPASSWORD": str(address.password)} if address.password else {})}
    argv = [tool, "--format=custom", f"--file={target}", f"--dbname={plain}"]
    try:
        done = subprocess.run(
            argv, env=environment, capture_output=True, text=True, timeout=_DUMP_DEADLINE_S, check=False
        )
    except subprocess.TimeoutExpired as fault:
        raise StorageError(f"pg_dump of {shown(address)} did not end within {_DUMP_DEADLINE_S} s") from fault
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StorageError(f"pg_dump of {shown(address)}: {said}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
