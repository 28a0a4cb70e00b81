"""Enrolling host keys on purpose: look at what a device shows, compare it elsewhere, pin exactly one key.

Nothing else in storefleet ever adds a key. A scan sends no credential to the device it looks at.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from storefleet.connections.algorithms import offered_by_library, signatures_for
from storefleet.connections.connector import Connector
from storefleet.connections.deadline import Deadline
from storefleet.connections.known_hosts import KnownHosts, PinnedKey, add
from storefleet.connections.ssh import shown_key, where
from storefleet.errors import ConnectError, InputError
from storefleet.model.store import Host


@dataclass(frozen=True)
class ScannedKeys:
    """What one device shows now; ``reached`` says how, and a name or address alone proves nothing."""

    host: str
    reached: str
    keys: tuple[PinnedKey, ...]


@dataclass(frozen=True)
class Listed:
    """One pinned key for the list; ``shared_with`` names other hosts with the same key (a cloned image)."""

    host: str
    key: PinnedKey
    shared_with: tuple[str, ...]


def scan(connector: Connector, host: Host) -> ScannedKeys:
    """Fetch every host key that the device offers, one handshake a key type, through its jumps.

    Raises a :class:`~storefleet.errors.ConnectError` when not one key could be had.
    """
    found: list[PinnedKey] = []
    waiting: list[tuple[str, ...]] = [()]
    asked: set[str] = set()
    while waiting:
        only = waiting.pop(0)
        try:
            key, offered = _one(connector, host, only)
        except ConnectError:
            # dropbear advertises RSA and hangs up when it has no such key; what was found before stands.
            if not found:
                raise
            continue
        if key not in found:
            found.append(key)
        asked |= set(signatures_for(key.type))
        for name in offered:
            if name not in asked:
                same = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa") if "rsa" in name else (name,)
                asked |= set(same)
                waiting.append(same)
    return ScannedKeys(host.name, where(host), tuple(found))


def _one(connector: Connector, host: Host, only: tuple[str, ...]) -> tuple[PinnedKey, list[str]]:
    limits = connector.limits
    deadline = Deadline.after(limits.tcp_s + limits.banner_s + limits.login_s)
    transport = connector.handshake(host, deadline, only=only)
    try:
        known = offered_by_library()["keys"]
        return shown_key(transport), [name for name in transport.peer_offer.get("host key", []) if name in known]
    finally:
        transport.hang_up()


def trust(
    path: Path, name: str, fingerprint: str, scanned: ScannedKeys, evidence: str, *, shared: bool = False
) -> PinnedKey:
    """Pin the one scanned key whose fingerprint the operator typed, and note the evidence and the day beside it.

    Raises :class:`InputError` when the device does not show that key, when no evidence is named, when the key is
    revoked, when another key of the type is pinned already, or when another host has the key and ``shared`` does not
    say that this is known.
    """
    if scanned.host != name:
        raise InputError(f"the scan is of {scanned.host}, not of {name}; nothing was pinned")
    if not evidence.strip():
        raise InputError(f"{name}: name the evidence for this key (`--evidence 'label on the till, read by A. Weber'`)")
    match = [key for key in scanned.keys if key.fingerprint == fingerprint]
    if not match:
        shown = ", ".join(f"{key.type} {key.fingerprint}" for key in scanned.keys) or "nothing"
        raise InputError(f"{name} does not show a key {fingerprint}; it shows {shown}. Nothing was pinned")
    key = match[0]
    known = KnownHosts.load(path)
    if key.blob in known.revoked:
        raise InputError(f"the key {fingerprint} is revoked in {path}; nothing was pinned")
    same = [pinned for pinned in known.keys(name) if pinned.type == key.type]
    if any(pinned.blob == key.blob for pinned in same):
        return key
    if same:
        raise InputError(
            f"{path}:{same[0].line} pins another {key.type} key for {name} ({same[0].fingerprint}); "
            f"delete that line first if the device was replaced or reinstalled"
        )
    others = [other for other in known.owners(key.blob) if other != name]
    if others and not shared:
        raise InputError(
            f"{fingerprint} is pinned for {', '.join(others[:3])} already: {name} is a cloned image, or it was reached "
            f"at the address of another. Give it a host key of its own; `--shared` pins it all the same"
        )
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    add(path, name, key, f"trusted {day}: {evidence}")
    return key


def listing(path: Path) -> tuple[Listed, ...]:
    """Return every pinned key in the order of host names, with the hosts that share it."""
    known = KnownHosts.load(path)
    return tuple(
        Listed(name, key, tuple(other for other in known.owners(key.blob) if other != name))
        for name in sorted(known.by_name)
        for key in known.keys(name)
    )
