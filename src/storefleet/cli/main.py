"""The console script: every end of the program becomes one of the contracted exit codes, and its words."""

from __future__ import annotations

import datetime
import os
import secrets
import shutil
import sys
import textwrap
import traceback
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn, cast

import typer

from storefleet.cli.app import build
from storefleet.cli.signals import EXIT_INTERRUPTED, EXIT_TERMINATED, Terminated, exit_code, listen
from storefleet.cli.streams import write
from storefleet.documents.files import write_atomically
from storefleet.errors import BusyError, HostError, InputError, LabError, StorageError
from storefleet.inventory.find import find_fleet
from storefleet.reports.escape import visible, visible_lines
from storefleet.settings.load import var_owner

EXIT_INPUT = 2
EXIT_INCOMPLETE = 3
EXIT_FAILED = 4
EXIT_BUSY = 5
EXIT_BUG = 70


USAGE_FAULT = typer.BadParameter.__mro__[2]
"""What the command line raises for bad usage: click's ClickException, or that of the copy which newer typer carries."""


ENDS: tuple[tuple[type[BaseException], int], ...] = (
    (BusyError, EXIT_BUSY),
    (StorageError, EXIT_INCOMPLETE),
    (LabError, EXIT_FAILED),
    (HostError, EXIT_FAILED),
    (Terminated, EXIT_TERMINATED),
    (KeyboardInterrupt, EXIT_INTERRUPTED),
    (typer.Abort, EXIT_INTERRUPTED),
)
"""The first kind that fits decides; UnexpectedFault is a bug met on a host and is handed over as its cause."""


ONCE = (("-l", "--limit"), ("--tags",), ("--skip-tags",))
"""Options that say which hosts or tasks, with all their names."""


def run() -> NoReturn:
    """Run the command line and leave with its exit code."""
    listen()
    sys.exit(call(sys.argv[1:]))


def call(arguments: list[str]) -> int:
    """Run one command line and return its exit code; never raises."""
    try:
        _once(arguments)
        app = build(next((word for word in arguments if not word.startswith("-")), None))
        code = app(args=arguments, prog_name="storefleet", standalone_mode=False)
    except typer.Exit as end:
        # Newer typer turns every interrupt into its own exit, and keeps which one it was as the cause.
        return exit_code(end.__cause__) if isinstance(end.__cause__, KeyboardInterrupt) else end.exit_code
    except SystemExit as end:
        # The reader of our output went away (`| head`) and the command line's library left; nobody is left to tell.
        return 0 if isinstance(end.__context__, BrokenPipeError) else EXIT_BUG
    except (Exception, KeyboardInterrupt) as fault:  # noqa: BLE001 - the last door: every end has its exit code
        return _end(fault, arguments)
    return code if isinstance(code, int) else 0


def _once(arguments: Sequence[str]) -> None:
    """Refuse a selection that is given twice: the last alone would hold, and nobody would be told."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    for words in ONCE:
        given = sum(word in words or word.startswith(tuple(f"{one}=" for one in words)) for word in own)
        if given > 1:
            raise InputError(f"{words[0]} is given {given} times; write it once, with commas: {words[0]} A,B")


def _end(fault: BaseException, arguments: list[str]) -> int:
    """Say what ended the program and return the contracted exit code."""
    if isinstance(fault, typer.Abort) and isinstance(fault.__cause__, KeyboardInterrupt):
        fault = fault.__cause__  # the command line's library puts its own name on every interrupt
    for kind, code in ENDS:
        if isinstance(fault, kind):
            return _say(str(fault) or "interrupted", code)
    if isinstance(fault, USAGE_FAULT):
        cast("Any", fault).show(sys.stderr)
        return EXIT_INPUT
    return _complain(fault) if isinstance(fault, InputError) else _crash(fault, _fleet_folder(arguments))


def _say(message: str, code: int) -> int:
    write(f"{_folded(f'storefleet: {visible(message, limit=2000)}')}\n", err=True)
    return code


def _folded(text: str) -> str:
    """Return a message as a terminal shows it best, at most 100 columns wide; a file keeps it on one line."""
    if not sys.stderr.isatty():
        return text
    columns = min(100, shutil.get_terminal_size((100, 24)).columns)
    return textwrap.fill(text, columns, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _complain(fault: InputError) -> int:
    for complaint in fault.complaints:
        typer.echo(_folded(visible(str(complaint), limit=2000)), err=True)
    count = len(fault.complaints)
    if count > 1:
        typer.echo(f"{count} problems; nothing was touched.", err=True)
    return EXIT_INPUT


def _frames(fault: BaseException | None) -> Iterator[str]:
    """Yield where each exception of the chain was raised, and its type alone: a message may hold what a till said."""
    while fault is not None:
        yield from traceback.format_tb(fault.__traceback__)
        yield f"{type(fault).__module__}.{type(fault).__qualname__}\n"
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
        if fault is not None:
            yield "\nfrom\n"


def _fleet_folder(arguments: list[str]) -> Path:
    """Return the fleet folder that the command line meant, or the current one when it meant none."""
    named = [after for word, after in pairwise(arguments) if word == "--fleet"]
    named += [word.removeprefix("--fleet=") for word in arguments if word.startswith("--fleet=")]
    try:
        return find_fleet(named[-1] if named else None, os.environ, Path.cwd())
    except (InputError, OSError):
        return Path.cwd()


def _crash(fault: BaseException, fleet: Path) -> int:
    """Write the traceback without any value of a variable, and say where it is."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    text = "\n".join(visible_lines("".join(_frames(fault)), limit=2000))
    owner = var_owner(fleet)
    folder = fleet / "var" / "crash"
    try:
        owner.make_folder(folder)
        path = folder / f"{stamp}-{secrets.token_hex(3)}.txt"
        write_atomically(path, text, 0o600, owner)
        where = f"; the traceback is in {path}"
    except (OSError, StorageError):
        typer.echo(text, err=True)
        where = ""
    return _say(f"this is a bug in storefleet ({type(fault).__name__}){where}", EXIT_BUG)
