"""JSON values as one line of text that a terminal, ``diff`` and ``patch`` can carry whatever a device put into them."""

from __future__ import annotations

import json

from storefleet.model.base import Json

_encode = json.JSONEncoder(ensure_ascii=False).encode
"""Made once: ``json.dumps`` with an option makes one for every value, of which a night writes millions."""


def json_text(value: Json) -> str:
    """Return the value as JSON on one line: readable letters stay, whatever does not print is escaped.

    Control characters, escape codes, bidirectional marks and Unicode line separators come from devices; left as they
    are, one of them could end a line of a diff or rewrite a terminal.
    """
    text = _encode(value)
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() else json.dumps(mark)[1:-1] for mark in text)


def scalar_text(value: Json) -> str:
    """Return the text by which filters and keys compare: strings as they are, anything else as JSON."""
    return value if isinstance(value, str) else json_text(value)


def same(left: Json, right: Json) -> bool:
    """Equality of JSON values: ``1`` equals ``1.0``, but ``true`` is not ``1`` as it is in Python."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(part, right[name]) for name, part in left.items())
    return type(left) is type(right) and left == right if isinstance(left, str) else bool(left == right)
