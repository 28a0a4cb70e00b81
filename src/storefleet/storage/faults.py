"""Errors of the database and its driver, translated at one door into words that say what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa
import sqlalchemy.exc

from storefleet.errors import StorageError

_REMEDIES = (
    (("SQLITE_FULL",), "no room is left on the disk: free some; what was committed before stays readable"),
    (
        ("SQLITE_BUSY", "SQLITE_LOCKED"),
        "another process kept it locked for {busy_s:g} s: wait for it to end, then try again",
    ),
    (("SQLITE_READONLY",), "it may not be written: check owner and mode of the file and of its folder"),
    (
        ("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH"),
        "it cannot be opened: check that its folder exists and is ours",
    ),
    (("SQLITE_NOTADB",), "the file is no SQLite database: move it away, or give another `database:`"),
    (("SQLITE_CORRUPT",), "the file is damaged: move it away and restore the last backup"),
    (
        ("SQLITE_IOERR",),
        "the disk refused to read or write (full, over quota, or failing); what was committed before stays",
    ),
)


_BY_SQLSTATE = (
    (("55P03", "57014"), _REMEDIES[1][1]),
    (("53100",), "no room is left on the disk of the database server; what was committed before stays readable"),
    (("25006",), "it may not be written: the server is read-only, perhaps a standby"),
    (("28",), "the server refused the login: check user and password (PGPASSWORD, ~/.pgpass)"),
    (("3D000",), "the server has no such database: createdb"),
    (("42501",), "the account may not do that there: make it the owner of the database"),
    (("57P", "08"), "the line to the server broke; nothing half is kept: try again"),
)
"""PostgreSQL's SQLSTATE, or its class, and what to do."""


@contextlib.contextmanager
def translated(attempt: str, where: str, busy_s: float) -> Iterator[None]:
    """Turn anything that the database raises into :class:`StorageError`: attempt, place, reason, remedy."""
    try:
        yield
    except sa.exc.SQLAlchemyError as fault:
        message = f"{attempt}: {where}: {_remedy(fault).format(busy_s=busy_s)}"
        raise StorageError(message) from fault


def _remedy(fault: sa.exc.SQLAlchemyError) -> str:
    for cause in _chain(fault):
        name = getattr(getattr(cause, "orig", None), "sqlite_errorname", "")
        for names, remedy in _REMEDIES:
            if name.startswith(names):
                return remedy
        state = getattr(getattr(cause, "orig", None), "sqlstate", None) or ""
        for states, remedy in _BY_SQLSTATE:
            if state.startswith(states):
                return remedy
    origin = getattr(fault, "orig", None)
    first_line = (str(origin if origin is not None else fault).splitlines() or [type(fault).__name__])[0]
    return first_line.replace("{", "{{").replace("}", "}}")


def _chain(fault: BaseException) -> Iterator[BaseException]:
    """Return the first error before those that it caused: a full disk makes SQLite roll back under our feet."""
    chain = [fault]
    while chain[-1].__context__ is not None and len(chain) < 10:
        chain.append(chain[-1].__context__)
    return reversed(chain)
