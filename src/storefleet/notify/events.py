"""The events of one audit, from its document alone: one for a cause, never one for a host."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from storefleet.model.base import Value
from storefleet.model.findings import SEVERITIES, Severity
from storefleet.model.report import AuditDocument, HostReport, ReportedFinding, ReportedResult, StoreReport

EVENT_FORMAT = "storefleet.event/1"
INCIDENT_STORES = 5
"""From so many stores on the same new fault is one incident: what breaks at once everywhere breaks in one place."""

MAX_TEXT = 2000
_FRESH = ("new", "worse", "reopened")


class Event(Value, frozen=True, kw_only=True):
    """``storefleet.event/1``; ``id`` is the same whenever the same thing is meant, so that it is told once."""

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
        """Return plain JSON with the format first."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        return {"format": EVENT_FORMAT, **fields, "hosts": list(self.hosts)}


@dataclass
class _Group:
    """Findings of one signature."""

    result: ReportedResult
    finding: ReportedFinding
    hosts: list[HostReport] = field(default_factory=list)


def counts(document: AuditDocument) -> Mapping[tuple[str, Severity], int]:
    """Return how many findings there are by change and severity, what is fixed, and how many stores are dark."""
    found: Counter[tuple[str, Severity]] = Counter()
    for _, result, finding in _open(document):
        found[finding.change or "new", result.severity] += 1
    for closed in document.closed:
        if closed.how == "fixed":
            found["fixed", closed.severity] += 1
    found["dark", "info"] += sum(store.state == "dark" for store in document.stores)
    return found


def events_of(document: AuditDocument, digest: str) -> list[Event]:
    """Return the digest, then incidents, then what is new in single stores, then dark stores."""
    wide, single = _signatures(document)
    return [
        _nightly(document, digest),
        *(_incident(document, group) for group in wide),
        *_new(document, single),
        *(_dark(document, store) for store in document.stores if store.state == "dark" and store.dark_since),
    ]


def weekly(document: AuditDocument, digest: str, week: str) -> Event:
    """Return the event of a week; ``week`` is such as ``2026-W48``."""
    night = _nightly(document, digest)
    return Event(
        event="weekly", id=f"weekly:{week}", at=night.at, fleet=night.fleet, run=night.run, severity=night.severity,
        count=night.count, title=f"{night.fleet}, week {week}: {document.verdict.words}", text=digest,
    )  # fmt: skip


def dark_for_s(event: Event, document: AuditDocument) -> float:
    """Return for how many seconds the store of an event has been dark."""
    since = next((store.dark_since for store in document.stores if store.store == event.store), None)
    if since is None:
        return 0.0
    ended = document.run.finished_at or document.run.started_at
    return (datetime.datetime.fromisoformat(ended) - datetime.datetime.fromisoformat(since)).total_seconds()


def _open(document: AuditDocument) -> Iterable[tuple[HostReport, ReportedResult, ReportedFinding]]:
    for host in document.hosts:
        for result in host.results:
            if result.state == "fail" and not result.trial:
                yield from ((host, result, finding) for finding in result.findings if finding.waiver is None)


def _signatures(document: AuditDocument) -> tuple[list[_Group], list[_Group]]:
    """Return what is new in many stores at once, and the rest."""
    groups: dict[object, _Group] = {}
    for host, result, finding in _open(document):
        if finding.change in _FRESH:
            sign = (result.audit, result.control, finding.key, repr(finding.actual))
            groups.setdefault(sign, _Group(result, finding)).hosts.append(host)
    wide = [group for group in groups.values() if len({host.store for host in group.hosts}) >= INCIDENT_STORES]
    return wide, [group for group in groups.values() if group not in wide]


def _base(document: AuditDocument) -> tuple[str, str, str]:
    run = document.run
    return run.finished_at or run.started_at, run.fleet, run.id


def _nightly(document: AuditDocument, digest: str) -> Event:
    at, fleet, run = _base(document)
    fresh = [(result, finding) for _, result, finding in _open(document) if finding.change in _FRESH]
    return Event(
        event="nightly", id=f"nightly:{run}", at=at, fleet=fleet, run=run, count=len(fresh),
        severity=_worst(result for result, _ in fresh), title=f"{fleet}: {document.verdict.words}", text=digest,
    )  # fmt: skip


def _incident(document: AuditDocument, group: _Group) -> Event:
    at, fleet, run = _base(document)
    stores = sorted({host.store for host in group.hosts})
    result, finding = group.result, group.finding
    name = f"{result.cause or 'unknown'}:{result.control}:{finding.key}:{at[:10]}"
    title = f"{len(group.hosts)} hosts in {len(stores)} stores: {result.title or result.control}"
    text = f"{finding.key} is {finding.actual!r}, should be {finding.expected.words}\n{', '.join(stores)}"
    return Event(
        event="incident", id=name, at=at, fleet=fleet,
        run=run, hosts=tuple(host.host for host in group.hosts[:50]), cause=result.cause, severity=result.severity,
        count=len(group.hosts), title=title, text=text[:MAX_TEXT],
    )  # fmt: skip


def _new(document: AuditDocument, groups: Iterable[_Group]) -> Iterable[Event]:
    """Yield one event for each cause in each store; controls without a cause stand for themselves."""
    at, fleet, run = _base(document)
    by_cause: dict[tuple[str, str], list[tuple[HostReport, _Group]]] = defaultdict(list)
    for group in groups:
        for host in group.hosts:
            by_cause[host.store, group.result.cause or group.result.control].append((host, group))
    for (store, cause), found in sorted(by_cause.items()):
        worst = max((group.result for _, group in found), key=lambda result: SEVERITIES.index(result.severity))
        lines = [
            f"{host.host} {group.result.control} {group.finding.key}: {group.finding.actual!r}" for host, group in found
        ]
        hosts = sorted({host.host for host, _ in found})
        yield Event(
            event="finding.new", id=f"{store}:{cause}:{at[:10]}", at=at, fleet=fleet, run=run, store=store,
            hosts=tuple(hosts[:50]), cause=worst.cause, severity=worst.severity, count=len(found),
            title=f"{store}: {worst.title or worst.control}", text="\n".join(lines)[:MAX_TEXT],
            link=f"{store}.html#{worst.control}",
        )  # fmt: skip


def _line(host: HostReport, group: _Group) -> str:
    return f"{host.host} {group.result.control} {group.finding.key}: {group.finding.actual!r}"


def _dark(document: AuditDocument, store: StoreReport) -> Event:
    at, fleet, run = _base(document)
    reason = next((host.reason for host in document.hosts if host.store == store.store and host.reason), "")
    return Event(
        event="store-dark", id=f"{store.store}:dark:{store.dark_since}", at=at, fleet=fleet, run=run, store=store.store,
        cause="network/outage", count=store.hosts, text=reason or "",
        title=f"{store.store}: nobody of {store.hosts} hosts answers since {store.dark_since}",
    )  # fmt: skip


def _worst(results: Iterable[ReportedResult]) -> Severity | None:
    return max((result.severity for result in results), key=SEVERITIES.index, default=None)
