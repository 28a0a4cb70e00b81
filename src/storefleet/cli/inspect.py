"""The verbs that touch no device: `init`, `check`, `settings`, `inventory`."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from storefleet.cli.options import FleetOption, FormatOption, LimitOption, OutputFormat, emit
from storefleet.errors import InputError
from storefleet.inventory.starter import starter_folder
from storefleet.reports.escape import visible
from storefleet.workflows.ansible_check import check_ansible
from storefleet.workflows.check import check_fleet
from storefleet.workflows.inventory import inventory_data, inventory_lines
from storefleet.workflows.workspace import open_workspace


class InventoryFormat(StrEnum):
    """How the inventory is printed."""

    text = "text"
    json = "json"
    ansible = "ansible"


def init(target: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is new or empty.")]) -> int:
    """Write a small complete fleet folder that passes `check`.

    \b
    storefleet init my-fleet && cd my-fleet && storefleet check
    """
    written = starter_folder(target)
    typer.echo(f"{target}: {len(written)} files. Next: cd {target} && storefleet check")
    return 0


AnsibleOption = Annotated[
    Path | None,
    typer.Option("--ansible", metavar="PATH", help="Tell of a tree of Ansible's playbooks which run here as they are."),
]


def check(fleet: FleetOption = None, ansible: AnsibleOption = None, output: FormatOption = OutputFormat.text) -> int:
    """Validate everything offline: files, templates, controls, selections, overlaps, lost hosts.

    \b
    storefleet check                exit 0: nothing to complain about; 2: every complaint with file and line
    storefleet check --ansible ~/ansible    exit 0: every playbook there runs as it is; 1: some do not, and why
    """
    if ansible is not None:
        return _check_ansible(ansible, output)
    if output is OutputFormat.json:
        raise InputError("check prints text; --format json goes with --ansible")
    report = check_fleet(fleet)
    for warning in report.warnings:
        typer.echo(f"warning: {visible(str(warning), limit=2000)}", err=True)
    for lack in report.lacks:
        typer.echo(f"this machine: {visible(str(lack), limit=400)}", err=True)
    typer.echo(report.summary)
    return 0


def _check_ansible(tree: Path, output: OutputFormat) -> int:
    report = check_ansible(tree)
    if output is OutputFormat.json:
        emit(msgspec.json.encode(report).decode() + "\n")
        return 0 if report.running == len(report.playbooks) else 1
    for one in report.playbooks:
        typer.echo(f"{visible(one.playbook)}: {'runs as it is' if not one.complaints else 'does not run'}")
        for complaint in one.complaints:
            typer.echo(f"  {visible(complaint, limit=600)}")
    typer.echo(f"{report.running} of {len(report.playbooks)} playbooks run as they are")
    if report.words:
        most = ", ".join(f"{visible(word)} ({number})" for word, number in list(report.words.items())[:12])
        typer.echo(f"in the way: {most}")
    return 0 if report.running == len(report.playbooks) else 1


def settings(fleet: FleetOption = None) -> int:
    """Print each setting, its value and where it came from.

    \b
    storefleet settings
    STOREFLEET_NETWORK_WORKERS=20 storefleet settings
    """
    workspace = open_workspace(fleet)
    rows = workspace.settings.explain()
    widths = max(len(row.name) for row in rows), max(len(row.value) for row in rows)
    for row in rows:
        typer.echo(f"{row.name:<{widths[0]}}  {visible(row.value):<{widths[1]}}  {row.source}")
    return 0


def inventory(
    fleet: FleetOption = None,
    limit: LimitOption = None,
    output: Annotated[InventoryFormat, typer.Option("--format", help="text, json or ansible")] = InventoryFormat.text,
) -> int:
    """Print stores, hosts and groups.

    \b
    storefleet inventory -l region=north
    storefleet inventory --format ansible        a dynamic inventory for ansible
    """
    workspace = open_workspace(fleet)
    if output is InventoryFormat.text:
        typer.echo("\n".join(inventory_lines(workspace, limit)))
    else:
        typer.echo(json.dumps(inventory_data(workspace, limit, ansible=output is InventoryFormat.ansible), indent=1))
    return 0
