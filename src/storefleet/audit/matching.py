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
        return all(name in value and matches(part, value[name]) for name, part in pattern.items() if name != "why")
    if same(pattern, value):
        return True
    return isinstance(pattern, str) and isinstance(value, str) and "/" in pattern and _inside(pattern, value)


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


def in_network(value: str, net: Network) -> bool:
    """Tell whether an address, an address with prefix, or a network lies wholly in the network."""
    try:
        inner = ipaddress.ip_interface(value)
    except ValueError:
        return False
    if inner.version != net.version:
        return False
    if "/" in value and inner.ip == inner.network.network_address and inner.network.prefixlen < inner.max_prefixlen:
        return inner.network.prefixlen >= net.prefixlen and inner.ip in net
    return inner.ip in net
