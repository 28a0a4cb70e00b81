"""Judging hosts by the documents that are kept of them: the same here and in a process beside this one."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from storefleet.audit.compliance import ComplianceDiff, compliance_diff
from storefleet.audit.crosscheck import Contradiction, crosschecked
from storefleet.audit.evaluate import evaluate
from storefleet.audit.fleet_index import NOTHING_SHARED, SharedValues
from storefleet.audit.language import Audit
from storefleet.audit.waivers import Waivers
from storefleet.model.findings import Result
from storefleet.model.report import Identity
from storefleet.model.selection import parse
from storefleet.model.state import StateDocument
from storefleet.model.store import Host
from storefleet.storage.database import Database
from storefleet.workflows import clock
from storefleet.workflows.workspace import Workspace


@dataclass(frozen=True)
class Judged:
    """What one host came to; ``identity`` is ``None`` where the device showed no serial number."""

    host: str
    results: tuple[Result, ...]
    judged: bool
    identity: Identity | None = None
    diff: ComplianceDiff | None = None


@dataclass(frozen=True)
class Judging:
    """What hosts are held against, and whether a compliance diff is wanted of those that fail: it costs more than all.

    ``observed`` says that a document of the host was kept; without one ``reason`` tells why, and everything is unknown.
    """

    workspace: Workspace
    audits: tuple[Audit, ...]
    waivers: Waivers
    diffs: bool
    all_results: bool = True

    def documents(self, names: Collection[str], database: Database, shared: SharedValues) -> Iterator[Judged]:
        """Judge the kept documents of these hosts, in the order of their names; one that has none is left out.

        Whole stores are asked for at once, so that each host's word can be held against its router's.
        """
        documents = list(database.each_last_document(names))
        routers: dict[str, list[StateDocument]] = {}
        for document in documents:
            if document.role == "router":
                routers.setdefault(document.store, []).append(document)
        for document in documents:
            host = self.workspace.fleet.hosts[document.host]
            yield self.document(host, document, shared, routers.get(document.store, ()))

    def document(
        self, host: Host, document: StateDocument, shared: SharedValues, routers: Sequence[StateDocument] = ()
    ) -> Judged:
        """Judge one document, without what a router of its store contradicts."""
        now = clock.now()
        contradicted: list[Contradiction] = []
        for router in routers:
            document, found_by_router = crosschecked(document, router)
            contradicted += found_by_router

        def results(of: StateDocument) -> list[Result]:
            return self._results(host, of, None, shared, now)

        found = results(document)
        failed = self.diffs and any(result.state == "fail" for result in found)
        diff = compliance_diff(document, found, results) if failed else None
        told = found if self.all_results else list(map(_bare, found))
        return Judged(host.name, tuple(told), judged=True, identity=identity(host, document, contradicted), diff=diff)

    def unseen(self, host: Host, reason: str) -> Judged:
        """Say of every control that it could not be judged, and why."""
        now = clock.now()
        return Judged(host.name, tuple(self._results(host, None, reason, NOTHING_SHARED, now)), judged=False)

    def _results(
        self,
        host: Host,
        document: StateDocument | None,
        reason: str | None,
        shared: SharedValues,
        now: datetime.datetime,
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
                index=shared,
                waivers=self.waivers,
                matches=self._matches,
            )
        ]

    def _matches(self, expression: str, host: Host) -> bool:
        return parse(expression).matches(host, self.workspace.store(host))


_PASSES: dict[tuple[str, str], Result] = {}


def _bare(result: Result) -> Result:
    """Return one value for every pass of a control: it is counted, not listed, and so it travels once a chunk."""
    if result.state != "pass" or result.trial:
        return result
    key = (result.audit, result.control)
    if key not in _PASSES:
        _PASSES[key] = Result(result.control, result.audit, result.title, "pass", result.severity)
    return _PASSES[key]


def identity(host: Host, document: StateDocument, contradicted: Sequence[Contradiction] = ()) -> Identity | None:
    """Compare the serial number that the device shows with the asset register's; unknown stays unknown."""
    system = document.facts.get("system")
    serial = system.get("serial") if isinstance(system, dict) else None
    known = serial if isinstance(serial, str) else None
    if known is None and not contradicted:
        return None
    as_expected = known == host.serial if known is not None and host.serial else None
    return Identity(known, as_expected, "; ".join(item.reason for item in contradicted) or None)
