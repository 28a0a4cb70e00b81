"""When an element of a list meets a pattern of a list in an audit: by the fields given, addresses also by network."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TypeAlias

from storefleet.audit.text import same
from storefleet.model.base import Json

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def matches(pattern: Json, value: Json) -> bool:
    """Tell whether the value meets the pattern; an object must have every field given, ``why`` is for the reader."""
    if isinstance(pattern, dict):
        if not isinstance(value, dict):
            return False
        for name, part in pattern.items():
            if name != "why" and (name not in value or not matches(part, value[name])):
                return False
        return True
    if isinstance(pattern, str) and isinstance(value, str):
        return pattern == value or ("/" in pattern and _inside(pattern, value))
    return same(pattern, value)


def _inside(pattern: str, value: str) -> bool:
    """``127.0.0.0/8`` covers ``127.0.0.1``; an interface address such as ``10.1.1.21/24`` is itself and no network."""
    net = network(pattern)
    return net is not None and "/" not in value and in_network(value, net)


@lru_cache(maxsize=4096)
def network(text: str) -> Network | None:
    """Return a network written without host bits, else ``None``."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


@lru_cache(maxsize=16384)
def _interface(text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface | None:
    """Parse an observed address; a fleet repeats few of them (0.0.0.0, loopback, the plan), and parsing costs most."""
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        return None


@lru_cache(maxsize=16384)
def in_network(value: str, net: Network) -> bool:
    """Tell whether an address, an address with prefix, or a network lies wholly in the network."""
    inner = _interface(value)
    if inner is None or inner.version != net.version:
        return False
    if "/" in value and inner.ip == inner.network.network_address and inner.network.prefixlen < inner.max_prefixlen:
        return inner.network.prefixlen >= net.prefixlen and inner.ip in net
    return inner.ip in net
