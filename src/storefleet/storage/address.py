"""Where the database is: the URL understood, the driver that it means, and how a message shows it."""

from __future__ import annotations

import sqlalchemy as sa

from storefleet.errors import StorageError
from storefleet.settings.urls import harmless, masked_url

DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
"""SQLAlchemy alone would take an older driver for ``postgresql://``; ``postgres://`` is libpq's other spelling."""

_EXAMPLE = "write sqlite:///var/storefleet.db or postgresql://user@host/name"


def understood(url: str) -> sa.URL:
    """Return the address; raises :class:`StorageError`, which never shows the URL, for one that we cannot use."""
    try:
        address = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as fault:
        message = f"the database URL cannot be read; {_EXAMPLE}"
        raise StorageError(message) from fault
    address = address.set(drivername=DRIVERS.get(address.drivername, address.drivername))
    if address.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        message = f"the database URL names {address.drivername!r}, which storefleet does not use; {_EXAMPLE}"
        raise StorageError(message)
    return address


def is_sqlite(address: sa.URL) -> bool:
    """Tell SQLite from PostgreSQL."""
    return address.get_backend_name() == "sqlite"


def sqlite_file(address: sa.URL) -> str | None:
    """Return the path of an SQLite file; ``None`` for a database in memory and for PostgreSQL."""
    return address.database if is_sqlite(address) and address.database not in {None, "", ":memory:"} else None


def shown(address: sa.URL) -> str:
    """Return the address as a message may show it: the file, or the URL without anything that may be secret."""
    if is_sqlite(address):
        return str(address.database or ":memory:")
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    return masked_url(plain)


def without_secrets(text: str, address: sa.URL) -> str:
    """Return what a driver said, without the secrets of the address that it may have quoted."""
    secrets = [address.password, *(value for key, value in address.query.items() if not harmless(key))]
    for secret in secrets:
        for each in (secret,) if isinstance(secret, str) else secret or ():
            text = text.replace(each, "***") if each else text
    return text
