"""Which algorithms a session may use: the modern set, and what an explicit, expiring ``legacy_ssh`` adds.

paramiko 4 still offers group1-sha1, 3des-cbc and hmac-md5 by default (``Transport._preferred_*`` of 4.0.0). We name
what is allowed, and disable whatever else the library has: a new weak name in a later release is then off by default.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import paramiko

from storefleet.errors import CryptoMismatch
from storefleet.model.store import Host

_SIGNATURES = frozenset(
    {
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "rsa-sha2-512",
        "rsa-sha2-256",
    }
)

MODERN: Mapping[str, frozenset[str]] = {
    "kex": frozenset(
        {
            "curve25519-sha256@libssh.org",
            "ecdh-sha2-nistp256",
            "ecdh-sha2-nistp384",
            "ecdh-sha2-nistp521",
            "diffie-hellman-group16-sha512",
            "diffie-hellman-group-exchange-sha256",
            "diffie-hellman-group14-sha256",
        }
    ),
    "keys": _SIGNATURES,
    "pubkeys": _SIGNATURES,
    "ciphers": frozenset(
        {"aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com"}
    ),
    "macs": frozenset(
        {"hmac-sha2-256", "hmac-sha2-512", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"}
    ),
}
"""No SHA-1, MD5, CBC, 3DES or DSS. CBC and chacha20 are also what Terrapin (CVE-2023-48795) needs."""


def offered_by_library() -> Mapping[str, tuple[str, ...]]:
    """Return every algorithm that paramiko would offer if nobody stopped it, by kind."""
    return {kind: tuple(getattr(paramiko.Transport, f"_preferred_{kind}")) for kind in MODERN}


def legacy_of(host: Host, today: datetime.date | None = None) -> frozenset[str]:
    """Return the extra algorithms that the inventory grants this host today.

    Raises :class:`CryptoMismatch` when the permission has expired or names what the library does not have: a silent
    fall-back to the modern set would show up as another fault than the one that it is.
    """
    legacy = host.legacy_ssh
    if legacy is None:
        return frozenset()
    day = today if today is not None else datetime.datetime.now(datetime.UTC).date()
    try:
        last_day = datetime.date.fromisoformat(legacy.expires)
    except ValueError:
        raise CryptoMismatch(
            f"{host.name}: legacy_ssh expires {legacy.expires!r}; a date as 2026-11-22 is due"
        ) from None
    if day > last_day:
        raise CryptoMismatch(
            f"{host.name}: its legacy_ssh expired on {legacy.expires}; replace the device's SSH, or renew the "
            f"permission with a new date and ticket"
        )
    known = {name for names in offered_by_library().values() for name in names}
    unknown = [name for name in legacy.algorithms if name not in known]
    if unknown:
        raise CryptoMismatch(
            f"{host.name}: legacy_ssh names {', '.join(unknown)}, which is no algorithm here; known: "
            f"{', '.join(sorted(known - set().union(*MODERN.values())))}"
        )
    return frozenset(legacy.algorithms)


def disabled(legacy: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Return paramiko's and netmiko's ``disabled_algorithms``: all that is neither modern nor granted."""
    return {
        kind: [name for name in names if name not in MODERN[kind] and name not in legacy]
        for kind, names in offered_by_library().items()
    }


def signatures_for(key_type: str) -> tuple[str, ...]:
    """Return the host key algorithms by which a server proves a key of this type (RSA has three)."""
    return ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa") if key_type == "ssh-rsa" else (key_type,)


def ordered_host_keys(pinned_types: tuple[str, ...]) -> tuple[str, ...]:
    """Put the algorithms of the pinned keys first, so that a host with several keys shows the one that is pinned."""
    pinned = [name for key_type in pinned_types for name in signatures_for(key_type)]
    library = offered_by_library()["keys"]
    first = [name for name in library if name in pinned]
    return tuple(first + [name for name in library if name not in pinned])


def ordered_ciphers() -> tuple[str, ...]:
    """Put the ciphers that authenticate by themselves first.

    With any other, paramiko compares the MAC of every packet byte by byte in Python: a sixth of a whole connection.
    """
    library = offered_by_library()["ciphers"]
    first = [name for name in library if name in _AUTHENTICATED]
    return tuple(first + [name for name in library if name not in first])


_AUTHENTICATED = frozenset({"aes128-gcm@openssh.com", "aes256-gcm@openssh.com"})
