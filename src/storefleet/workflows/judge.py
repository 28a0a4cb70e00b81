"""The run of an audit: read hosts and keep what they show, then judge it, record what was found, and sum up."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec

from storefleet.audit.compliance import ComplianceDiff
from storefleet.audit.evaluate import index_paths
from storefleet.audit.fleet_index import FleetIndex
from storefleet.audit.language import Audit
from storefleet.model.instants import utc
from storefleet.model.outcome import Answer
from storefleet.model.report import AuditDocument, ClosedFinding, HostReport, Recorded, RunInfo, WaiverUse
from storefleet.model.state import StateDocument
from storefleet.model.store import Host
from storefleet.model.summary import NOTHING_RECORDED, audit_document, host_report, store_report, without_passes
from storefleet.model.verdict import VerdictRules, decide
from storefleet.reports.trend import TrendPoint
from storefleet.storage.database import Database
from storefleet.workflows import clock
from storefleet.workflows.again import Again, OnAnswer
from storefleet.workflows.archive import Archive
from storefleet.workflows.judging import Judged, Judging
from storefleet.workflows.links import Link, deciders, link_of
from storefleet.workflows.panel import CHUNK, Panel
from storefleet.workflows.reading import Reader, ShowProgress, certificate_paths
from storefleet.workflows.runs import trend
from storefleet.workflows.scope import Scope, is_expected, scope
from storefleet.workflows.sessions import open_sessions
from storefleet.workflows.validation import Rules
from storefleet.workflows.workspace import Workspace, redaction_key


@dataclass(frozen=True)
class AuditRequest:
    """What the command line asked for.

    ``all_results`` lists passes in the document; ``keep_passes`` keeps them for a report that needs them, beside it.
    ``trend`` reads earlier runs for a report that draws a line of them.
    """

    audits: tuple[str, ...] = ()
    limit: str | None = None
    offline: bool = False
    min_coverage: float | None = None
    fail_on: str | None = None
    all_results: bool = False
    keep_passes: bool = False
    diffs: bool = False
    trend: bool = False
    record: Path | None = None
    replay: Path | None = None
    reason: str | None = None
    ticket: str | None = None
    workers: int | None = None
    name: str | None = None
    retries: int | None = None


@dataclass(frozen=True)
class AuditOutcome:
    """The document of the run, and, where they were asked for, the compliance diffs of the hosts with findings.

    ``full`` is the document with every pass, where a report needs it.
    """

    document: AuditDocument
    diffs: Mapping[str, ComplianceDiff]
    bugs: tuple[BaseException, ...] = ()
    interrupt: KeyboardInterrupt | None = None
    trend: tuple[TrendPoint, ...] = ()
    full: AuditDocument | None = None
    warnings: tuple[str, ...] = ()


@dataclass
class Judge:
    """Keeps what hosts show as it comes, judges it when all have answered, and holds what the report needs of each.

    Documents are never held: a fleet's would be gigabytes. They go to the database, where the panel finds them.
    """

    workspace: Workspace
    rules: Rules
    audits: tuple[Audit, ...]
    database: Database
    info: RunInfo
    all_results: bool
    keep_passes: bool
    panel: Panel
    judging: Judging
    archive: Archive = field(default_factory=Archive)
    reports: dict[str, HostReport] = field(default_factory=dict)
    closed: list[ClosedFinding] = field(default_factory=list)
    diffs: dict[str, ComplianceDiff] = field(default_factory=dict)
    bugs: list[BaseException] = field(default_factory=list)
    interrupt: KeyboardInterrupt | None = None
    links: dict[str, Link] = field(default_factory=dict)
    _seen: dict[str, str] = field(default_factory=dict)
    """Host → the instant at which it answered, which is when its findings were seen, whenever they are judged."""

    def __post_init__(self) -> None:
        """Make the index of values that must be unique in the fleet; it is filled before the first host is judged."""
        self._index = FleetIndex(index_paths(self.audits))

    def online(self, chosen: Scope, request: AuditRequest, show: ShowProgress) -> None:
        """Read the hosts, then judge those that answered."""
        limits = self.workspace.limits(request.workers, request.retries)
        with open_sessions(self.workspace, limits, request.record, request.replay) as sessions:
            reader = Reader(
                self.workspace,
                sessions,
                limits,
                self.rules.probes,
                redaction_key(self.workspace),
                certificate_paths(self.audits),
            )
            try:
                self._read(reader, chosen.contacted, show)
            except KeyboardInterrupt as fault:
                self.interrupt = fault
        self._index_what_is_known(self._seen)
        self._judge_kept(list(self._seen), record=True)
        self._without_document(chosen, "not asked: the run was interrupted")

    def _read(self, reader: Reader, hosts: Sequence[Host], show: ShowProgress) -> None:
        """Read the hosts; where a router decides how much may be read of its store, the routers first."""
        wish = self.workspace.settings.audit.on_backup_link
        first = deciders(hosts, self.workspace.fleet.stores) if wish != "full" else ()
        again = Again(reader.limits.retries, reader.limits.retry_after_s)

        def read(some: Sequence[Host], on_answer: OnAnswer, words: str) -> None:
            reader.read(some, on_answer, show, words)

        if first:
            again.read(first, read, self._answered)
            slow = {store for store, link in self.links.items() if link == "backup"}
            reader.light_stores.update(slow if wish == "light" else ())
            asked = {host.name for host in first}
            rest = [host for host in hosts if host.name not in asked]
            for host in rest:
                if wish == "skip" and host.store in slow:
                    self._unseen(host, "not asked: its store is on the backup link (audit.on_backup_link: skip)")
            hosts = [host for host in rest if host.name not in self.reports]
        if hosts:
            again.read(hosts, read, self._answered)

    def offline(self, chosen: Scope) -> None:
        """Judge the last documents; nothing is recorded, since nothing was seen."""
        self._index_what_is_known(())
        self._judge_kept([host.name for host in chosen.contacted], record=False)
        self._without_document(chosen)

    def _without_document(self, chosen: Scope, reason: str | None = None) -> None:
        for host in chosen.contacted:
            if host.name not in self.reports:
                self._unseen(host, reason or self._why_none(host), self.database.dark_since(host.name))

    def _why_none(self, host: Host) -> str:
        removed = self.database.pruned_at(host.name)
        if removed is None:
            return "never read; there is no document to judge"
        return f"its last document was let go of on {removed} (keep.documents); there is none to judge"

    def _index_what_is_known(self, seen: Collection[str]) -> None:
        """Add the last documents of the hosts that this run did not see; the older ones of those seen mean nothing."""
        if self._index.asks_for_any:
            unseen = [name for name in self.workspace.fleet.hosts if name not in seen]
            for document in self.database.each_last_document(unseen, self._index.parts):
                self._index.add(document)

    def _answered(self, answer: Answer[StateDocument]) -> None:
        host = self.workspace.fleet.hosts[answer.host]
        if answer.failure is not None:
            if answer.failure.code == "bug":
                self.bugs.append(answer.failure.error.__cause__ or answer.failure.error)
            self.database.record_host(self.info.id, host.name, host.store, None, (), _now())
            self._unseen(host, answer.failure.reason, self.database.dark_since(host.name))
        elif answer.result is not None:
            self._index.add(answer.result)
            if host.role == "router" and (link := link_of(answer.result, self.workspace.store(host))):
                self.links[host.store] = link
            self._seen[host.name] = _now()
            self.database.keep_document(self.info.id, answer.result, self._seen[host.name])
            self.archive.add(answer.result)

    def _judge_kept(self, names: Iterable[str], *, record: bool) -> None:
        for chunk in self.panel.judge(self._by_store(names), self.database, self._index.shared()):
            lives = self._record(chunk) if record else [NOTHING_RECORDED] * len(chunk)
            for judged, recorded in zip(chunk, lives, strict=True):
                self._report(judged, recorded, reached=record)

    def _by_store(self, names: Iterable[str]) -> list[list[str]]:
        """Return the names in chunks, the hosts of one store together."""
        store_of = {name: self.workspace.fleet.hosts[name].store for name in names}
        chunks: list[list[str]] = [[]]
        for _, group in itertools.groupby(sorted(store_of, key=lambda name: (store_of[name], name)), store_of.get):
            if len(chunks[-1]) >= CHUNK:
                chunks.append([])
            chunks[-1].extend(group)
        return chunks if chunks[0] else []

    def _record(self, chunk: Iterable[Judged]) -> list[Recorded]:
        hosts = self.workspace.fleet.hosts
        with self.database.batch(self.info.id) as recorder:
            return [
                recorder.record_results(one.host, hosts[one.host].store, one.results, self._seen[one.host])
                for one in chunk
            ]

    def _unseen(self, host: Host, reason: str, dark_since: str | None = None) -> None:
        judged = self.judging.unseen(host, reason)
        self._report(judged, NOTHING_RECORDED, reached=False, reason=reason, dark_since=dark_since)

    def _report(
        self,
        judged: Judged,
        recorded: Recorded,
        *,
        reached: bool,
        reason: str | None = None,
        dark_since: str | None = None,
    ) -> None:
        host = self.workspace.fleet.hosts[judged.host]
        self.closed.extend(recorded.closed)
        if judged.diff is not None:
            self.diffs[host.name] = judged.diff
        self.reports[host.name] = host_report(
            host,
            judged.results,
            recorded,
            judged=judged.judged,
            reached=reached,
            reason=reason,
            identity=judged.identity,
            expected=is_expected(host, self.workspace.store(host)),
            dark_since=dark_since,
            all_results=self.all_results or self.keep_passes,
        )

    def outcome(self, chosen: Scope, rules: VerdictRules, *, keep: bool, with_trend: bool) -> AuditOutcome:
        """Sum up: stores, verdict, document; ``keep`` finishes the run in the database."""
        for host in chosen.hosts:
            if host.name in chosen.skipped:
                self._unseen(host, chosen.skipped[host.name])
        hosts = [self.reports[host.name] for host in chosen.hosts]
        by_store: dict[str, list[HostReport]] = {}
        for report in hosts:
            by_store.setdefault(report.store, []).append(report)
        stores = [
            store_report(
                self.workspace.store(self.workspace.fleet.hosts[reports[0].host]),
                [report for report in reports if report.host not in chosen.skipped],
                link=self.links.get(store),
                dark_since=None if any(report.was_judged for report in reports) else self._dark_since(store),
            )
            for store, reports in by_store.items()
        ]
        now = clock.now()
        info = msgspec.structs.replace(self.info, finished_at=utc(now))
        verdict = decide(hosts, stores, rules, now)
        full = audit_document(info, verdict, stores, hosts, closed=self.closed, waivers=self._waivers(hosts))
        document = without_passes(full) if self.keep_passes and not self.all_results else full
        if keep:
            self.database.finish_run(document)
        diffs = {host.name: self.diffs[host.name] for host in chosen.hosts if host.name in self.diffs}
        past = trend(self.database, document) if with_trend else ()
        kept = full if self.keep_passes else None
        return AuditOutcome(document, diffs, tuple(self.bugs), self.interrupt, past, kept)

    def _dark_since(self, store: str) -> str | None:
        """Return since when no host of an open store answers, of those that a night asks."""
        known = self.workspace.fleet.stores.get(store)
        if known is not None and known.status != "open":
            return None
        return self.database.dark_since(*self._asked.get(store, ()))

    @cached_property
    def _asked(self) -> dict[str, list[str]]:
        fleet = self.workspace.fleet.hosts.values()
        asked: dict[str, list[str]] = {}
        for host in scope(fleet, self.workspace.store).contacted:
            asked.setdefault(host.store, []).append(host.name)
        return asked

    def _waivers(self, hosts: Sequence[HostReport]) -> tuple[WaiverUse, ...]:
        used = {
            name
            for report in hosts
            for result in report.results
            for finding in result.findings
            if finding.waiver
            for name in finding.waiver.split(", ")
        }
        entries = (waiver for waiver in self.rules.waivers.entries if waiver.id in used)
        return tuple(WaiverUse(waiver.id, waiver.expires.isoformat(), waiver.wide) for waiver in entries)


def _now() -> str:
    return utc(clock.now())
