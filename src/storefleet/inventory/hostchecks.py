"""What a host must satisfy whatever file it came from: names, addresses and ports within their grammar."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from functools import cache

from storefleet.inventory.addresses import is_host_address, is_ip
from storefleet.inventory.stores import is_date
from storefleet.model.base import is_identifier
from storefleet.model.store import Connect, Host


def host_faults(host: Host) -> Iterator[str]:
    """Yield what about a host cannot stand, each beginning with the field that it is about."""
    if not is_identifier(host.name):
        yield f"name: {host.name!r} is no host name; letters, digits, _ and -, at most 63 in all"
    if not _is_word(host.role):
        yield f"role: {host.role!r} is not a word of letters, digits, _ and -"
    if host.connection != "none" and not _is_word(host.platform):
        yield "platform: is missing; a device that is contacted has one (or write connection: none)"
    if host.address is not None and not is_ip(host.address):
        yield f"address: {host.address!r} is not an IP address; write it without prefix, as 10.101.156.1"
    if host.connect is not _DEFAULT:
        yield from _connect_faults(host.connect)
    if host.until is not None and not is_date(host.until):
        yield f"until: a date as 2026-12-04 is due here, not {host.until!r}"
    if not _is_charset(host.charset):
        yield f"charset: {host.charset!r} is not a known character set; write utf-8 or gb18030, for example"
    if host.legacy_ssh is not None and not is_date(host.legacy_ssh.expires):
        yield f"legacy_ssh: expires: a date as 2026-12-04 is due here, not {host.legacy_ssh.expires!r}"
    if host.label is not None and not host.label.isprintable():
        yield "label: a control character; write one plain line"


def _connect_faults(connect: Connect) -> Iterator[str]:
    if connect.host is not None and not is_host_address(connect.host):
        yield f"connect.host: {connect.host!r} is not an IP address or DNS name"
    if not 0 < connect.port < 65536:
        yield f"connect.port: {connect.port} is not a port; write 1 to 65535"
    if connect.via is not None and not is_identifier(connect.via):
        yield f"connect.via: {connect.via!r} is not a host name"


_DEFAULT = Connect()


@cache
def _is_word(text: str) -> bool:
    return is_identifier(text)


@cache
def _is_charset(name: str) -> bool:
    try:
        return bool(codecs.lookup(name)._is_text_encoding)  # noqa: SLF001 - only way to tell
    except (LookupError, ValueError):
        return False
