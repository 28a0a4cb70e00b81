"""What a device said, in a message to a person: bounded, on its own line, and calling nobody."""

from __future__ import annotations

import re

from storefleet.model.escape import visible_lines

CUT = "\n… (cut)"
_MENTION = re.compile(r"<(?=[!@#])|@(?=all\b|here\b|channel\b|everyone\b|所有人)", re.IGNORECASE)


def calm(text: str) -> str:
    """Return a text that calls nobody: a till that is named `@all` must not wake a chat of four hundred people."""
    return _MENTION.sub(lambda found: f"{found[0]} ", text)


def plain(text: str) -> str:
    """Return a text of our own lines with every character written out that has no shape of its own."""
    return "\n".join(visible_lines(text))


def fitted(text: str, most: int) -> str:
    """Return a text that takes at most so many bytes of UTF-8, cut at a line where there is one, and saying so."""
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return data.decode("utf-8")
    room = data[: most - len(CUT.encode())].decode("utf-8", "ignore")
    at_line = room.rfind("\n")
    return (room[:at_line] if at_line > len(room) // 2 else room) + CUT
