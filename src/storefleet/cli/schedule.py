"""`storefleet schedule`: how the machine starts a night by itself."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from storefleet.cli.options import FleetOption, emit
from storefleet.errors import InputError
from storefleet.reports.schedule import CLOCK, Night, schedule_text
from storefleet.reports.times import is_zone
from storefleet.workflows.exclusive import check_name
from storefleet.workflows.notify import notify_file
from storefleet.workflows.workspace import open_workspace

MoreArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[-- OPTIONS]", help="More words for the audit, after `--`.")
]
AtOption = Annotated[str, typer.Option("--at", metavar="HH:MM", help="When the night begins.")]
ZoneOption = Annotated[str | None, typer.Option("--timezone", help="An IANA zone; default the machine's own.")]
JitterOption = Annotated[
    int, typer.Option("--jitter", min=0, max=21_600, help="Put the start off by up to so many seconds.")
]
UserOption = Annotated[str | None, typer.Option("--user", help="The Unix user that runs it.")]
EnvironmentOption = Annotated[
    Path | None,
    typer.Option("--environment", metavar="FILE", help="A file with NAME=value lines for systemd: secrets."),
]


def schedule(
    more: MoreArgument = None,
    fleet: FleetOption = None,
    name: Annotated[
        str, typer.Option("--name", help="The name of the night; two of one name never run at once.")
    ] = "nightly",
    at: AtOption = "01:00",
    timezone: ZoneOption = None,
    jitter: JitterOption = 900,
    user: UserOption = None,
    environment: EnvironmentOption = None,
) -> int:
    """Print systemd's timer and service, and a line for cron, that run the audit every night; nothing is installed.

    \b
    storefleet schedule --at 01:00 --user storefleet | sudo sh
    storefleet schedule --name tills --at 02:30 -- -l role=till --report html:/srv/reports/tills/
    """
    workspace = open_workspace(fleet)
    words = [*(more or [])]
    _check(at, timezone, name, words)
    own = str(Path(sys.argv[0]).absolute())
    folder = str(workspace.folder.absolute())
    extra = [] if any(word.startswith("--retries") for word in words) else ["--retries", "2"]
    if notify_file(workspace).exists() and "--notify" not in words:
        extra.append("--notify")
    command = (own, "audit", "--fleet", folder, "--name", name, *extra, *words)
    emit(
        schedule_text(
            Night(
                name,
                at,
                command,
                folder,
                user=user,
                group=workspace.settings.var_group,
                timezone=timezone,
                jitter_s=jitter,
                environment=str(environment.absolute()) if environment else None,
            )
        )
    )
    return 0


def _check(at: str, timezone: str | None, name: str, words: Sequence[str]) -> None:
    """Refuse what no timer could keep to; raises :class:`InputError`."""
    if not CLOCK.fullmatch(at):
        raise InputError(f"--at {at!r}: a time of day is due here, such as 01:00")
    if timezone is not None and not is_zone(timezone):
        raise InputError(f"--timezone {timezone!r}: this machine knows no such zone; write one such as Europe/Berlin")
    check_name(name)
    if any(not word.isprintable() for word in words):
        raise InputError("an option holds a line break or a control character; no unit file can carry it")
