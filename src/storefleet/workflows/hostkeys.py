"""`hostkeys`: what devices show, what is pinned, and pinning one key on named evidence."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from storefleet.connections.connector import Connector
from storefleet.connections.hostkeys import listing, scan, trust
from storefleet.connections.known_hosts import KnownHosts
from storefleet.errors import HostError, InputError
from storefleet.model.store import Host
from storefleet.workflows.scope import scope
from storefleet.workflows.sessions import live
from storefleet.workflows.workspace import Workspace


@dataclass(frozen=True)
class KeyLine:
    """One line of the scan; ``pinned`` says that what the host shows is what is pinned."""

    text: str
    pinned: bool


def scan_keys(workspace: Workspace, limit: str | None) -> Iterator[KeyLine]:
    """Yield what each selected host shows, in the order of the inventory."""
    hosts = scope(workspace.select(limit), workspace.store).contacted
    known = KnownHosts.load(workspace.known_hosts)
    connector = live(workspace, workspace.limits(None))
    try:
        with ThreadPoolExecutor(max_workers=min(20, len(hosts) or 1)) as pool:
            for lines in pool.map(lambda host: _scan_one(connector, host, known), hosts):
                yield from lines
    finally:
        connector.close()


def _scan_one(connector: Connector, host: Host, known: KnownHosts) -> list[KeyLine]:
    try:
        scanned = scan(connector, host)
    except HostError as fault:
        return [KeyLine(f"{host.name:<24} no key: {fault}", pinned=False)]
    pinned = {key.blob for key in known.keys(host.name)}
    lines = []
    for key in scanned.keys:
        word = "pinned" if key.blob in pinned else "CHANGED" if pinned else "not pinned"
        lines.append(KeyLine(f"{host.name:<24} {key.type:<20} {key.fingerprint}  {word}", pinned=key.blob in pinned))
    return lines


def trust_key(workspace: Workspace, name: str, fingerprint: str, evidence: str, *, shared: bool = False) -> str:
    """Pin exactly this key, when the host shows it; returns the line that says so."""
    host = workspace.fleet.hosts.get(name)
    if host is None:
        raise InputError(f"there is no host {name!r} in the inventory")
    connector = live(workspace, workspace.limits(None))
    try:
        key = trust(workspace.known_hosts, name, fingerprint, scan(connector, host), evidence, shared=shared)
    finally:
        connector.close()
    return f"{name}: {key.type} {key.fingerprint} is pinned in {workspace.shown(workspace.known_hosts)}; commit it"


def list_keys(workspace: Workspace, limit: str | None) -> list[str]:
    """Return a line for every pinned key of the selected hosts, and for each host that has none."""
    hosts = workspace.select(limit)
    wanted = {host.name for host in hosts}
    lines = []
    seen = set()
    for entry in listing(workspace.known_hosts):
        if entry.host in wanted:
            seen.add(entry.host)
            shared = f"  SHARED with {', '.join(entry.shared_with)}" if entry.shared_with else ""
            note = f"  {entry.key.comment}" if entry.key.comment else ""
            lines.append(f"{entry.host:<24} {entry.key.type:<20} {entry.key.fingerprint}{note}{shared}")
    lines += [f"{host.name:<24} no key pinned" for host in hosts if host.name not in seen and host.connection == "ssh"]
    return lines
