"""From one version of the schema to the next. A released step is never changed: databases have gone through it.

A step depends on the connection and on how a key is spelled: not on ``tables``, which are the newest version only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sqlalchemy as sa

from storefleet.storage.intervals import LONGEST, storable


def from_1_to_2(connection: sa.Connection) -> None:
    """Retention: when a host's document was removed, and closed findings by their end; keys that every index takes."""
    if connection.dialect.name == "postgresql":
        _compare_bytes(connection)
    connection.exec_driver_sql("ALTER TABLE host_status ADD COLUMN pruned_at VARCHAR(40)" + _collation(connection))
    connection.exec_driver_sql("CREATE INDEX findings_by_end ON findings (closed_at)")
    long = sa.text("SELECT id, key FROM findings WHERE length(key) > :most").bindparams(most=LONGEST // 4)
    for row in connection.execute(long).all():
        key = storable(row.key)
        connection.execute(sa.text("UPDATE findings SET key = :key WHERE id = :id"), {"id": row.id, "key": key})


def from_2_to_3(connection: sa.Connection) -> None:
    """Leases of stores, and the stop of all changes."""
    collation = _collation(connection)

    def columns(text: str) -> str:
        """Spell ``name length!`` as a column: a length of 0 is any, ``!`` is never empty."""
        made = []
        for name, kind in (part.split() for part in text.split(",")):
            length, required = kind.rstrip("!"), " NOT NULL" if kind.endswith("!") else ""
            made.append(f'"{name}" {"TEXT" if length == "0" else f"VARCHAR({length})"}{collation}{required}')
        return ", ".join(made)

    held = "store 63!,run 200!,owner 0!,machine 255!,boot 64!,process 100!,taken_at 40!,heartbeat_at 40!,expires_at 40!"
    connection.exec_driver_sql(f"CREATE TABLE leases ({columns(held)}, PRIMARY KEY (store))")
    number = "SERIAL" if connection.dialect.name == "postgresql" else "INTEGER"
    stop = "at 40!,by 0!,on 255!,reason 0!,ticket 0,lifted_at 40,lifted_by 0,lifted_on 255"
    connection.exec_driver_sql(f"CREATE TABLE change_stops (id {number} NOT NULL, {columns(stop)}, PRIMARY KEY (id))")


def _collation(connection: sa.Connection) -> str:
    return ' COLLATE "C"' if connection.dialect.name == "postgresql" else ""


def _compare_bytes(connection: sa.Connection) -> None:
    """Give every text column of ours the order of bytes."""
    inspector = sa.inspect(connection)
    for table in ("runs", "store_totals", "documents", "host_status", "findings"):
        for column in inspector.get_columns(table):
            if isinstance(column["type"], sa.String):
                kind = column["type"].compile(connection.dialect).partition(" COLLATE")[0]
                change = f'ALTER TABLE {table} ALTER COLUMN "{column["name"]}" TYPE {kind} COLLATE "C"'
                connection.exec_driver_sql(change)


MIGRATIONS: Mapping[int, Callable[[sa.Connection], None]] = {1: from_1_to_2, 2: from_2_to_3}
"""Version → the step that leads from it to the next."""
