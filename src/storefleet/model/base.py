"""The common base of the frozen values, and the type of plain JSON data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
else:
    # A recursive alias is for the type checker; at run time msgspec and the document decoder see "anything plain".
    Json = Any

IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
"""Store ids and host names; they become file names, so the grammar is narrow on purpose (no ``..``, no blanks)."""

DEVICE_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,62}")
"""Device keys have no ``-``: a host is ``<store>-<device>`` and must split in one way only."""


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=False):
    """Base of the values that leave the process or come from a user's file: frozen, unknown fields refused."""


def is_identifier(text: str) -> bool:
    """Tell whether ``text`` is a valid store id or host name."""
    return IDENTIFIER.fullmatch(text) is not None
