"""`storefleet collect`: state documents of devices."""

from __future__ import annotations

import json

from storefleet.cli.options import (
    FleetOption,
    FormatOption,
    LimitOption,
    OutputFormat,
    RecordOption,
    ReplayOption,
    WorkersOption,
    emit,
)
from storefleet.cli.progress import HostProgress
from storefleet.cli.signals import ended_by
from storefleet.reports.escape import visible
from storefleet.workflows.collect import Collected, CollectRequest, collect_fleet
from storefleet.workflows.workspace import open_workspace


def collect(
    fleet: FleetOption = None,
    limit: LimitOption = None,
    output: FormatOption = OutputFormat.text,
    record: RecordOption = None,
    replay: ReplayOption = None,
    workers: WorkersOption = None,
) -> int:
    """Read devices and print (json) or count (text) their state documents; nothing is judged or changed.

    \b
    storefleet collect -l S0412-pos2 --format json      the facts of one till
    storefleet collect -l S0412 --record recordings/    keep the sessions as text, to replay or to send
    """
    workspace = open_workspace(fleet)
    request = CollectRequest(limit=limit, record=record, replay=replay, workers=workers)
    collected = collect_fleet(workspace, request, HostProgress)
    if output is OutputFormat.json:
        emit(json.dumps(collected.to_json(), ensure_ascii=False) + "\n")
    else:
        emit("\n".join(_lines(collected)) + "\n")
    if collected.interrupt is not None:
        return ended_by(collected.interrupt)
    return 0 if not collected.failures else 3


def _lines(collected: Collected) -> list[str]:
    lines = []
    for document in collected.documents:
        gaps = f"{len(document.missing)} parts missing" if document.missing else "complete"
        lines.append(f"ok       {document.host:<24} {document.platform:<8} {document.duration_s:5.1f} s  {gaps}")
        lines += [f"           {visible(gap.path)}  {visible(gap.reason)}" for gap in document.missing]
    lines += [f"unknown  {name:<24} {visible(failure.reason)}" for name, failure in collected.failures.items()]
    lines += [f"skipped  {name:<24} {visible(reason)}" for name, reason in collected.skipped.items()]
    read, all_hosts = len(collected.documents), len(collected.documents) + len(collected.failures)
    return [*lines, f"{read} of {all_hosts} hosts read, {len(collected.skipped)} left out on purpose"]
