"""What a device said, in a message to a person: no control character, nothing that turns the direction of reading."""

from __future__ import annotations

import unicodedata

_KEPT = {"\n", "\t"}


def plain(text: str) -> str:
    """Return the text with every character written out that has no shape of its own; line breaks stay."""
    return "".join(
        character if character in _KEPT or unicodedata.category(character)[0] != "C" else f"\\u{ord(character):04x}"
        for character in text
    )
