"""`storefleet db`: the care of the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from storefleet.cli.options import FleetOption
from storefleet.reports.escape import visible
from storefleet.workflows.database import DatabaseCare

app = typer.Typer(help="The database: bring it up to this version, copy it while others work.", no_args_is_help=True)


@app.command("upgrade")
def upgrade(
    no_backup: Annotated[
        bool, typer.Option("--no-backup", help="Go on without a copy; you have one of your own.")
    ] = False,
    fleet: FleetOption = None,
) -> int:
    """Bring the database up to this version, with a backup first; the second time it changes nothing.

    \b
    storefleet db upgrade
    """
    done = DatabaseCare.of(fleet).upgrade(with_backup=not no_backup)
    if done.before == done.after:
        typer.echo(visible(f"{done.where}: at schema {done.after}; nothing to do", limit=2000))
        return 0
    copy = f"; as it was before: {done.backup}" if done.backup else "; no backup was made"
    typer.echo(visible(f"{done.where}: schema {done.before} is now {done.after}{copy}", limit=2000))
    return 0


@app.command("backup")
def backup(
    target: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A new file; default in var/backups/.")
    ] = None,
    fleet: FleetOption = None,
) -> int:
    """Copy the database as it is now, while others work on.

    \b
    storefleet db backup
    storefleet db backup /mnt/safe/storefleet-monday.db
    """
    typer.echo(visible(str(DatabaseCare.of(fleet).backup(target)), limit=2000))
    return 0
