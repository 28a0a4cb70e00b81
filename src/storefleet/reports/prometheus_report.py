"""The run as gauges for the textfile collector of Prometheus' node exporter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from storefleet.model.findings import SEVERITIES, STATES
from storefleet.model.instants import instant
from storefleet.model.report import AuditDocument, StoreState
from storefleet.model.summary import counted_findings
from storefleet.reports.escape import visible

_CHANGES = ("new", "worse", "still", "reopened", "unrecorded")
_STORE_STATES: tuple[str, ...] = get_args(StoreState)


class _Gauges:
    """One registry of our own, so that nothing of this process but the run is in the file; each gauge has the fleet."""

    def __init__(self, fleet: str) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._fleet = fleet

    def one(self, name: str, words: str, value: float) -> None:
        self.many(name, words, (), [((), value)])

    def many(
        self, name: str, words: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
    ) -> None:
        gauge = Gauge(f"storefleet_{name}", words, ("fleet", *labels), registry=self.registry)
        for of_labels, value in values:
            gauge.labels(self._fleet, *of_labels).set(value)

    def counts(self, name: str, words: str, label: str, counts: Mapping[Any, int], known: Iterable[str]) -> None:
        self.many(name, words, (label,), [((key,), counts.get(key, 0)) for key in known])


def audit_prometheus(document: AuditDocument) -> str:
    """Return the text exposition format; every count that can be is there as a 0, so that an alert can compare.

    Numbers are counts, but for seconds (``_seconds``, Unix time where the name says ``timestamp``) and ratios of 1.
    """
    gauges = _Gauges(visible(document.run.fleet))
    _run(gauges, document)
    _counts(gauges, document)
    _findings(gauges, document)
    return generate_latest(gauges.registry).decode()


def _run(gauges: _Gauges, document: AuditDocument) -> None:
    run, verdict = document.run, document.verdict
    started, finished = instant(run.started_at), instant(run.finished_at)
    if ended := finished or started:
        gauges.one("run_timestamp_seconds", "When the run ended, Unix time.", ended.timestamp())
    if started and finished:
        took = (finished - started).total_seconds()
        gauges.one("run_duration_seconds", "How long the run took.", took)
    gauges.one("run_exit", "Exit code: 0 clean, 1 findings, 3 incomplete.", verdict.exit)
    seen = verdict.coverage
    gauges.one("coverage_expected_hosts", "Hosts that should have been judged.", seen.expected)
    gauges.one("coverage_judged_hosts", "Hosts that were judged.", seen.judged)
    gauges.one("coverage_ratio", "Judged of expected, 0 to 1; never rounded up.", seen.percent / 100)
    gauges.one("coverage_floor_ratio", "The floor under which a run is incomplete, 0 to 1.", seen.floor / 100)


def _counts(gauges: _Gauges, document: AuditDocument) -> None:
    gauges.counts("results", "Results by state.", "state", dict(document.totals.results), STATES)
    gauges.one("results_on_trial", "Results of controls on trial, counted nowhere else.", document.totals.trial)
    stores = Counter(store.state for store in document.stores)
    gauges.counts("stores", "Stores by state.", "state", stores, _STORE_STATES)
    backup = sum(store.link == "backup" for store in document.stores)
    gauges.one("stores_on_backup_link", "Stores on their backup link.", backup)
    gone = {"fixed": document.changes.fixed, "retired": document.changes.retired}
    gauges.counts("findings_gone", "Findings that are gone since the last run.", "how", gone, gone)


def _findings(gauges: _Gauges, document: AuditDocument) -> None:
    found = counted_findings(document.hosts)
    kinds: Counter[tuple[str, str]] = Counter(
        (result.severity, finding.change or "unrecorded") for result, finding in found
    )
    gauges.many(
        "findings",
        "Open findings, without those waived or on trial, by severity and change.",
        ("severity", "change"),
        [((severity, change), kinds[severity, change]) for severity in SEVERITIES for change in _CHANGES],
    )
    controls = Counter((visible(result.audit), visible(result.control), result.severity) for result, _ in found)
    gauges.many(
        "control_findings",
        "Open findings of each control that has any.",
        ("audit", "control", "severity"),
        [(labels, count) for labels, count in sorted(controls.items())],
    )
