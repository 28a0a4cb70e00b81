"""Which hosts a run contacts, which it leaves out and why, and which ones coverage expects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from storefleet.model.store import Host, Store


@dataclass(frozen=True)
class Scope:
    """The hosts of a run: ``contacted`` in the order of the inventory, and why each of the others is left out."""

    contacted: tuple[Host, ...]
    skipped: Mapping[str, str]
    hosts: tuple[Host, ...]


def scope(hosts: Iterable[Host], store_of: Callable[[Host], Store]) -> Scope:
    """Split the selected hosts."""
    chosen = tuple(hosts)
    reasons = {host.name: why_skipped(host, store_of(host)) for host in chosen}
    return Scope(
        contacted=tuple(host for host in chosen if reasons[host.name] is None),
        skipped={name: reason for name, reason in reasons.items() if reason is not None},
        hosts=chosen,
    )


def why_skipped(host: Host, store: Store) -> str | None:
    """Return why a host is not contacted, or ``None``."""
    if store.status == "closed":
        return "the store is closed"
    if host.connection == "none":
        return "never logged in to (connection: none)"
    if host.status == "in_service":
        return None
    until = f" until {host.until}" if host.until else ""
    ticket = f", {host.ticket}" if host.ticket else ""
    return f"{host.status.replace('_', ' ')}{until}{ticket}"


def is_expected(host: Host, store: Store) -> bool:
    """Tell whether coverage counts the host: in service, reachable by design, in an open store."""
    return store.status == "open" and host.status == "in_service" and host.connection == "ssh"
