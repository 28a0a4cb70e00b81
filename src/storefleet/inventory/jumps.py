"""Jumps: ``via`` names a host that can be logged in to, and no way to a host leads through itself."""

from __future__ import annotations

from collections.abc import Mapping

from storefleet.inventory.texts import suggestion
from storefleet.model.store import Host


def jump_fault(host: Host, hosts: Mapping[str, Host]) -> str | None:
    """Return what is wrong with the way to a host, or ``None``."""
    via = host.connect.via
    if via is None:
        return None
    if via not in hosts:
        return f"there is no host {via!r}{suggestion(via, hosts)}"
    if hosts[via].connection == "none":
        return f"{via!r} is a device that is never contacted"
    way = [host.name]
    while via is not None and via in hosts:
        if via in way:
            return f"the way goes round in a circle: {' → '.join([*way, via])}"
        way.append(via)
        via = hosts[via].connect.via
    return None
