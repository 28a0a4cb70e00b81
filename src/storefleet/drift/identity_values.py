"""What tells one device from all others: its serial number, its machine id and its addresses, as far as they say it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["machine_id", "serial"]
KINDS: Mapping[Kind, str] = {"machine_id": "machine id", "serial": "serial number"}

_LONGEST = 80
_JUNK = frozenset({
    "", "none", "null", "n/a", "na", "not specified", "not applicable", "not available", "not set", "unknown",
    "undefined", "uninitialized", "invalid", "empty", "default", "default string", "system serial number",
    "chassis serial number", "base board serial number", "serial number", "to be filled by o.e.m.",
    "to be filled by oem", "to be filled", "o.e.m.", "oem", "system product name", "123456789", "0123456789",
    "1234567890", "12345678", "1234567", "123456",
})  # fmt: skip
"""What firmware says where nobody filled the field in, casefolded; the like of ``00000000`` and ``xxxx`` beside it."""
_SHARED_MAC = re.compile(r"00:00:5e:00:0[12]:..|00:00:0c:07:ac:..|00:00:0c:9f:f.:..")
"""Addresses that several routers have by turns: VRRP for both families, HSRP in both versions."""
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")


@dataclass(frozen=True, slots=True)
class Identity:
    """What one host shows, or was known by; ``None`` and no address where nothing is known. See :meth:`of`."""

    serial: str | None = None
    machine_id: str | None = None
    macs: frozenset[str] = frozenset()

    @classmethod
    def of(cls, serial: str | None = None, machine_id: str | None = None, macs: Collection[str] = ()) -> Identity:
        """Return an identity of what a device said, without what says nothing."""
        return cls(known_id(serial), known_id(machine_id), known_macs(macs))

    def id(self, kind: Kind) -> str | None:
        """Return one of the two ids."""
        return self.serial if kind == "serial" else self.machine_id


NOTHING = Identity()


def known_id(text: str | None) -> str | None:
    """Return a serial number or machine id, bounded; ``None`` where it is one that anybody's may be."""
    bare = " ".join((text or "").split())[:_LONGEST]
    folded = bare.casefold()
    return None if folded in _JUNK or len(set(folded) - set(" .-_:")) < 2 else bare


def known_macs(macs: Collection[str]) -> frozenset[str]:
    """Return the addresses that may tell a device from others: no zeros, no groups, none that routers pass around."""
    found = (mac.strip().lower() for mac in macs)
    return frozenset(
        mac
        for mac in found
        if _MAC.fullmatch(mac)
        and mac != "00:00:00:00:00:00"
        and not int(mac[:2], 16) & 1
        and not _SHARED_MAC.fullmatch(mac)
    )


def same(one: str | None, other: str | None) -> bool:
    """Tell whether two ids that are known are one; firmware and people write them in either case."""
    return one is not None and other is not None and one.casefold() == other.casefold()


def short(value: str | None, most: int = 16) -> str:
    """Return an id as people recognise it: its beginning."""
    text = value or "?"
    return text if len(text) <= most else f"{text[: most - 4]}…"


def some_of(macs: Collection[str]) -> str:
    """Return a few addresses, and how many more there are."""
    named = sorted(macs)
    return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")
