"""From the text of a setting to its value, the same for a file, an environment variable and an option."""

from __future__ import annotations

import difflib
import re
import zoneinfo
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

Parsed: TypeAlias = "str | int | float | tuple[str, ...] | None"
Parser: TypeAlias = Callable[[Sequence[str]], Parsed]
"""Takes the words of a setting (one, or those of a list); raises ``ValueError`` that says what would be right."""

_DURATION = re.compile(r"(?P<count>[1-9][0-9]{0,6})(?P<unit>[smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_PERCENT = re.compile(r"(?P<number>[0-9]{1,3}(\.[0-9]{1,4})?)\s*%")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,9}")


def one(words: Sequence[str]) -> str:
    """Return the only word."""
    if len(words) != 1:
        raise ValueError("one value is due here, not a list")
    return words[0]


def text(words: Sequence[str]) -> str:
    """Return one plain line."""
    word = one(words)
    if not word or not word.isprintable():
        raise ValueError(f"one plain line of text is due here, not {word!r}")
    return word


def word(words: Sequence[str]) -> str:
    """Return one word that may stand in a file name: a run id begins with it."""
    value = one(words)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", value):
        raise ValueError(f"{value!r} is not a word of letters, digits, _ and -")
    return value


def whole(lowest: int, highest: int) -> Parser:
    """Return a parser for a whole number within bounds."""

    def parse(words: Sequence[str]) -> int:
        value = one(words)
        if not _WHOLE.fullmatch(value) or not lowest <= int(value) <= highest:
            raise ValueError(f"a whole number from {lowest} to {highest} is due here, not {value!r}")
        return int(value)

    return parse


def percent(words: Sequence[str]) -> float:
    """Return ``"97%"`` as 0.97."""
    value = one(words)
    match = _PERCENT.fullmatch(value)
    if match is None or float(match["number"]) > 100:
        raise ValueError(f'a percentage as "97%" is due here, not {value!r}')
    return float(match["number"]) / 100


def seconds(words: Sequence[str]) -> float:
    """Return a duration (``180s``, ``72h``, ``35d``) in seconds."""
    value = one(words)
    match = _DURATION.fullmatch(value)
    if match is None:
        raise ValueError(f"a duration as 180s, 30m, 72h or 35d is due here, not {value!r}")
    return float(int(match["count"]) * _UNITS[match["unit"]])


def kept(words: Sequence[str]) -> float | None:
    """Return how long something is kept, in seconds; ``forever`` is ``None``."""
    return None if list(words) == ["forever"] else seconds(words)


def choice(*allowed: str) -> Parser:
    """Return a parser for one of some words."""

    def parse(words: Sequence[str]) -> str:
        value = one(words)
        if value not in allowed:
            raise ValueError(f"{value!r} is not one of {', '.join(allowed)}")
        return value

    return parse


def choices(*allowed: str) -> Parser:
    """Return a parser for a list of words, each one of some."""

    def parse(words: Sequence[str]) -> tuple[str, ...]:
        return tuple(str(choice(*allowed)([each])) for each in words)

    return parse


def display_zone(words: Sequence[str]) -> str:
    """Return ``store``, ``UTC`` or an IANA time zone."""
    value = one(words)
    fault = None if value == "store" else timezone_fault(value)
    if fault:
        raise ValueError(f"{fault}, or store, or UTC")
    return value


@cache
def timezone_fault(name: str) -> str | None:
    """Return what is wrong with an IANA time zone name, or ``None``; asked once per name, not per store."""
    if not name:
        return "is empty; write an IANA name such as Europe/Berlin"
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        close = difflib.get_close_matches(name, zoneinfo.available_timezones(), 1)
        hint = f"did you mean {close[0]!r}?" if close else "write an IANA name such as Europe/Berlin"
        return f"{name!r} is not a known time zone; {hint}"
    return None
