"""`storefleet db`: the care of the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from storefleet.cli.options import FleetOption
from storefleet.workflows.database_care import back_up, bring_up
from storefleet.workflows.workspace import open_workspace

app = typer.Typer(help="The database of runs and findings: a copy of it, and its next schema.", no_args_is_help=True)


@app.command("backup")
def backup(
    target: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to; default var/backups, named by the instant.")
    ] = None,
    fleet: FleetOption = None,
) -> int:
    """Copy the whole database while others work with it: SQLite by its own means, PostgreSQL by pg_dump.

    \b
    storefleet db backup /srv/backup/storefleet.db
    """
    typer.echo(str(back_up(open_workspace(fleet), target)))
    return 0


@app.command("upgrade")
def upgrade(
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Make no copy first.")] = False,
    fleet: FleetOption = None,
) -> int:
    """Bring a database of an earlier storefleet up to this one, in one transaction, with a backup first.

    \b
    storefleet db upgrade
    """
    before, after = bring_up(open_workspace(fleet), with_backup=not no_backup)
    typer.echo(f"schema {after}" if before == after else f"schema {before} is now schema {after}")
    return 0
