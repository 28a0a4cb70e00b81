"""Reading numbers, addresses and tagged lines out of text that a device printed; nothing here ever raises."""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Iterator

from storefleet.model.instants import utc

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?[0-9]{1,15}(\.[0-9]{1,15})?")
NO_FILE = 121
NEEDS_ROOT = "needs root (sudo refused)"
"""Every collection asks for root; a script that finds itself without it was refused."""
STATUS = {
    NO_FILE: "no such file",
    122: NEEDS_ROOT,
    123: "no tool on this system",
    124: "timeout",
    127: "no tool on this system",
    137: "timeout",
    143: "timeout",
}
"""Exit codes of the probes (and of ``timeout``) in words."""


def integer(text: str) -> int | None:
    """Return a whole number of at most 18 digits, else nothing."""
    return int(text) if _INTEGER.fullmatch(text.strip()) and text.isascii() else None


def number(text: str) -> float | None:
    """Return a plain decimal number, else nothing; no exponent, no NaN."""
    return float(text) if _NUMBER.fullmatch(text.strip()) and text.isascii() else None


def address(text: str) -> str | None:
    """Return an address in its one spelling (no zone, no mapped IPv4), else nothing.

    ``ss`` writes the zone outside of the brackets: ``[fe80::1]%lan0``.
    """
    try:
        found = ipaddress.ip_address(text.partition("%")[0].strip("[]"))
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def prefix(text: str) -> str | None:
    """Return ``address/length`` in its one spelling, else nothing."""
    try:
        return str(ipaddress.ip_interface(text))
    except ValueError:
        return None


def instant(seconds: float) -> str | None:
    """Return seconds since 1970 as UTC in ISO 8601, else nothing."""
    try:
        return utc(datetime.datetime.fromtimestamp(seconds, datetime.UTC))
    except (ValueError, OverflowError, OSError):
        return None


def failure(status: int) -> str:
    """Return why a probe with this exit status gave nothing."""
    return STATUS.get(status, f"exit status {status}")


class Records:
    """Tagged lines of one probe: ``tag<TAB>field<TAB>…``; ``?`` tells a gap, ``rc`` how a tool ended.

    What a tool or a file said stands between two marks, as it is: ``MARK tag``, its lines, ``MARK``. A tag with fields
    of its own (``key<TAB>root``) gives them to each of these lines. Only the script can write a mark; see ``frames``.
    """

    def __init__(self, text: str) -> None:
        self._by_tag: dict[str, list[str]] = {}
        first, *marked = f"\n{text}".split("\n\x1d")
        self._tagged(first)
        for part in marked:
            head, _, said = part.partition("\n")
            if head:
                self._said(head, said)
            else:
                self._tagged(said)

    def _tagged(self, text: str) -> None:
        for line in text.split("\n"):
            tag, tab, rest = line.partition("\t")
            if tab:
                self._by_tag.setdefault(tag, []).append(rest)

    def _said(self, head: str, text: str) -> None:
        tag, tab, fields = head.partition("\t")
        lines = text.split("\n")
        self._by_tag.setdefault(tag, []).extend([f"{fields}\t{line}" for line in lines] if tab else lines)

    def lines(self, tag: str) -> list[str]:
        """Return what stands behind the tag, line by line."""
        return self._by_tag.get(tag, [])

    def first(self, tag: str) -> str | None:
        """Return the first line of a tag."""
        lines = self.lines(tag)
        return lines[0] if lines else None

    def fields(self, tag: str, count: int) -> Iterator[list[str]]:
        """Yield the lines of a tag that have exactly so many fields; the last may hold tabs."""
        for line in self.lines(tag):
            parts = line.split("\t", count - 1)
            if len(parts) == count:
                yield parts

    def failed(self, tag: str) -> str | None:
        """Return why the tool behind a tag gave no usable answer, or nothing when it ended well."""
        for name, status in self.fields("rc", 2):
            code = integer(status)
            if name == tag and code != 0:
                return failure(code if code is not None else 1)
        return None
