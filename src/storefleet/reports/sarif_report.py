"""The audit as SARIF 2.1.0, for what collects findings of many tools."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from storefleet.model.findings import Change, Severity, State
from storefleet.model.instants import instant
from storefleet.model.report import AuditDocument, HostReport, ReportedFinding, ReportedResult
from storefleet.reports.escape import visible
from storefleet.reports.phrases import sentence
from storefleet.reports.values import observed, required

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "storefleetFinding/v1"

_LEVELS: dict[Severity, str] = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "note",
    "info": "note",
}
_KINDS: dict[State, str] = {
    "pass": "pass",
    "fail": "fail",
    "waived": "fail",
    "error": "open",
    "unknown": "open",
    "na": "notApplicable",
    "skipped": "notApplicable",
}
_BASELINES: dict[Change, str] = {"new": "new", "reopened": "new", "worse": "updated", "still": "unchanged"}


def audit_sarif(document: AuditDocument) -> str:
    """Return one SARIF log with one run, as ASCII JSON.

    A rule is a control, a result one finding; a control that could not be judged is a result of kind ``open``.
    """
    rules: dict[tuple[str, str], int] = {}
    described: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for host in document.hosts:
        for result in host.results:
            key = (result.audit, result.control)
            if key not in rules:
                rules[key] = len(described)
                described.append(_rule(result))
            results += _results(host, result, rules[key])
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(document, described, results)]}
    return json.dumps(log, ensure_ascii=True, separators=(",", ":"), allow_nan=False) + "\n"


def _run(document: AuditDocument, rules: list[dict[str, Any]], results: list[dict[str, Any]]) -> dict[str, Any]:
    run, verdict = document.run, document.verdict
    times = {"startTimeUtc": _instant(run.started_at), "endTimeUtc": _instant(run.finished_at)}
    coverage = {"expected": verdict.coverage.expected, "judged": verdict.coverage.judged}
    return {
        "tool": {"driver": {"name": "storefleet", "version": visible(run.version), "rules": rules}},
        "automationDetails": {"id": visible(f"{run.fleet}/{run.verb}/{run.id}")},
        "invocations": [
            {
                "executionSuccessful": verdict.exit in {0, 1},
                "exitCode": verdict.exit,
                "exitCodeDescription": visible(verdict.words),
                **{name: text for name, text in times.items() if text},
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"coverage": coverage, "results": dict(document.totals.results)},
    }


def _instant(text: str | None) -> str | None:
    at = instant(text)
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z" if at else None


def _rule_id(result: ReportedResult) -> str:
    return visible(f"{result.audit}/{result.control}")


def _rule(result: ReportedResult) -> dict[str, Any]:
    title = visible(result.title or result.control)
    fix = next((finding.fix for finding in result.findings if finding.fix), None)
    refs = [f"{visible(name)} {visible(', '.join(places))}" for name, places in result.refs.items()]
    help_lines = [title, *([f"fix: {visible(fix)}"] if fix else []), *refs]
    return {
        "id": _rule_id(result),
        "name": visible(result.control),
        "shortDescription": {"text": title},
        "help": {"text": "\n".join(help_lines)},
        "defaultConfiguration": {"level": _LEVELS[result.severity]},
        "properties": {"severity": result.severity, "audit": visible(result.audit)},
    }


def _results(host: HostReport, result: ReportedResult, rule: int) -> Iterator[dict[str, Any]]:
    if result.state in {"fail", "waived"} and result.findings:
        for finding in result.findings:
            yield _result(host, result, rule, finding)
    else:
        yield _result(host, result, rule, None)


def _result(host: HostReport, result: ReportedResult, rule: int, finding: ReportedFinding | None) -> dict[str, Any]:
    kind = "informational" if result.trial and result.state != "pass" else _KINDS[result.state]
    told: dict[str, Any] = {
        "ruleId": _rule_id(result),
        "ruleIndex": rule,
        "kind": kind,
        "level": _LEVELS[result.severity] if kind == "fail" else "none",
        "message": {"text": _message(host, result, finding)},
        "locations": [{"logicalLocations": _places(host, finding)}],
        "partialFingerprints": {FINGERPRINT: fingerprint(host, result, finding)},
        "properties": _properties(result, finding),
    }
    if finding is not None and finding.change in _BASELINES:
        known = finding.change == "still" and finding.value_changed
        told["baselineState"] = "updated" if known else _BASELINES[finding.change]
    waiver = (finding.waiver if finding else None) or result.waiver
    if waiver is not None or result.state == "waived":
        words = visible(f"waived by {waiver or 'a waiver'}")
        told["suppressions"] = [{"kind": "external", "status": "accepted", "justification": words}]
    return told


def _message(host: HostReport, result: ReportedResult, finding: ReportedFinding | None) -> str:
    """Return the words; SARIF takes ``[text](1)`` for a link and ``{0}`` for a placeholder, so both are taken apart."""
    if finding is not None:
        words = visible(sentence(result, finding))
        text = f"{words}. Is {observed(finding)}, should be {required(finding)}."
    else:
        reason = result.reason or host.reason or ("" if result.state == "pass" else "no reason given")
        text = visible(": ".join(filter(None, (result.title or result.control, result.state, reason))))
    escaped = text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return escaped.replace("{", "{{").replace("}", "}}") or "?"


def _places(host: HostReport, finding: ReportedFinding | None) -> list[dict[str, str]]:
    store, name = visible(host.store), visible(host.host)
    places = [
        {"name": store, "fullyQualifiedName": store, "kind": "store"},
        {"name": name, "fullyQualifiedName": f"{store}/{name}", "kind": "host"},
    ]
    if finding is not None:
        key = visible(finding.key)
        places.append({"name": key, "fullyQualifiedName": f"{store}/{name}{key}", "kind": "pointer"})
    return places


def fingerprint(host: HostReport, result: ReportedResult, finding: ReportedFinding | None) -> str:
    """Return SHA-256 (hex) of what makes a finding the same one from night to night: audit, control, host and key."""
    identity = [result.audit, result.control, host.host, finding.key if finding else None]
    return hashlib.sha256(json.dumps(identity, ensure_ascii=True).encode()).hexdigest()


def _properties(result: ReportedResult, finding: ReportedFinding | None) -> dict[str, Any]:
    texts = {
        "state": result.state,
        "severity": result.severity,
        "cause": result.cause,
        "change": finding.change if finding else None,
        "firstSeen": finding.first_seen if finding else None,
        "observedAt": result.observed_at,
        "ticket": finding.ticket if finding else None,
        "fix": finding.fix if finding else None,
    }
    return {
        **{name: visible(text) for name, text in texts.items() if text},
        **({"trial": True} if result.trial else {}),
    }
