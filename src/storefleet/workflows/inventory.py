"""`inventory`: stores, hosts and groups for a person, a script, or Ansible."""

from __future__ import annotations

from storefleet.inventory.output import ansible_inventory, inventory_document
from storefleet.model.base import Json
from storefleet.workflows.scope import why_skipped
from storefleet.workflows.workspace import Workspace


def inventory_lines(workspace: Workspace, limit: str | None) -> list[str]:
    """Return a line per store and per host."""
    lines: list[str] = []
    store = None
    hosts = workspace.select(limit)
    for host in hosts:
        if host.store != store:
            store = host.store
            known = workspace.store(host)
            lines.append(f"{known.id}  {known.name}  {known.format}  {known.region}  {known.status}")
        way = f"{host.connect.host or host.address or '-'}:{host.connect.port}"
        via = f" via {host.connect.via}" if host.connect.via else ""
        skipped = why_skipped(host, workspace.store(host))
        note = f"  ({skipped})" if skipped else ""
        lines.append(f"  {host.name:<24} {host.role:<10} {host.platform:<10} {way}{via}{note}")
    return [*lines, f"{len({host.store for host in hosts})} stores, {len(hosts)} hosts"]


def inventory_data(workspace: Workspace, limit: str | None, *, ansible: bool) -> Json:
    """Return the inventory as plain data, of the selected hosts alone."""
    hosts = workspace.select(limit)
    return ansible_inventory(workspace.fleet, hosts) if ansible else inventory_document(workspace.fleet, hosts)
