"""The options that many verbs share, spelled once."""

from __future__ import annotations

import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from storefleet.cli.completion import complete_selection
from storefleet.cli.streams import write
from storefleet.errors import InputError

FleetOption = Annotated[
    Path | None,
    typer.Option("--fleet", metavar="DIR", help="The fleet folder; else STOREFLEET_FLEET, else upwards from here."),
]
LimitOption = Annotated[
    str | None,
    typer.Option(
        "--limit",
        "-l",
        metavar="SELECTION",
        autocompletion=complete_selection,
        help="Which hosts: names, stores, roles, groups, field=value; a:b a:&b a:!b.",
    ),
]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Why this run; kept with it.")]
TicketOption = Annotated[str | None, typer.Option("--ticket", help="The ticket it belongs to; kept with it.")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, max=2000, help="Hosts at once; default network.workers.")
]
EverythingOption = Annotated[bool, typer.Option("--all", help="Print every store and host; fold and hide nothing.")]
NoColorOption = Annotated[bool, typer.Option("--no-color", help="Plain text, also on a terminal.")]
VerboseOption = Annotated[int, typer.Option("--verbose", "-v", count=True, help="Say more; -vv for debugging.")]
ReportOption = Annotated[
    list[str] | None,
    typer.Option("--report", metavar="FORMAT:PATH", help="Also write a report there; may be given several times."),
]
RecordOption = Annotated[
    Path | None, typer.Option("--record", metavar="DIR", help="Keep every session as text in this folder.")
]
ReplayOption = Annotated[
    Path | None,
    typer.Option(
        "--replay",
        metavar="DIR",
        help="Read recorded sessions from this folder, into this fleet's history; contact nobody.",
    ),
]


EmergencyOption = Annotated[
    bool,
    typer.Option("--emergency", help="Set windows and freezes aside; wants --reason, --ticket and two signatures."),
]


class OutputFormat(StrEnum):
    """What goes to standard output."""

    text = "text"
    json = "json"


FormatOption = Annotated[
    OutputFormat, typer.Option("--format", help="json prints exactly one document on standard output.")
]


def emit(text: str) -> None:
    """Print what was asked for."""
    write(text)


def colour(no_color: bool) -> bool:
    """Tell whether standard output may be coloured."""
    return not no_color and "NO_COLOR" not in os.environ and sys.stdout.isatty()


def width() -> int:
    """Return how many columns the output may use: the terminal's, at most 120, and 100 where there is none."""
    return min(120, shutil.get_terminal_size((100, 24)).columns) if sys.stdout.isatty() else 100


def check_out(out: Path | None) -> None:
    """Refuse a file that cannot be written, before anything is asked."""
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise InputError(f"-o {out}: name a file in a folder that is there")
