"""Reading the last facts of hosts, and since when they are dark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import NamedTuple

import sqlalchemy as sa

from storefleet.model.state import StateDocument
from storefleet.storage.bodies import unpack_json, unpack_parts
from storefleet.storage.tables import documents, findings, host_status

_CHUNK = 500
"""Hosts asked at once: below every database's limit of parameters."""


def last_documents(
    connection: sa.Connection, hosts: Collection[str], parts: Collection[str] | None = None
) -> Iterator[StateDocument]:
    """Yield the last facts of each of these hosts that has any, in the order of their names.

    With ``parts`` only these top-level parts are unpacked: to look at one value of every host is a fifth of the work.
    """
    query = sa.select(host_status.c.host, host_status.c.collected_at, host_status.c.duration_s, documents.c.body).join(
        documents, documents.c.hash == host_status.c.document
    )
    wanted = sorted(set(hosts))
    for start in range(0, len(wanted), _CHUNK):
        chunk = query.where(host_status.c.host.in_(wanted[start : start + _CHUNK])).order_by(host_status.c.host)
        for row in connection.execute(chunk):
            body = unpack_json(row.body) if parts is None else unpack_parts(row.body, parts)
            facts = {**body, "collected_at": row.collected_at, "duration_s": row.duration_s}
            yield StateDocument.from_json(facts)


def dark_since(connection: sa.Connection, hosts: Collection[str]) -> str | None:
    """Return since when none of these hosts has answered; ``None`` while one does, or none was ever asked."""
    query = sa.select(host_status.c.dark_since)
    instants = connection.scalars(query.where(host_status.c.host.in_(sorted(hosts)))).all()
    known = [instant for instant in instants if instant is not None]
    return max(known) if known and len(known) == len(instants) else None


class KnownFinding(NamedTuple):
    """One finding of a host; ``closed_run`` is the run that found it fixed, ``None`` while it is open."""

    severity: str
    control: str
    key: str
    first_seen: str
    first_run: str
    closed_run: str | None


def known_findings(connection: sa.Connection, hosts: Collection[str] | None) -> dict[str, list[KnownFinding]]:
    """Return the findings of these hosts, or of all, that are open or were fixed, the oldest first."""
    found: dict[str, list[KnownFinding]] = defaultdict(list)
    known = findings.c
    columns = (known.severity, known.control, known.key, known.first_seen, known.first_run, known.closed_run)
    kept = findings.c.closed_at.is_(None) | (findings.c.closed_how == "fixed")
    query = sa.select(findings.c.host, *columns).where(kept).order_by(findings.c.id)
    wanted = sorted(hosts) if hosts is not None else None
    chunks = [wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK)] if wanted is not None else []
    queries = [query.where(findings.c.host.in_(chunk)) for chunk in chunks] if wanted is not None else [query]
    for part in queries:
        for host, *told in connection.execute(part):
            found[host].append(KnownFinding(*told))
    return found


def dark_hosts(connection: sa.Connection) -> dict[str, str]:
    """Return every host that does not answer, with since when."""
    query = sa.select(host_status.c.host, host_status.c.dark_since).where(host_status.c.dark_since.is_not(None))
    return {row.host: row.dark_since for row in connection.execute(query)}


def pruned_at(connection: sa.Connection, host: str) -> str | None:
    """Return when the document of a host was let go of (``keep.documents``)."""
    found: str | None = connection.scalar(sa.select(host_status.c.pruned_at).where(host_status.c.host == host))
    return found
