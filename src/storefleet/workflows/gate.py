"""The gate of a playbook: one host, collected anew over its own line and held against audits."""

from __future__ import annotations

from storefleet.audit.fleet_index import NOTHING_SHARED
from storefleet.collect.registry import standard
from storefleet.errors import InputError, TaskFailed
from storefleet.fleet.drive import Session, drive
from storefleet.model.changes import AuditHost
from storefleet.model.findings import Result
from storefleet.model.store import Host
from storefleet.workflows import clock
from storefleet.workflows.audit import chosen_audits
from storefleet.workflows.judging import Judging
from storefleet.workflows.reading import certificate_paths, whole_plan
from storefleet.workflows.validation import Rules
from storefleet.workflows.workspace import Workspace, redaction_key


def judged(workspace: Workspace, rules: Rules, host: Host, session: Session, asked: AuditHost) -> tuple[str, ...]:
    """Return what keeps a host from passing: open findings of the severities, and whatever could not be judged."""
    try:
        audits = chosen_audits(rules, asked.audits)
    except InputError as fault:
        raise TaskFailed(f"audits: {fault}") from fault
    plan = whole_plan(workspace, host, rules.probes, redaction_key(workspace), certificate_paths(audits))
    document = drive(standard().collector(host.platform).step(plan, clock.now), session)
    found = Judging(workspace, audits, rules.waivers, diffs=False).document(host, document, NOTHING_SHARED)
    return tuple(line for result in found.results if result.severity in asked.severities for line in _lines(result))


def _lines(result: Result) -> list[str]:
    if result.trial or result.state in ("pass", "na", "waived", "skipped"):
        return []
    if result.state == "fail":
        return [f"{result.control} {finding.key}" for finding in result.findings]
    return [f"{result.control} is {result.state}: {result.reason or 'nobody knows why'}"]
