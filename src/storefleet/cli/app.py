"""The command line: one module per group of verbs, put together here."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer

from storefleet.cli import audit, collect, hostkeys, inspect
from storefleet.lab.commands import app as lab_app

app = typer.Typer(
    name="storefleet",
    help="Agentless remote maintenance and configuration audit for the routers and tills of a retail fleet.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"storefleet {metadata.version('storefleet')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Audit and maintain the routers and tills of a retail fleet, agentless, over SSH."""


app.command("init")(inspect.init)
app.command("check")(inspect.check)
app.command("settings")(inspect.settings)
app.command("inventory")(inspect.inventory)
app.add_typer(hostkeys.app, name="hostkeys")
app.command("collect")(collect.collect)
app.command("audit")(audit.audit)
app.add_typer(lab_app, name="lab")
