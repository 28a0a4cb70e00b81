"""`storefleet leases`: who changes which store."""

from __future__ import annotations

import msgspec

from storefleet.cli.options import FleetOption, FormatOption, OutputFormat, emit
from storefleet.model.leases import LeasesDocument
from storefleet.reports.guards import lease_lines
from storefleet.workflows.leasing import leases as current_leases
from storefleet.workflows.workspace import open_workspace


def leases(fleet: FleetOption = None, output: FormatOption = OutputFormat.text) -> int:
    """Print which store is being changed by whom; a lease that nobody renews ends by itself.

    \b
    storefleet leases
    """
    workspace = open_workspace(fleet)
    found = current_leases(workspace)
    if output is OutputFormat.json:
        emit(msgspec.json.encode(LeasesDocument(leases=found)).decode() + "\n")
    else:
        emit("".join(f"{line}\n" for line in lease_lines(found, workspace.settings.display.timezone)))
    return 0
