"""`storefleet audit`: the nightly audit."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from storefleet.cli.options import (
    FleetOption,
    FormatOption,
    LimitOption,
    NoColorOption,
    OutputFormat,
    ReasonOption,
    RecordOption,
    ReplayOption,
    ReportOption,
    TicketOption,
    VerboseOption,
    WorkersOption,
    colour,
)
from storefleet.cli.progress import HostProgress
from storefleet.reports.diff import diff_text
from storefleet.reports.terminal import audit_text
from storefleet.reports.writer import parse_reports, write_report
from storefleet.workflows.audit import AuditRequest, audit_fleet
from storefleet.workflows.workspace import open_workspace


def audit(
    audits: Annotated[list[str] | None, typer.Argument(metavar="[AUDIT]...", help="Which audits; default all.")] = None,
    fleet: FleetOption = None,
    limit: LimitOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Judge the last documents; contact nobody.")] = False,
    min_coverage: Annotated[
        float | None, typer.Option("--min-coverage", min=0, max=100, help="Percent of expected hosts to be judged.")
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option("--fail-on", metavar="[SEVERITY][:CHANGE,...]", help="What makes exit 1: high, high:new,worse."),
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Print the compliance diff of every host with findings.")
    ] = False,
    all_results: Annotated[bool, typer.Option("--all-results", help="List passes too in the document.")] = False,
    output: FormatOption = OutputFormat.text,
    report: ReportOption = None,
    record: RecordOption = None,
    replay: ReplayOption = None,
    reason: ReasonOption = None,
    ticket: TicketOption = None,
    workers: WorkersOption = None,
    no_color: NoColorOption = False,
    verbose: VerboseOption = 0,
) -> int:
    """Read every device and hold it against what is intended for it.

    \b
    storefleet audit -l S0412                     one store, now
    storefleet audit -l 'role=till:&region=north' the tills of a region
    storefleet audit --offline --diff             judge last night's documents again, with the diffs
    """  # noqa: D301 - \b keeps click from refilling the examples
    targets = parse_reports(report or [])
    workspace = open_workspace(fleet)
    request = AuditRequest(
        audits=tuple(audits or ()),
        limit=limit,
        offline=offline,
        min_coverage=min_coverage,
        fail_on=fail_on,
        all_results=all_results,
        record=record,
        replay=replay,
        reason=reason,
        ticket=ticket,
        workers=workers,
    )
    outcome = audit_fleet(workspace, request, lambda what, total: HostProgress(what, total))
    for target in targets:
        write_report(target, outcome.document)
    if output is OutputFormat.json:
        typer.echo(json.dumps(outcome.document.to_json(), ensure_ascii=False))
    else:
        typer.echo(audit_text(outcome.document, colour=colour(no_color), verbose=verbose > 0), nl=False)
        if diff:
            typer.echo(diff_text(outcome.diffs, colour=colour(no_color)), nl=False)
    return outcome.document.verdict.exit
