"""The console script: every end of the program becomes one of the contracted exit codes, and its words."""

from __future__ import annotations

import datetime
import os
import secrets
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, cast

import typer
import typer.main

from storefleet.cli.app import build
from storefleet.errors import BusyError, HostError, InputError, LabError, StorageError
from storefleet.reports.escape import visible, visible_lines

EXIT_INPUT = 2
EXIT_INCOMPLETE = 3
EXIT_FAILED = 4
EXIT_BUSY = 5
EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


USAGE_FAULT = typer.BadParameter.__mro__[2]
"""What the command line raises for bad usage: click's ClickException, or that of the copy which newer typer carries."""


COMPLETING = "_STOREFLEET_COMPLETE"
"""Set by the shell that asks for completions, which typer's own way of running answers."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, treated like Ctrl-C: stop new work, reach a safe end, write the report."""


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


def run() -> NoReturn:
    """Run the command line and leave with its exit code."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    sys.exit(call(sys.argv[1:]))


def call(arguments: list[str]) -> int:
    """Run one command line and return its exit code; never raises."""
    try:
        app = build(next((word for word in arguments if not word.startswith("-")), None))
        if COMPLETING in os.environ:
            app(args=arguments, prog_name="storefleet")
        # not app(): it would make one exit code of Ctrl-C and SIGTERM, and 1 of a reader that went away
        command = typer.main.get_command(app)
        with command.make_context("storefleet", list(arguments)) as context:
            code = command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except BrokenPipeError:
        # The reader of our output went away (`| head`); there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as fault:  # noqa: BLE001 - the last door: every end has its exit code
        return _end(fault, arguments)
    return code if isinstance(code, int) else 0


def _end(fault: BaseException, arguments: list[str]) -> int:
    """Say what ended the program and return the contracted exit code."""
    for kind, code in ENDS:
        if isinstance(fault, kind):
            return _say(str(fault) or "interrupted", code)
    if isinstance(fault, USAGE_FAULT):
        cast("Any", fault).show(sys.stderr)
        return EXIT_INPUT
    return _complain(fault) if isinstance(fault, InputError) else _crash(fault, _named_fleet(arguments))


def _on_sigterm(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated


def _say(message: str, code: int) -> int:
    typer.echo(f"storefleet: {visible(message, limit=2000)}", err=True)
    return code


def _complain(fault: InputError) -> int:
    for complaint in fault.complaints:
        typer.echo(visible(str(complaint), limit=2000), err=True)
    count = len(fault.complaints)
    if count > 1:
        typer.echo(f"{count} problems; nothing was touched.", err=True)
    return EXIT_INPUT


def _named_fleet(arguments: list[str]) -> Path:
    """Return the fleet folder of the command line, else of the environment, else where we stand."""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == "--fleet" and following:
            return Path(following)
        if word.startswith("--fleet="):
            return Path(word.removeprefix("--fleet="))
    return Path(os.environ.get("STOREFLEET_FLEET", "."))


def _frames(fault: BaseException) -> str:
    """Return the traceback by lines and kinds of errors; a message may hold what a device said, so none is kept."""
    lines = [*traceback.format_tb(fault.__traceback__), f"{type(fault).__module__}.{type(fault).__qualname__}\n"]
    before = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    return (f"{_frames(before)}\nand from that:\n\n" if before is not None else "") + "".join(lines)


def _crash(fault: BaseException, fleet: Path) -> int:
    """Write the traceback without any value of a variable, and say where it is."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    text = "\n".join(visible_lines(_frames(fault), limit=2000))
    folder = fleet / "var" / "crash"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        path = folder / f"{stamp}-{secrets.token_hex(3)}.txt"
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        where = f"; the traceback is in {path}"
    except OSError:
        typer.echo(text, err=True)
        where = ""
    return _say(f"this is a bug in storefleet ({type(fault).__name__}){where}", EXIT_BUG)
