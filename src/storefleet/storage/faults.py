"""Errors of the database and its driver, translated at one door into words that say what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa
import sqlalchemy.exc

from storefleet.errors import StorageError
from storefleet.storage.address import shown, without_secrets

_BUSY = "another process kept it locked for {busy_s:g} s: wait for it to end, then try again"
_LOST = "the connection to the server was lost ({reason}); what was committed before stays; try again when it is back"
_LOGIN = (
    "the server refuses the login ({reason}): check the user, PGPASSWORD or ~/.pgpass, and the server's pg_hba.conf"
)

_REMEDIES = (
    (("SQLITE_FULL",), "no room is left on the disk: free some; what was committed before stays readable"),
    (("SQLITE_BUSY", "SQLITE_LOCKED"), _BUSY),
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
    # PostgreSQL: SQLSTATE or its class, https://www.postgresql.org/docs/current/errcodes-appendix.html
    (("55P03", "57014"), _BUSY),
    (("53100",), "no room is left on the server's disk: free some; what was committed before stays readable"),
    (("53300",), "the server has no connection left ({reason}): raise max_connections, or end somebody else's"),
    (("25006",), "the server takes no writing ({reason}): name the primary, not a standby"),
    (("42501",), "the server's user may not do that ({reason}): let it own the database, or grant it"),
    (("28", "28P01"), _LOGIN),
    (("57P", "08"), _LOST),
)
_CONNECTING = (
    (("password", "authentication", "fe_sendauth", "pg_hba"), _LOGIN),
    (("role ", "does not exist"), "{reason}: create it (createuser, createdb), or mend the URL"),
    (("too many", "remaining connection slots"), "the server has no connection left ({reason})"),
)
"""A login that failed has no SQLSTATE in libpq: its words are all there is."""


@contextlib.contextmanager
def translated(attempt: str, address: sa.URL, busy_s: float) -> Iterator[None]:
    """Turn anything that the database raises into :class:`StorageError`: attempt, place, reason, remedy."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, UnicodeError) as fault:
        reason = without_secrets(_reason(fault), address)
        message = f"{attempt}: {shown(address)}: {_remedy(fault, reason).format(busy_s=busy_s, reason=reason)}"
        raise StorageError(message) from fault


def _remedy(fault: BaseException, reason: str) -> str:
    for cause in _chain(fault):
        origin = getattr(cause, "orig", None)
        name = getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None) or ""
        for names, remedy in _REMEDIES:
            if name.startswith(names):
                return remedy
        if getattr(cause, "connection_invalidated", False):
            return _LOST
        if "connection failed" in str(origin) or "connection to server" in str(origin):
            return _cannot_connect(reason)
    return "{reason}"


def _cannot_connect(reason: str) -> str:
    for words, remedy in _CONNECTING:
        if any(word in reason for word in words):
            return remedy
    return "{reason}: check that the server runs there and that the URL names it"


def _reason(fault: BaseException) -> str:
    """Return the first line of what the driver said of the first fault."""
    origins = [getattr(cause, "orig", None) for cause in _chain(fault)]
    origin = next((origin for origin in origins if origin is not None), fault)
    return (str(origin).splitlines() or [type(fault).__name__])[0]


def _chain(fault: BaseException) -> Iterator[BaseException]:
    """Return the first error before those that it caused: a full disk makes SQLite roll back under our feet."""
    chain = [fault]
    while chain[-1].__context__ is not None and len(chain) < 10:
        chain.append(chain[-1].__context__)
    return reversed(chain)
