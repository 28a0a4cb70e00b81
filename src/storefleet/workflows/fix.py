"""`audit --fix`: a plan out of the playbooks that the failed controls name, each for the hosts that failed it."""

from __future__ import annotations

from collections.abc import Iterable

from storefleet.model.plan import Plan, PlanPart
from storefleet.model.report import AuditDocument, ReportedResult
from storefleet.workflows.job import job_of_parts
from storefleet.workflows.plan import PlanRequest, plan_of
from storefleet.workflows.reading import ShowProgress
from storefleet.workflows.workspace import Workspace


def fixes_of(document: AuditDocument) -> tuple[PlanPart, ...]:
    """Return the playbooks that mend what is open, in the order of the audits; waived and trial ones are no fault."""
    hosts: dict[str, list[str]] = {}
    for host in document.hosts:
        for name in dict.fromkeys(_fixes(host.results)):
            hosts.setdefault(name, []).append(host.host)
    return tuple(PlanPart(f"playbooks/{name}", tuple(names)) for name, names in hosts.items())


def _fixes(results: Iterable[ReportedResult]) -> Iterable[str]:
    for result in results:
        if result.state == "fail" and not result.trial:
            yield from (one.fix for one in result.findings if one.fix is not None and one.waiver is None)


def plan_fixes(workspace: Workspace, document: AuditDocument, request: PlanRequest, show: ShowProgress) -> Plan | None:
    """Return the plan of all fixes, ``None`` where nothing that is open has one."""
    parts = fixes_of(document)
    return plan_of(job_of_parts(workspace, parts), request, show, parts=parts) if parts else None
