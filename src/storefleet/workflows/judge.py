"""Judging hosts as their documents come, recording what was found, and summing up."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from storefleet.audit.compliance import ComplianceDiff, compliance_diff
from storefleet.audit.evaluate import evaluate, index_paths
from storefleet.audit.fleet_index import FleetIndex
from storefleet.audit.language import Audit
from storefleet.model.findings import Result
from storefleet.model.outcome import Answer
from storefleet.model.report import AuditDocument, ClosedFinding, HostReport, Identity, RunInfo, WaiverUse
from storefleet.model.selection import parse
from storefleet.model.state import StateDocument
from storefleet.model.store import Host
from storefleet.model.summary import NOTHING_RECORDED, audit_document, host_report, store_report
from storefleet.model.verdict import VerdictRules, decide
from storefleet.storage.database import Database
from storefleet.workflows.reading import Reader, ShowProgress, certificate_paths
from storefleet.workflows.scope import Scope, is_expected
from storefleet.workflows.sessions import open_sessions
from storefleet.workflows.validation import Rules
from storefleet.workflows.workspace import Workspace, redaction_key, utc


@dataclass(frozen=True)
class AuditRequest:
    """What the command line asked for."""

    audits: tuple[str, ...] = ()
    limit: str | None = None
    offline: bool = False
    min_coverage: float | None = None
    fail_on: str | None = None
    all_results: bool = False
    record: Path | None = None
    replay: Path | None = None
    reason: str | None = None
    ticket: str | None = None
    workers: int | None = None


@dataclass(frozen=True)
class AuditOutcome:
    """The document of the run, and the compliance diff of each host that has findings."""

    document: AuditDocument
    diffs: Mapping[str, ComplianceDiff]
    bugs: tuple[BaseException, ...] = ()
    interrupt: KeyboardInterrupt | None = None


@dataclass
class Judge:
    """Judges hosts as their documents come, and keeps what the report needs of each."""

    workspace: Workspace
    rules: Rules
    audits: tuple[Audit, ...]
    database: Database
    info: RunInfo
    all_results: bool
    reports: dict[str, HostReport] = field(default_factory=dict)
    closed: list[ClosedFinding] = field(default_factory=list)
    diffs: dict[str, ComplianceDiff] = field(default_factory=dict)
    bugs: list[BaseException] = field(default_factory=list)
    interrupt: KeyboardInterrupt | None = None
    _held: dict[str, StateDocument] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the index of values that must be unique in the fleet; it is filled before the first host is judged."""
        self._index = FleetIndex(index_paths(self.audits))
        self._whole_fleet_first = bool(index_paths(self.audits))

    def _index_what_is_known(self, seen: Collection[str]) -> None:
        """Add the last documents of the hosts that this run did not see; the older ones of those seen mean nothing."""
        if self._whole_fleet_first:
            unseen = [name for name in self.workspace.fleet.hosts if name not in seen]
            for document in self.database.each_last_document(unseen):
                self._index.add(document)

    def online(self, chosen: Scope, request: AuditRequest, show: ShowProgress) -> None:
        """Read the hosts and judge each as it answers; where a control compares hosts, judge when all have."""
        limits = self.workspace.limits(request.workers)
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
                reader.read(chosen.contacted, self._answered, show)
            except KeyboardInterrupt as fault:
                self.interrupt = fault
        self._index_what_is_known(self._held.keys())
        for name, document in self._held.items():
            self._judge(self.workspace.fleet.hosts[name], document, None)
        for host in chosen.contacted:
            if host.name not in self.reports:
                self._judge(host, None, "not asked: the run was interrupted", attempted=False)

    def offline(self, chosen: Scope) -> None:
        """Judge the last documents; nothing is recorded, since nothing was seen."""
        self._index_what_is_known(())
        last = self.database.last_documents([host.name for host in chosen.contacted])
        for host in chosen.contacted:
            document = last.get(host.name)
            reason = None if document else "never read; there is no document to judge"
            self._judge(host, document, reason, attempted=False)

    def _answered(self, answer: Answer[StateDocument]) -> None:
        host = self.workspace.fleet.hosts[answer.host]
        if answer.failure is not None:
            if answer.failure.code == "bug":
                self.bugs.append(answer.failure.error.__cause__ or answer.failure.error)
            self._judge(host, None, answer.failure.reason)
        elif answer.result is not None and self._whole_fleet_first:
            self._index.add(answer.result)
            self._held[host.name] = answer.result
        else:
            self._judge(host, answer.result, None)

    def _judge(self, host: Host, document: StateDocument | None, reason: str | None, *, attempted: bool = True) -> None:
        store = self.workspace.store(host)
        now = datetime.datetime.now(datetime.UTC)
        results = self._results(host, document, reason, now)
        recorded = NOTHING_RECORDED
        if attempted:
            recorded = self.database.record_host(self.info.id, host.name, host.store, document, results, utc(now))
        self.closed.extend(recorded.closed)
        self.reports[host.name] = host_report(
            host,
            results,
            recorded,
            judged=document is not None,
            reached=document is not None and attempted,
            reason=reason,
            identity=identity(host, document),
            expected=is_expected(host, store),
            dark_since=self.database.dark_since(host.name) if document is None else None,
            all_results=self.all_results,
        )
        if document is not None and any(result.state == "fail" for result in results):
            self.diffs[host.name] = compliance_diff(
                document, results, lambda patched: self._results(host, patched, None, now)
            )

    def _results(
        self, host: Host, document: StateDocument | None, reason: str | None, now: datetime.datetime
    ) -> list[Result]:
        store = self.workspace.store(host)
        return [
            result
            for audit in self.audits
            for result in evaluate(
                audit,
                host,
                store,
                document,
                unreachable=reason,
                now=now,
                index=self._index,
                waivers=self.rules.waivers,
                matches=self._matches,
            )
        ]

    def _matches(self, expression: str, host: Host) -> bool:
        return parse(expression).matches(host, self.workspace.store(host))

    def outcome(self, chosen: Scope, rules: VerdictRules, *, keep: bool) -> AuditOutcome:
        """Sum up: stores, verdict, document; ``keep`` finishes the run in the database."""
        for host in chosen.hosts:
            if host.name in chosen.skipped:
                self._skip(host, chosen.skipped[host.name])
        hosts = [self.reports[host.name] for host in chosen.hosts]
        by_store: dict[str, list[HostReport]] = {}
        for report in hosts:
            by_store.setdefault(report.store, []).append(report)
        stores = [
            store_report(
                self.workspace.store(self.workspace.fleet.hosts[reports[0].host]),
                [report for report in reports if report.host not in chosen.skipped],
                dark_since=self.database.dark_since(store),
            )
            for store, reports in by_store.items()
        ]
        now = datetime.datetime.now(datetime.UTC)
        info = msgspec.structs.replace(self.info, finished_at=utc(now))
        verdict = decide(hosts, stores, rules, now)
        document = audit_document(info, verdict, stores, hosts, closed=self.closed, waivers=self._waivers(hosts))
        if keep:
            self.database.finish_run(document)
        diffs = {host.name: self.diffs[host.name] for host in chosen.hosts if host.name in self.diffs}
        return AuditOutcome(document, diffs, tuple(self.bugs), self.interrupt)

    def _skip(self, host: Host, reason: str) -> None:
        store = self.workspace.store(host)
        results = self._results(host, None, reason, self.workspace.now)
        self.reports[host.name] = host_report(
            host, results, judged=False, reason=reason, expected=is_expected(host, store), all_results=self.all_results
        )

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


def identity(host: Host, document: StateDocument | None) -> Identity | None:
    """Compare the serial number that the device shows with the asset register's; unknown stays unknown."""
    system = document.facts.get("system") if document else None
    serial = system.get("serial") if isinstance(system, dict) else None
    if not isinstance(serial, str):
        return None
    return Identity(serial, serial == host.serial if host.serial else None)
