"""`storefleet freeze`: stop every new change on this database, and let changes begin again."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from storefleet.cli.options import FleetOption, FormatOption, OutputFormat, TicketOption, emit
from storefleet.errors import InputError
from storefleet.model.leases import FreezeDocument
from storefleet.reports.guards import stop_line
from storefleet.workflows.leasing import current_stop, lift_stop, set_stop
from storefleet.workflows.workspace import open_workspace

app = typer.Typer(help="Stop every new change of everybody on this database.", no_args_is_help=True)


@app.command("on")
def on(
    reason: Annotated[str, typer.Option("--reason", help="Why; shown to everybody who is stopped.")],
    ticket: TicketOption = None,
    fleet: FleetOption = None,
) -> int:
    """Stop: no change begins, and a change under way begins no further batch of stores. What was begun ends safely.

    \b
    storefleet freeze on --reason "card payments fail" --ticket INC-7
    """
    workspace = open_workspace(fleet)
    if not reason.strip():
        raise InputError("--reason is empty: say why, to everybody who is stopped")
    stop, ours = set_stop(workspace, reason, ticket)
    line = stop_line(stop, workspace.settings.display.timezone)
    emit(f"{line}\n" if ours else f"{line}; that stop holds, nothing was changed\n")
    return 0


@app.command("off")
def off(fleet: FleetOption = None) -> int:
    """Let changes begin again, whoever stopped them; who lifted it is kept.

    \b
    storefleet freeze off
    """
    workspace = open_workspace(fleet)
    lifted = lift_stop(workspace)
    if lifted is None:
        emit("changes were not stopped; nothing was changed\n")
    else:
        emit(f"changes may begin again; lifted: {stop_line(lifted, workspace.settings.display.timezone)}\n")
    return 0


@app.command("status")
def status(fleet: FleetOption = None, output: FormatOption = OutputFormat.text) -> int:
    """Print whether changes are stopped, since when, by whom and why.

    \b
    storefleet freeze status
    """
    workspace = open_workspace(fleet)
    stop = current_stop(workspace)
    if output is OutputFormat.json:
        emit(msgspec.json.encode(FreezeDocument(stop=stop)).decode() + "\n")
    else:
        line = "changes may begin" if stop is None else stop_line(stop, workspace.settings.display.timezone)
        emit(f"{line}\n")
    return 0
