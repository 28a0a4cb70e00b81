"""`storefleet audit`: the nightly audit."""

from __future__ import annotations

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
from storefleet.reports.json_report import audit_json
from storefleet.reports.terminal import audit_text
from storefleet.reports.writer import Extras, parse_targets, write_report
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
    targets = parse_targets(report or [])
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
    outcome = audit_fleet(workspace, request, HostProgress)
    timezone = workspace.settings.display.timezone
    for target in targets:
        write_report(target, outcome.document, Extras(outcome.diffs, timezone))
    if output is OutputFormat.json:
        typer.echo(audit_json(outcome.document), nl=False)
    else:
        text = audit_text(
            outcome.document,
            colour=colour(no_color),
            verbose=verbose > 0,
            timezone=timezone,
            diffs=outcome.diffs if diff else {},
        )
        typer.echo(text, nl=False)
    if outcome.interrupt is not None:
        raise outcome.interrupt
    if outcome.bugs:
        raise outcome.bugs[0]
    return outcome.document.verdict.exit
