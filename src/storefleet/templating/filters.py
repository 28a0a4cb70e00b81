"""The filters that fleet files may use, beside Jinja's own: addresses and endpoint lists."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Self

from storefleet.model.base import Json


class TemplateFault(Exception):
    """A template cannot be compiled or rendered; the message says why in the user's words.

    ``line`` is that of a whole file, 0 where it is not known.
    """

    line = 0

    def at(self, line: int) -> Self:
        """Return the fault with the line of the file that it is in."""
        self.line = line
        return self


class UndefinedName(TemplateFault):
    """A template names what nobody defines: `default` may provide for it."""


_network = lru_cache(maxsize=4096)(ipaddress.ip_network)
"""Every device of a store asks for the same network."""


def nth_host(network: object, number: int) -> str:
    """Return the ``number``-th address of a network: ``'10.1.2.0/24' | nth_host(1)`` is ``10.1.2.1``."""
    if not isinstance(network, str):
        shown = str(network)  # an undefined name says here what it is
        raise TemplateFault(f"nth_host: {shown} is not a network; write it as 10.1.2.0/24")
    try:
        net = _network(network)
    except ValueError as fault:
        raise TemplateFault(f"nth_host: {fault}") from None
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < net.num_addresses:
        raise TemplateFault(f"nth_host: {network} has no address number {number!r}")
    return str(net[number])


def prefix_length(network: str) -> int:
    """Return the prefix length of a network in CIDR form."""
    try:
        return ipaddress.ip_network(network, strict=False).prefixlen
    except ValueError as fault:
        raise TemplateFault(f"prefix_length: {fault}") from None


def for_role(endpoints: Sequence[Mapping[str, Json]], role: str) -> list[Mapping[str, Json]]:
    """Keep the endpoints that name the role in ``from``, or that name none and so hold for all."""
    kept: list[Mapping[str, Json]] = []
    for endpoint in endpoints:
        roles = endpoint.get("from")
        if roles is None or (isinstance(roles, Sequence) and role in roles):
            kept.append(endpoint)
    return kept


FILTERS: dict[str, Callable[..., object]] = {
    "nth_host": nth_host,
    "prefix_length": prefix_length,
    "for_role": for_role,
}
