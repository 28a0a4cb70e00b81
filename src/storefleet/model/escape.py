"""Text from a device is shown, never obeyed: it may not move a cursor, hide, or turn round what is read."""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 4096
"""Characters of one value; a banner of a megabyte is evidence, not a line of a report."""

_INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
_INVISIBLE_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SUSPECT = re.compile(r"[^ -~]")


def visible(text: str, limit: int = MAX_LENGTH) -> str:
    r"""Return ``text`` with every character that has no shape of its own written out, such as ``\x1b`` or ``\u202e``.

    Controls, escape sequences, bidirectional and zero-width marks, odd blanks, unassigned and private characters and
    half surrogate pairs are written out; letters of any script stay. Longer text is cut, and says so. Applying it twice
    changes nothing more, and the result can be encoded as UTF-8.
    """
    shown = _SUSPECT.sub(lambda found: _shown(found.group()), text[: limit + 1])
    if len(shown) <= limit:
        return shown
    notice = f"… (cut: {len(text)} characters)"
    return f"{shown[: max(0, limit - len(notice))]}{notice}"


def encodable(text: str) -> str:
    """Return a text that can be written as UTF-8: JSON of a device may hold half surrogate pairs."""
    return text.encode("utf-8", "backslashreplace").decode()


def visible_lines(text: str, limit: int = MAX_LENGTH) -> list[str]:
    """Return the lines of a text of our own shape (such as a diff), each one made visible."""
    return [visible(line, limit) for line in text.split("\n")]


def _shown(character: str) -> str:
    if _has_shape(character):
        return character
    if character in _SHORT:
        return _SHORT[character]
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _has_shape(character: str) -> bool:
    category = unicodedata.category(character)
    if category in _INVISIBLE_CATEGORIES or character in _INVISIBLE_LETTERS:
        return False
    if category == "Zs":
        return character == " "
    return not (category == "Mn" and _is_variation_selector(ord(character)))


def _is_variation_selector(number: int) -> bool:
    return 0xFE00 <= number <= 0xFE0F or 0xE0100 <= number <= 0xE01EF or 0x180B <= number <= 0x180F
