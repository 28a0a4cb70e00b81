"""`storefleet drift`: what is not as it was approved, and saying that it is how it should be."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from storefleet.cli.completion import complete_selection
from storefleet.cli.options import (
    FleetOption,
    FormatOption,
    NoColorOption,
    OutputFormat,
    ReportOption,
    TicketOption,
    colour,
    emit,
    width,
)
from storefleet.cli.progress import HostProgress
from storefleet.documents.ownership import Ownership
from storefleet.errors import InputError, StorageError
from storefleet.model.drift import DriftDocument
from storefleet.reports.drift_text import drift_lines
from storefleet.reports.drift_writer import DriftExtras, diff_text, drift_json, drift_targets, write_drift
from storefleet.reports.targets import Target
from storefleet.reports.terminal import render
from storefleet.reports.times import zone_for
from storefleet.workflows.accepting import AcceptRequest
from storefleet.workflows.accepting import accept as accept_drift
from storefleet.workflows.drift import diff_of, drift_of
from storefleet.workflows.workspace import open_workspace


class _ReportFirst(TyperGroup):
    """Takes a word that is none of the verbs for the stores that are meant, as people type it."""

    usual = "show"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = [self.usual, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    help="What each host was last seen to be, held against what was approved of it.",
    cls=_ReportFirst,
    no_args_is_help=False,
)


def date_of(text: str | None, timezone: str, stores: Collection[str]) -> datetime.datetime | None:
    """Return the instant that is meant: a date is its beginning where the report is read, in the zone that it prints.

    ``stores`` are the zones of the stores that are meant.
    """
    if text is None:
        return None
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError:
        message = f"--since {text!r:.40}: a date such as 2026-11-01 is due, or with a time 2026-11-01T14:00"
        raise InputError(message) from None
    return at if at.tzinfo else at.replace(tzinfo=zone_for(timezone, set(stores)))


StoresArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="STORES",
        help="Which stores or hosts, as -l takes them; without it equal drift of the whole fleet is counted.",
        autocompletion=complete_selection,
    ),
]


@app.command("show")
def show(
    stores: StoresArgument = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Compare with what was seen before it instead: 2026-11-01."),
    ] = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask the hosts that differ what they wrote down: who did it, and when.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Also print the unified diff, one fact a line.")] = False,
    report: ReportOption = None,
    one_offs: Annotated[
        bool, typer.Option("--one-offs", help="Of the fleet, also list what only one store has.")
    ] = False,
    fleet: FleetOption = None,
    output: FormatOption = OutputFormat.text,
    no_color: NoColorOption = False,
) -> int:
    """Print what is not as it was approved: what, since when, how many alike.

    \b
    storefleet drift show S0412              # `show` may be left out
    storefleet drift S0412 --ask
    storefleet drift S0412 --since 2026-11-01 --report html:s0412.html
    storefleet drift --one-offs
    """
    targets = drift_targets(report or [], whole_fleet=stores is None)
    workspace = open_workspace(fleet)
    if stores is None and (ask or diff):
        raise InputError("--ask and --diff are about hosts: name the stores that are meant")
    zones = {workspace.store(host).timezone for host in workspace.select(stores)} if since else ()
    at = date_of(since, workspace.settings.display.timezone, zones)
    document = drift_of(workspace, stores, at, HostProgress if ask else None)
    zone = workspace.settings.display.timezone
    extras = DriftExtras(
        workspace.settings.fleet, zone, stores is None, lambda: diff_of(workspace, stores, at) if stores else ""
    )
    unwritten = _write(targets, document, extras, workspace.owner_of)
    if output is OutputFormat.json:
        emit(drift_json(document))
    else:
        lines = drift_lines(document, zone, width(), whole_fleet=stores is None, one_offs=one_offs)
        emit(render(lines, colour=colour(no_color)))
        emit(diff_text(extras.diff()) if diff else "")
    if unwritten is not None:
        raise unwritten
    return document.exit


def _write(
    targets: Sequence[Target], document: DriftDocument, extras: DriftExtras, owner_of: Callable[[Path], Ownership]
) -> StorageError | None:
    """Write the reports; return what was refused: a full disk must not cost the report on the terminal too."""
    try:
        write_drift(targets, document, extras, owner_of)
    except StorageError as fault:
        return fault
    return None


@app.command("accept")
def accept(
    stores: Annotated[str, typer.Argument(metavar="STORES", help="Which stores or hosts, as -l takes them.")],
    names: Annotated[list[str] | None, typer.Argument(metavar="[D-…]", help="The differences that are meant.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why this is how it should be; kept for good.")] = "",
    ticket: TicketOption = None,
    signature: Annotated[
        str | None, typer.Option("--signature", metavar="TEXT", help="All differences of this signature.")
    ] = None,
    as_found: Annotated[
        bool, typer.Option("--as-found", help="Everything as it was last seen: day one, or after a rebuild.")
    ] = False,
    fleet: FleetOption = None,
) -> int:
    """Say that what is, is how it should be; the next report compares with that.

    \b
    storefleet drift accept all --as-found --reason "day one"
    storefleet drift accept S0412 D-61c2aa01 --reason "second lane" --ticket CHG-20301
    """
    workspace = open_workspace(fleet)
    done = accept_drift(
        workspace, AcceptRequest(stores, reason, ticket, tuple(names or ()), signature, as_found=as_found)
    )
    what = "part" if as_found else "difference"
    many, hosts = (
        f"{number} {word}{'' if number == 1 else 's'}"
        for number, word in ((done.differences, what), (done.hosts, "host"))
    )
    emit(f"accepted: {many} of {hosts}\n")
    return 0
