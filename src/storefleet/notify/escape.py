"""What a device said, in a message to a person: no control character, nothing that turns the direction of reading."""

from __future__ import annotations

import re
import unicodedata

_MENTION = re.compile(r"<!|@(?=all\b|here\b|channel\b|everyone\b|所有人)", re.IGNORECASE)
_KEPT = {"\n", "\t"}


def calm(text: str) -> str:
    """Return a text that calls nobody: a till that is named `@all` must not wake a chat of four hundred people."""
    return _MENTION.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


def plain(text: str) -> str:
    """Return the text with every character written out that has no shape of its own; line breaks stay."""
    return "".join(
        character if character in _KEPT or unicodedata.category(character)[0] != "C" else f"\\u{ord(character):04x}"
        for character in text
    )
