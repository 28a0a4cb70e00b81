"""The common base of the frozen values, and the type of plain JSON data."""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"
"""Plain data as a JSON document carries it."""

IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
"""Store ids and host names; they become file names, so the grammar is narrow on purpose (no ``..``, no blanks)."""

DEVICE_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,62}")
"""Device keys have no ``-``: a host is ``<store>-<device>`` and must split in one way only."""


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=False):
    """Base of the values that leave the process or come from a user's file: frozen, unknown fields refused."""


def is_identifier(text: str) -> bool:
    """Tell whether ``text`` is a valid store id or host name."""
    return IDENTIFIER.fullmatch(text) is not None
