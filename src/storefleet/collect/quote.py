"""Quoting by construction: every word that a person or a file chose enters a script through here."""

from __future__ import annotations

import shlex
from collections.abc import Iterable


def quote(word: str) -> str:
    """Return the word so that dash and BusyBox ash read exactly it; raises ``ValueError`` on NUL."""
    if "\x00" in word:
        message = f"an argument cannot hold a NUL character: {word!r}"
        raise ValueError(message)
    return shlex.quote(word)


def command(words: Iterable[str]) -> str:
    """Return an argv as one line of shell."""
    return " ".join(map(quote, words))


_GLOB = frozenset("*?[]")


def quote_glob(pattern: str) -> str:
    """Return a file pattern whose ``* ? [ ]`` still mean something to the shell, and nothing else does."""
    return "".join(char if char in _GLOB else quote(char) for char in pattern)
