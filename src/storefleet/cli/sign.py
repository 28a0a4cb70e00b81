"""`storefleet sign`: a person's signature beside a plan, by an OpenSSH key of theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from storefleet.cli.options import FleetOption
from storefleet.cli.streams import write
from storefleet.reports.escape import visible
from storefleet.workflows.signing import sign_plan
from storefleet.workflows.workspace import open_workspace


def sign(
    file: Annotated[Path, typer.Argument(metavar="PLAN", help="What `storefleet plan -o` wrote.")],
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="Your private SSH key, or the public one of your agent's.")
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="Written as PLAN.sig.NAME, beside the signatures of others.")
    ] = None,
    fleet: FleetOption = None,
) -> int:
    """Sign a plan: two people do where `change.approval` asks for it, and in an emergency. Nothing is changed.

    \b
    storefleet sign plan.json --key ~/.ssh/id_ed25519
    storefleet sign plan.json --key ~/.ssh/id_ed25519 --name approver
    """
    workspace = open_workspace(fleet)
    signed = sign_plan(workspace, file, key, name)
    plan = signed.plan
    hosts, stores = len(plan.to_change), len({host.store for host in plan.to_change})
    what = f"{plan.playbook} by {plan.run.actor.user}, plan {plan.run.id}: changes on {hosts} hosts of {stores} stores"
    who = visible(signed.by, limit=400)
    write(f"{visible(str(signed.path), limit=2000)}: {who} signs {visible(what, limit=2000)}\n")
    return 0
