"""Arguments in one line, as Ansible takes them: ``creates=/x mkdir /x``, ``src=a dest=b``."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"""(?:\{\{.*?\}\}|\{%.*?%\}|"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+""", re.DOTALL)
_PAIR = re.compile(r"([a-z_][a-z_0-9-]*)=(.*)", re.DOTALL)


def tokens(text: str) -> list[tuple[str, int, int]]:
    """Return the words of a line with where each stands; quotes and templates hold theirs together."""
    return [(found.group(), found.start(), found.end()) for found in _TOKEN.finditer(text)]


def pairs(text: str) -> dict[str, str] | None:
    """Return ``name=value`` pairs, or ``None`` where a word is none."""
    found: dict[str, str] = {}
    for word, _, _ in tokens(text):
        pair = _PAIR.fullmatch(word)
        if pair is None:
            return None
        found[pair[1]] = _unquoted(pair[2])
    return found


def command(text: str, options: frozenset[str]) -> dict[str, str]:
    """Take the options out of a command line, wherever they stand; the rest stays as it is written."""
    found: dict[str, str] = {}
    rest, end = "", 0
    for word, start, stop in tokens(text):
        pair = _PAIR.fullmatch(word)
        if pair is None or pair[1] not in options:
            continue
        found[pair[1]] = _unquoted(pair[2])
        rest += text[end:start]
        end = stop
    return {"cmd": (rest + text[end:]).strip(), **found}


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text
