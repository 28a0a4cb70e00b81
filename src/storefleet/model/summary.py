"""From results to the audit document: pure counting, so that every number of a report has one home."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from storefleet.model.findings import SEVERITIES, STATES, Finding, Result, Severity
from storefleet.model.report import (
    AuditDocument,
    Changes,
    ClosedFinding,
    FindingLife,
    HostReport,
    Identity,
    Recorded,
    ReportedExpectation,
    ReportedFinding,
    ReportedResult,
    RunInfo,
    StoreReport,
    StoreState,
    Totals,
    Verdict,
    WaiverUse,
)
from storefleet.model.store import Host, Store

NOTHING_RECORDED = Recorded()


def worst(severities: Iterable[Severity]) -> Severity | None:
    """Return the worst of some severities, or ``None`` when there are none."""
    return max(severities, key=SEVERITIES.index, default=None)


def host_report(
    host: Host,
    results: Sequence[Result],
    recorded: Recorded = NOTHING_RECORDED,
    *,
    judged: bool,
    reached: bool | None = None,
    reason: str | None = None,
    identity: Identity | None = None,
    expected: bool = True,
    dark_since: str | None = None,
    all_results: bool = False,
) -> HostReport:
    """Join the results of a host with the life of its findings.

    ``reached`` defaults to ``judged``; an offline run judges hosts that it did not reach.
    """
    lives = {(life.audit, life.control, life.key): life for life in recorded.lives}
    shown = [result for result in results if all_results or result.state != "pass" or result.trial]
    return HostReport(
        host=host.name,
        store=host.store,
        role=host.role,
        platform=host.platform,
        reached=judged if reached is None else reached,
        reason=reason,
        identity=identity,
        results=tuple(_reported(result, lives) for result in shown),
        passed=sum(result.state == "pass" and not result.trial for result in results),
        judged=judged,
        expected=expected,
        dark_since=dark_since,
    )


def _reported(result: Result, lives: dict[tuple[str, str, str], FindingLife]) -> ReportedResult:
    def finding(item: Finding) -> ReportedFinding:
        life = lives.get((result.audit, result.control, item.key))
        return ReportedFinding(
            key=item.key,
            expected=ReportedExpectation(
                item.expected.words,
                item.expected.value if item.expected.has_value else msgspec.UNSET,
                item.expected.remove,
            ),
            actual=item.actual,
            change=life.change if life else None,
            first_seen=life.first_seen if life else None,
            observed_at=result.observed_at,
            waiver=item.waiver or result.waiver,
            fix=result.fix,
            present=item.present,
            value_changed=life.value_changed if life else False,
            flapping=life.flapping if life else 0,
        )

    return ReportedResult(
        control=result.control,
        audit=result.audit,
        state=result.state,
        severity=result.severity,
        title=result.title,
        cause=result.cause,
        refs=result.refs,
        reason=result.reason,
        observed_at=result.observed_at,
        trial=result.trial,
        waiver=result.waiver,
        findings=tuple(finding(item) for item in (result.offending or result.findings)),
    )


def counted_findings(hosts: Iterable[HostReport]) -> list[tuple[ReportedResult, ReportedFinding]]:
    """Return the findings that count: of failing controls, without those on trial and those waived by key."""
    return [
        (result, finding)
        for host in hosts
        for result in host.results
        if result.state == "fail" and not result.trial
        for finding in result.findings
        if finding.waiver is None
    ]


def store_report(
    store: Store, hosts: Sequence[HostReport], *, link: str | None = None, dark_since: str | None = None
) -> StoreReport:
    """Sum up one store from its hosts; it is dark when none of them was reached or judged.

    Hosts that nobody meant to look at are not among its ``hosts``; without any other the store is ``skipped``, which is
    not ``clean``.
    """
    findings = counted_findings(hosts)
    meant = [host for host in hosts if not host.left_out]
    return StoreReport(
        store=store.id,
        state="findings" if findings else _store_state(meant),
        worst=worst(result.severity for result, _ in findings),
        dark_since=dark_since,
        link=link,
        hosts=len(meant),
        judged=sum(host.was_judged for host in meant),
        open=len(findings),
        new=sum(finding.change == "new" for _, finding in findings),
        name=store.name,
        region=store.region,
        store_format=store.format,
        timezone=store.timezone,
    )


def _store_state(hosts: Sequence[HostReport]) -> StoreState:
    """Return the state of a store without findings, from the hosts that the run meant to contact."""
    if not hosts:
        return "skipped"
    if not any(host.was_judged or host.reached for host in hosts):
        return "dark"
    broken = any(result.state == "error" for host in hosts for result in host.results)
    return "incomplete" if broken or not all(host.was_judged for host in hosts) else "clean"


def totals(stores: int, hosts: Sequence[HostReport]) -> Totals:
    """Count every result once; a control on trial is shown in reports and counted in ``trial`` only."""
    states: Counter[str] = Counter()
    trial = 0
    for host in hosts:
        states["pass"] += host.passed
        for result in host.results:
            if result.trial:
                trial += 1
            elif result.state != "pass":
                states[result.state] += 1
    return Totals(stores, len(hosts), {state: states[state] for state in STATES}, trial)


def changes(hosts: Iterable[HostReport], closed: Iterable[ClosedFinding]) -> Changes:
    """Count the changes; what is on trial or waived does not count."""
    seen = Counter(finding.change for _, finding in counted_findings(hosts) if finding.change)
    gone = Counter(item.how for item in closed)
    flapping = sum(finding.flapping > 0 for _, finding in counted_findings(hosts))
    return Changes(
        new=seen["new"],
        worse=seen["worse"],
        fixed=gone["fixed"],
        still=seen["still"],
        reopened=seen["reopened"],
        retired=gone["retired"],
        flapping=flapping,
    )


def audit_document(
    run: RunInfo,
    verdict: Verdict,
    stores: Sequence[StoreReport],
    hosts: Sequence[HostReport],
    *,
    closed: Sequence[ClosedFinding] = (),
    waivers: Sequence[WaiverUse] = (),
) -> AuditDocument:
    """Put the parts together, stores and hosts in the order of their names, so that equal facts give equal bytes."""
    return AuditDocument(
        run=run,
        verdict=verdict,
        totals=totals(len(stores), hosts),
        stores=tuple(sorted(stores, key=lambda store: store.store)),
        hosts=tuple(sorted(hosts, key=lambda host: (host.store, host.host))),
        changes=changes(hosts, closed),
        closed=tuple(sorted(closed, key=lambda item: (item.store, item.host, item.audit, item.control, item.key))),
        waivers=tuple(sorted(waivers, key=lambda waiver: waiver.id)),
    )


def without_passes(document: AuditDocument) -> AuditDocument:
    """Return the document with its passes counted and not listed; those on trial stay, since nothing counts them."""
    hosts = [
        msgspec.structs.replace(
            host, results=tuple(result for result in host.results if result.state != "pass" or result.trial)
        )
        for host in document.hosts
    ]
    return msgspec.structs.replace(document, hosts=tuple(hosts))
