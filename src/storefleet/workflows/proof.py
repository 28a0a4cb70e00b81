"""Whether a host is as well after a change as before it: both audits of one run, held against each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from storefleet.model.report import HostReport
from storefleet.workflows.audit import audit_fleet
from storefleet.workflows.judge import AuditRequest
from storefleet.workflows.reading import ShowProgress
from storefleet.workflows.workspace import Workspace

GRAVE = frozenset({"critical", "high"})
"""Severities of which a change that could cut the line may leave no new finding."""


def grave_findings(
    workspace: Workspace, names: Collection[str], reason: str, show: ShowProgress
) -> Mapping[str, frozenset[str]]:
    """Audit hosts and return, of each that was judged, its open grave findings as ``CONTROL KEY``."""
    if not names:
        return {}
    outcome = audit_fleet(workspace, AuditRequest(limit=",".join(names), reason=reason), show)
    if outcome.interrupt is not None:
        raise outcome.interrupt
    return {host.host: _grave(host) for host in outcome.document.hosts if host.was_judged}


def _grave(host: HostReport) -> frozenset[str]:
    return frozenset(
        f"{result.control} {finding.key}"
        for result in host.results
        if result.state == "fail" and result.severity in GRAVE
        for finding in result.findings
    )


def not_as_well(before: Mapping[str, frozenset[str]], after: Mapping[str, frozenset[str]], name: str) -> str | None:
    """Tell what is wrong with a host that was not wrong before, or that nobody knows; ``None`` when nothing is."""
    if name not in after:
        return "it could not be audited after the change"
    new = sorted(after[name] - before.get(name, frozenset()))
    return f"new since the change: {'; '.join(new[:3])}" if new else None
