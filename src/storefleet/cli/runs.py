"""`storefleet runs` and `storefleet report`: what earlier runs were, and any of their reports again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from storefleet.cli.completion import complete_run
from storefleet.cli.options import (
    EverythingOption,
    FleetOption,
    FormatOption,
    NoColorOption,
    OutputFormat,
    ReportOption,
    VerboseOption,
    colour,
    emit,
    width,
)
from storefleet.reports.changed_text import changed_lines
from storefleet.reports.json_report import audit_json
from storefleet.reports.run_list import run_lines, runs_document
from storefleet.reports.targets import parse_targets, write_reports
from storefleet.reports.terminal import audit_text, render
from storefleet.reports.writer import Extras
from storefleet.workflows.changed import changed_in
from storefleet.workflows.runs import LAST, past_document, past_run, past_runs
from storefleet.workflows.workspace import open_workspace

app = typer.Typer(no_args_is_help=False, invoke_without_command=True)
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="The id of a run, its beginning or end, or `last`: the newest finished one.",
        autocompletion=complete_run,
    ),
]
CountOption = Annotated[int, typer.Option("--count", "-n", min=1, max=100_000, help="How many, the newest first.")]


@app.callback()
def runs(context: typer.Context, fleet: FleetOption = None) -> None:
    """Print what earlier runs were: `runs list` (also without a word), `runs show RUN`.

    \b
    storefleet runs
    storefleet runs show last
    """
    if context.invoked_subcommand is None:
        _list(fleet, 20, OutputFormat.text, no_color=False)


@app.command("list")
def list_(
    context: typer.Context,
    fleet: FleetOption = None,
    count: CountOption = 20,
    output: FormatOption = OutputFormat.text,
    no_color: NoColorOption = False,
) -> int:
    """Print one line for each run: when, what, by whom, how it ended.

    \b
    storefleet runs list -n 400 --format json
    """
    return _list(_fleet(context, fleet), count, output, no_color=no_color)


def _fleet(context: typer.Context, fleet: Path | None) -> Path | None:
    """Return the folder that either `runs` or the word behind it was given."""
    return fleet if fleet is not None or context.parent is None else context.parent.params.get("fleet")


def _list(fleet: FleetOption, count: int, output: OutputFormat, *, no_color: bool) -> int:
    workspace = open_workspace(fleet)
    found = past_runs(workspace, count)
    if output is OutputFormat.json:
        emit(json.dumps(runs_document(workspace.settings.fleet, found), ensure_ascii=True) + "\n")
    else:
        emit(render(run_lines(found, workspace.settings.display.timezone, width()), colour=colour(no_color)))
    return 0


@app.command()
def show(
    context: typer.Context, run: RunArgument, fleet: FleetOption = None, output: FormatOption = OutputFormat.text
) -> int:
    """Print all that is known of one run beside its findings.

    \b
    storefleet runs show 7f3a
    """
    workspace = open_workspace(_fleet(context, fleet))
    found = past_run(workspace, run)
    changed = changed_in(workspace, found)
    document = runs_document(workspace.settings.fleet, (found,))
    if output is OutputFormat.json:
        if changed is not None:
            document["applied"] = [msgspec.to_builtins(end) for end in changed.hosts]
            document["plan"] = msgspec.to_builtins(changed.plan)
        emit(json.dumps(document, ensure_ascii=True) + "\n")
        return 0
    lines = run_lines((found,), workspace.settings.display.timezone, width(), whole=True)
    if changed is not None:
        lines += changed_lines(changed.plan, changed.hosts, width())
    emit(render(lines, colour=False))
    return 0


def report(
    run: RunArgument = LAST,
    fleet: FleetOption = None,
    output: FormatOption = OutputFormat.text,
    report: ReportOption = None,
    everything: EverythingOption = False,
    no_color: NoColorOption = False,
    verbose: VerboseOption = 0,
) -> int:
    """Print the report of an earlier run again, or write it in any format; nothing is read from a device.

    \b
    storefleet report last --report html:night.html
    storefleet report 7f3a --format json
    """
    targets = parse_targets(report or [])
    workspace = open_workspace(fleet)
    document, trend = past_document(workspace, run)
    timezone = workspace.settings.display.timezone
    write_reports(targets, document, Extras(timezone=timezone, trend=trend), owner_of=workspace.owner_of)
    if output is OutputFormat.json:
        emit(audit_json(document))
    else:
        emit(
            audit_text(
                document,
                width=width(),
                timezone=timezone,
                colour=colour(no_color),
                verbose=verbose > 0,
                everything=everything,
            )
        )
    return 0
