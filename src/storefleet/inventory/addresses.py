"""The grammar of addresses: an IP address or a DNS name, nothing that a command line or a shell could read as more."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")
_NUMBERS = re.compile(r"[0-9.]+")


@lru_cache(maxsize=65_536)
def is_ip(text: str) -> bool:
    """Tell whether the text is an IPv4 or IPv6 address without prefix or zone."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def is_host_address(text: str) -> bool:
    """Tell whether a device can be reached under the text: an IP address or a DNS name.

    What looks like a number but is no address (``10.1.2``, ``0x7f1``) is refused: resolvers read it in surprising ways.
    """
    if is_ip(text):
        return True
    return (
        len(text) <= 253 and bool(_NAME.fullmatch(text)) and not _NUMBERS.fullmatch(text) and not text.startswith("0x")
    )
