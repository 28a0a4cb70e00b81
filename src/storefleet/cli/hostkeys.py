"""`storefleet hostkeys`: enrol host keys deliberately, on named evidence; nothing else ever adds one."""

from __future__ import annotations

from typing import Annotated

import typer

from storefleet.cli.options import FleetOption, LimitOption
from storefleet.reports.escape import visible
from storefleet.workflows.hostkeys import list_keys, scan_keys, trust_key
from storefleet.workflows.workspace import open_workspace

app = typer.Typer(help="Pinned host keys: what devices show, and what is trusted.", no_args_is_help=True)


@app.command("scan")
def scan(limit: LimitOption = None, fleet: FleetOption = None) -> int:
    """Show the keys that devices present; nothing is sent but the key exchange, and nothing is trusted.

    \b
    storefleet hostkeys scan -l S0412
    """
    workspace = open_workspace(fleet)
    code = 0
    for line in scan_keys(workspace, limit):
        typer.echo(visible(line.text, limit=400))
        code = max(code, 0 if line.pinned else 1)
    return code


@app.command("trust")
def trust(
    host: Annotated[str, typer.Argument(help="The host's name.")],
    fingerprint: Annotated[str, typer.Argument(help="SHA256:… as somebody read it on the device itself.")],
    evidence: Annotated[str, typer.Option("--evidence", help="Who read it where: a name, a ticket, a delivery note.")],
    shared: Annotated[bool, typer.Option("--shared", help="Pin it though another host has the same key.")] = False,
    fleet: FleetOption = None,
) -> int:
    """Pin the key with exactly this fingerprint, if that is what the device presents.

    \b
    storefleet hostkeys trust S0412-pos2 SHA256:9tQ0hJ2wVfLk… --evidence 'read on the console by K. Meyer, INC-20931'
    """
    workspace = open_workspace(fleet)
    typer.echo(visible(trust_key(workspace, host, fingerprint, evidence, shared=shared), limit=400))
    return 0


@app.command("list")
def listing(limit: LimitOption = None, fleet: FleetOption = None) -> int:
    """Print the pinned keys with their evidence, and the hosts that have none.

    \b
    storefleet hostkeys list -l region=north
    """
    workspace = open_workspace(fleet)
    for line in list_keys(workspace, limit):
        typer.echo(visible(line, limit=400))
    return 0
