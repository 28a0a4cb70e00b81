"""The command line, put together from one module per group of verbs.

A verb's module pulls in all that the verb needs (SSH, databases, schemas); only the one asked for is imported, so that
`storefleet lab status` answers at once.
"""

from __future__ import annotations

from importlib import import_module, metadata
from typing import Annotated

import typer

COMMANDS = {
    "init": "inspect",
    "check": "inspect",
    "settings": "inspect",
    "inventory": "inspect",
    "collect": "collect",
    "audit": "audit",
    "plan": "change",
    "apply": "change",
    "push": "change",
    "undo": "change",
    "sign": "sign",
    "leases": "leases",
    "report": "runs",
    "schedule": "schedule",
}
"""Verb → the module of this package that has a function of its name."""

GROUPS = {
    "drift": "storefleet.cli.drift",
    "runs": "storefleet.cli.runs",
    "freeze": "storefleet.cli.freeze",
    "db": "storefleet.cli.db",
    "hostkeys": "storefleet.cli.hostkeys",
    "lab": "storefleet.lab.commands",
}
"""Verb → the module with its ``app``."""


def build(verb: str | None = None) -> typer.Typer:
    """Return the command line with one verb, or with all of them when ``verb`` is none of ours (``--help``)."""
    app = typer.Typer(
        name="storefleet",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(main)
    known = verb in COMMANDS or verb in GROUPS
    for name, module in COMMANDS.items():
        if name == verb or not known:
            app.command(name)(getattr(import_module(f"storefleet.cli.{module}"), name))
    for name, module in GROUPS.items():
        if name == verb or not known:
            app.add_typer(import_module(module).app, name=name)
    return app


def _version(value: bool) -> None:
    if value:
        typer.echo(f"storefleet {metadata.version('storefleet')}")
        raise typer.Exit


def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Audit and maintain the routers and tills of a retail fleet, agentless, over SSH."""
