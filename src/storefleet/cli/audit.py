"""`storefleet audit`: the nightly audit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from storefleet.cli.completion import complete_audit
from storefleet.cli.options import (
    EverythingOption,
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
    check_out,
    colour,
    emit,
    width,
)
from storefleet.cli.progress import HostProgress
from storefleet.cli.signals import ended_by
from storefleet.cli.streams import write
from storefleet.errors import InputError, StorageError
from storefleet.notify.config import Notify
from storefleet.reports.escape import visible
from storefleet.reports.json_report import audit_json
from storefleet.reports.plan_text import plan_lines
from storefleet.reports.targets import Target, needs_all_results, needs_diffs, needs_trend, parse_targets, write_reports
from storefleet.reports.terminal import audit_text, render
from storefleet.reports.writer import Extras
from storefleet.workflows.audit import audit_fleet
from storefleet.workflows.diffs import write_diffs
from storefleet.workflows.fix import plan_fixes
from storefleet.workflows.judge import AuditOutcome, AuditRequest
from storefleet.workflows.notify import load_routes, notify_run
from storefleet.workflows.plan import PlanRequest, write_plan
from storefleet.workflows.sessions import make_folder
from storefleet.workflows.workspace import Workspace, open_workspace

AuditsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="AUDIT", help="Which audits; default all.", autocompletion=complete_audit),
]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Judge the last documents; contact nobody.")]
CoverageOption = Annotated[
    float | None, typer.Option("--min-coverage", min=0, max=100, help="Percent of expected hosts to be judged.")
]
FailOnOption = Annotated[
    str | None,
    typer.Option(
        "--fail-on", metavar="[SEVERITY][:CHANGE,...]", help="What makes exit 1, as in high or high:new,worse."
    ),
]
DiffOption = Annotated[bool, typer.Option("--diff", help="Print the compliance diff of every host with findings.")]
DiffToOption = Annotated[
    Path | None,
    typer.Option("--diff-to", metavar="DIR", help="Write HOST.observed and HOST.diff there, and STORE.diff."),
]
NotifyOption = Annotated[
    bool, typer.Option("--notify", help="Tell whom inventory/notify.yaml names, after the reports are out.")
]
NameOption = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="Refuse (exit 5) while another run of this name goes on."),
]
RetriesOption = Annotated[
    int | None,
    typer.Option("--retries", min=0, max=20, help="Rounds over hosts that did not answer; default network.retries."),
]
FixOption = Annotated[
    bool, typer.Option("--fix", help="Plan the `fix:` playbooks of what failed; nothing is changed before `apply`.")
]
PlanOutOption = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="FILE", help="Where the plan of --fix is written.")
]
AllResultsOption = Annotated[bool, typer.Option("--all-results", help="List passes too in the document.")]


def audit(
    audits: AuditsArgument = None,
    fleet: FleetOption = None,
    limit: LimitOption = None,
    offline: OfflineOption = False,
    min_coverage: CoverageOption = None,
    fail_on: FailOnOption = None,
    diff: DiffOption = False,
    diff_to: DiffToOption = None,
    everything: EverythingOption = False,
    all_results: AllResultsOption = False,
    output: FormatOption = OutputFormat.text,
    report: ReportOption = None,
    record: RecordOption = None,
    replay: ReplayOption = None,
    reason: ReasonOption = None,
    ticket: TicketOption = None,
    workers: WorkersOption = None,
    name: NameOption = None,
    retries: RetriesOption = None,
    notify: NotifyOption = False,
    fix: FixOption = False,
    out: PlanOutOption = None,
    no_color: NoColorOption = False,
    verbose: VerboseOption = 0,
) -> int:
    """Read every device and hold it against what is intended for it.

    \b
    storefleet audit -l S0412                      one store, now
    storefleet audit -l 'role=till:&region=north'  the tills of a region
    storefleet audit --offline --diff              judge last night's documents again, with the diffs
    storefleet audit -l S0412 --fix -o plan.json   and plan what mends what failed
    """
    targets = parse_targets(report or [])
    if fix != (out is not None):
        raise InputError("--fix and -o go together: the plan is what `storefleet apply` takes")
    check_out(out)
    workspace = open_workspace(fleet)
    if diff_to is not None:
        make_folder(diff_to, "--diff-to", workspace.owner_of(diff_to))
    routes = load_routes(workspace) if notify else None
    request = AuditRequest(
        audits=tuple(audits or ()),
        limit=limit,
        offline=offline,
        min_coverage=min_coverage,
        fail_on=fail_on,
        all_results=all_results,
        keep_passes=needs_all_results(targets),
        diffs=diff or diff_to is not None or needs_diffs(targets),
        trend=notify or needs_trend(targets),
        record=record,
        replay=replay,
        reason=reason,
        ticket=ticket,
        workers=workers,
        name=name,
        retries=retries,
    )
    outcome = audit_fleet(workspace, request, HostProgress)
    unwritten = _write(workspace, outcome, targets, diff_to)
    if output is OutputFormat.json:
        emit(audit_json(outcome.document))
    else:
        style = {"colour": colour(no_color), "verbose": verbose > 0, "everything": everything}
        _show(workspace, outcome, diffs=_diffs(outcome) if diff else {}, **style)
    _tell(workspace, routes, outcome)
    if fix and out is not None and outcome.interrupt is None:
        _fix(workspace, outcome, PlanRequest(Path(), limit, reason, ticket, workers), out, no_color=no_color)
    return _end(outcome, unwritten)


def _fix(workspace: Workspace, outcome: AuditOutcome, request: PlanRequest, out: Path, *, no_color: bool) -> None:
    """Plan what mends what failed, and show it; on standard error, since the audit is what was asked for."""
    made = plan_fixes(workspace, outcome.document, request, HostProgress)
    if made is None:
        older = f"; {out} is an earlier one" if out.exists() else ""
        write(f"nothing that failed names a playbook that mends it; no plan was written{older}\n", err=True)
        return
    write_plan(workspace, made, out)
    lines = plan_lines(made, workspace.settings.display.timezone, width())
    write(render(lines, colour=colour(no_color)), err=True)
    write(f"the plan is in {out}: storefleet apply {out}\n", err=True)


def _show(workspace: Workspace, outcome: AuditOutcome, *, diffs: dict[str, str], **style: bool) -> None:
    timezone = workspace.settings.display.timezone
    emit(audit_text(outcome.document, width=width(), timezone=timezone, diffs=diffs, **style))


def _tell(workspace: Workspace, routes: Notify | None, outcome: AuditOutcome) -> None:
    """Tell whom the routes name, and say on standard error what could not be told."""
    for complaint in notify_run(workspace, routes, outcome.document, outcome.trend) if routes else ():
        write(f"notify: {visible(complaint, limit=400)}\n", err=True)


def _diffs(outcome: AuditOutcome) -> dict[str, str]:
    return {host: found.diff for host, found in outcome.diffs.items()}


def _write(
    workspace: Workspace, outcome: AuditOutcome, targets: Sequence[Target], diff_to: Path | None
) -> StorageError | None:
    """Write warnings and files; return what was refused: a full disk must not cost the report on the terminal too."""
    for warning in outcome.warnings:
        write(f"warning: {visible(warning, limit=2000)}\n", err=True)
    extras = Extras(_diffs(outcome), workspace.settings.display.timezone, outcome.trend)
    unwritten = None
    try:
        if diff_to is not None:
            stores = {host.host: host.store or host.host for host in outcome.document.hosts}
            write_diffs(diff_to, outcome.diffs, stores, workspace.owner_of(diff_to))
    except StorageError as fault:
        unwritten = fault
    try:
        write_reports(targets, outcome.document, extras, full=outcome.full, owner_of=workspace.owner_of)
    except StorageError as fault:
        unwritten = fault
    return unwritten


def _end(outcome: AuditOutcome, unwritten: StorageError | None) -> int:
    """Leave by what the run met, after the report is out: a report not written, an interrupt, a bug, the verdict."""
    if unwritten is not None:
        raise unwritten
    if outcome.interrupt is not None:
        return ended_by(outcome.interrupt)
    if outcome.bugs:
        raise outcome.bugs[0]
    return outcome.document.verdict.exit
