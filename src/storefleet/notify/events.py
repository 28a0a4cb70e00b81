"""The events of one audit, from its document alone: one for a cause, never one for a host."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from storefleet.model.base import Value
from storefleet.model.escape import visible
from storefleet.model.findings import Severity
from storefleet.model.instants import instant
from storefleet.model.report import AuditDocument, StoreReport
from storefleet.notify.dark import dark_groups
from storefleet.notify.escape import fitted, plain
from storefleet.notify.faults import (
    INCIDENT_STORES,
    Fault,
    fault_lines,
    fresh_faults,
    gathered,
    hosts_of,
    open_faults,
    stores_of,
    worst_of,
    worst_severity,
)

__all__ = ["EVENT_FORMAT", "INCIDENT_STORES", "Event", "counts", "dark_for_s", "events_of", "weekly"]

EVENT_FORMAT = "storefleet.event/1"
MAX_TEXT = 2000
"""Bytes of the text in the document that a command gets; chats and mails have their own bound."""

MAX_TITLE = 200
_HOSTS = 50


class Event(Value, frozen=True, kw_only=True):
    """``storefleet.event/1``; ``id`` is the same whenever the same thing is meant, so that it is told once.

    Title and text are plain already: what a device said stands in them written out, and on no line of its own making.
    """

    event: str
    id: str
    at: str
    fleet: str
    run: str
    store: str | None = None
    hosts: tuple[str, ...] = ()
    cause: str | None = None
    severity: Severity | None = None
    count: int = 1
    title: str
    text: str = ""
    link: str | None = None
    ticket: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return plain JSON with the format first, its text within :data:`MAX_TEXT` bytes."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        text = fitted(plain(self.text), MAX_TEXT)
        return {"format": EVENT_FORMAT, **fields, "hosts": list(self.hosts), "title": _title(self.title), "text": text}


def counts(document: AuditDocument) -> Mapping[tuple[str, Severity], int]:
    """Return how many findings there are by change and severity, what is fixed, and how many stores are dark."""
    found: Counter[tuple[str, Severity]] = Counter()
    for fault in open_faults(document):
        found[fault.finding.change or "new", fault.result.severity] += 1
    for closed in document.closed:
        if closed.how == "fixed":
            found["fixed", closed.severity] += 1
    found["dark", "info"] += sum(store.state == "dark" for store in document.stores)
    return found


def events_of(document: AuditDocument, digest: str) -> list[Event]:
    """Return the digest, then incidents, then what is new in single stores, then dark stores."""
    fresh = fresh_faults(document)
    wide, single = gathered(fresh)
    return [
        _nightly(document, digest, fresh),
        *(_incident(document, cause, faults) for cause, faults in wide.items()),
        *(_new(document, store, cause, faults) for (store, cause), faults in single.items()),
        *(_dark(document, group) for group in dark_groups(document.stores)),
    ]


def weekly(document: AuditDocument, digest: str, day: str) -> Event:
    """Return the event of a week; ``day`` is the day on which it is due, such as ``2026-W48-1``."""
    night = _nightly(document, digest, fresh_faults(document))
    return _event(
        document, "weekly", f"weekly:{day}", f"{document.run.fleet}, week {day[:8]}: {document.verdict.words}",
        text=digest, severity=night.severity, count=night.count,
    )  # fmt: skip


def dark_for_s(event: Event, document: AuditDocument) -> float:
    """Return for how many seconds the stores of an event have been dark: the first of them, where there are many."""
    first = event.store or next((host.store for host in document.hosts if host.host in event.hosts[:1]), None)
    since = instant(next((store.dark_since for store in document.stores if store.store == first), None))
    ended = instant(_ended(document))
    return (ended - since).total_seconds() if since is not None and ended is not None else 0.0


def _ended(document: AuditDocument) -> str:
    return document.run.finished_at or document.run.started_at


def _title(text: str) -> str:
    return visible(text.replace("\n", " "), MAX_TITLE)


def _event(document: AuditDocument, event: str, name: str, title: str, **more: object) -> Event:
    run = document.run
    fields = {
        "event": event,
        "id": visible(name),
        "at": _ended(document),
        "fleet": visible(run.fleet),
        "run": visible(run.id),
        "title": _title(title),
    }
    return Event(**{**fields, **more})  # type: ignore[arg-type]  # names and types are those of the fields above


def _nightly(document: AuditDocument, digest: str, fresh: Sequence[Fault]) -> Event:
    return _event(
        document, "nightly", f"nightly:{document.run.id}", f"{document.run.fleet}: {document.verdict.words}",
        text=digest, count=len(fresh), severity=worst_severity(fresh),
    )  # fmt: skip


def _incident(document: AuditDocument, cause: str, faults: Sequence[Fault]) -> Event:
    """One cause in many stores; other controls of the same cause on the same day are another incident."""
    stores, hosts = stores_of(faults), hosts_of(faults)
    controls = sorted({(fault.result.audit, fault.result.control) for fault in faults})
    mark = hashlib.sha256(repr(controls).encode()).hexdigest()[:8]
    first = worst_of(faults)
    others = f" and {len(controls) - 1} more" if len(controls) > 1 else ""
    lines = [*fault_lines(faults), f"stores: {', '.join(stores)}"]
    return _event(
        document, "incident", f"{cause}:{_ended(document)[:10]}:{mark}",
        f"{len(hosts)} hosts in {len(stores)} stores: {first.result.title or first.result.control}{others}",
        hosts=tuple(hosts[:_HOSTS]), cause=cause if first.result.cause else None, severity=first.result.severity,
        count=len(faults), text=fitted("\n".join(lines), MAX_TEXT),
    )  # fmt: skip


def _new(document: AuditDocument, store: str, cause: str, faults: Sequence[Fault]) -> Event:
    first = worst_of(faults)
    control = visible(first.result.control)
    return _event(
        document, "finding.new", f"{store}:{cause}:{_ended(document)[:10]}",
        f"{store}: {first.result.title or first.result.control}",
        store=store, hosts=tuple(hosts_of(faults)[:_HOSTS]), cause=cause if first.result.cause else None,
        severity=first.result.severity, count=len(faults), text=fitted("\n".join(fault_lines(faults)), MAX_TEXT),
        link=f"{store}.html#{control}",
    )  # fmt: skip


def _dark(document: AuditDocument, group: Sequence[StoreReport]) -> Event:
    """One store, or all that went dark together."""
    first = group[0]
    silent = [host for host in document.hosts if host.store == first.store]
    reason = visible(next((host.reason for host in silent if host.reason), ""))
    if len(group) == 1:
        return _event(
            document, "store-dark", f"{first.store}:dark:{first.dark_since}",
            f"{first.store}: nobody of {first.hosts} hosts answers since {first.dark_since}",
            store=first.store, hosts=tuple(host.host for host in silent[:_HOSTS]), cause="network/outage",
            count=first.hosts, text=reason,
        )  # fmt: skip
    names = ", ".join(sorted(store.store for store in group))
    return _event(
        document, "store-dark", f"dark:{first.dark_since}",
        f"{len(group)} stores went dark together: nobody answers since {first.dark_since}",
        hosts=tuple(host.host for host in silent[:_HOSTS]), cause="network/outage",
        count=sum(store.hosts for store in group), text=fitted(f"{reason}\nstores: {names}", MAX_TEXT),
    )  # fmt: skip
