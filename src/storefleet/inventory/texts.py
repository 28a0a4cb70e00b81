"""Words that complaints share."""

from __future__ import annotations

import difflib
from collections.abc import Collection

MAX_COMPARED = 500
"""Names that a misspelt one is compared with: over 25,000 hosts each comparison would take a second."""


def suggestion(wrong: str, known: Collection[str]) -> str:
    """Return ``; did you mean …`` or the names that are known, for the end of a complaint."""
    if len(known) > MAX_COMPARED:
        return ""
    names = sorted(known)
    close = difflib.get_close_matches(wrong, names, 1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(names)}" if 0 < len(names) <= 12 else ""
