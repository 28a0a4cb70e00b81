"""Patterns that cannot hang a run: what Python would search for hours is refused when the file is checked.

Python's engine holds every other thread up while it searches, so no deadline ends it; the pattern's own shape must.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _compiler as sre_compiler  # type: ignore[attr-defined]
from re import _constants as sre  # type: ignore[attr-defined]  # the standard library's own parser has no public name
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

MAX_PATTERN = 300
MAX_TEXT = 4096
"""Characters of observed text that a pattern is tried on; longer text is judged by its hash or by a keyword."""

MAX_STEPS = 40_000_000
"""How often a search may try: about a second. Two open repeats that share a text of :data:`MAX_TEXT` come to less."""
MAX_WAYS = 64

_REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT}
_ANY_REPEAT = _REPEATS | {sre.POSSESSIVE_REPEAT}
_SAMPLES = ("", "\x00", "a", "Z", "9", " ", "é", "-_/.:", "x" * 40)


def pattern_fault(pattern: str) -> str | None:
    """Return why a pattern may not stand in a control, or ``None``."""
    if len(pattern) > MAX_PATTERN:
        return f"longer than {MAX_PATTERN} characters"
    try:
        parsed = sre_parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as fault:
        return f"not a regular expression: {fault}"
    slow = _slow(list(_tokens(parsed)))
    if slow is None and any(_cost(way) > MAX_STEPS for way in _ways(parsed, parsed.state)):
        return (
            "its repeats can share one text in too many ways; anchor it with ^, and put between two repeats what "
            "neither of them can match"
        )
    return slow


def _slow(tokens: list[tuple[Any, Any]]) -> str | None:
    if any(code is sre.GROUPREF for code, _ in tokens):
        return "a back reference can take for ever; write the pattern without it"
    repeats = [argument for code, argument in tokens if code in _REPEATS]
    if any(most > 1 and _explodes(part) for _, most, part in repeats):
        return "a repeated part that repeats or branches in itself can take for ever, as (a+)+ does; write one repeat"
    return None


def matches_everything(pattern: str) -> bool:
    """Tell whether a pattern finds something in any text, so that it judges nothing."""
    return all(re.search(pattern, sample) for sample in _SAMPLES)


def _tokens(parsed: Any) -> Iterator[tuple[Any, Any]]:
    for code, argument in parsed:
        yield code, argument
        for inner in _inside(code, argument):
            yield from _tokens(inner)


def _inside(code: Any, argument: Any) -> list[Any]:
    if code in _ANY_REPEAT:
        return [argument[2]]
    if code is sre.SUBPATTERN:
        return [argument[3]]
    if code is sre.BRANCH:
        return list(argument[1])
    if code in {sre.ASSERT, sre.ASSERT_NOT}:
        return [argument[1]]
    if code is sre.ATOMIC_GROUP:
        return [argument]
    return [part for part in argument[1:] if part] if code is sre.GROUPREF_EXISTS else []


def _explodes(repeated: Any) -> bool:
    """A repeat inside a repeat, or branches that may begin alike, make the search exponential."""
    for code, argument in _tokens(repeated):
        if code in _REPEATS and argument[0] != argument[1]:
            return True
        if code is sre.BRANCH and not _told_apart(argument[1]):
            return True
    return False


def _told_apart(branches: Any) -> bool:
    firsts = [branch[0] if len(branch) else None for branch in branches]
    letters = [first[1] for first in firsts if first is not None and first[0] is sre.LITERAL]
    return len(letters) == len(firsts) == len(set(letters))


class _Piece(NamedTuple):
    """A part of a pattern: the characters of :data:`_ALPHABET` that it takes, and by how many it may vary."""

    takes: frozenset[str]
    varies: int
    may_be_empty: bool


_ALPHABET = "".join(map(chr, range(256))) + "Ωж中日\u2028😀"
_START = _Piece(frozenset(_ALPHABET), MAX_TEXT, may_be_empty=True)
"""Where a search may begin when nothing anchors it: a repeat of anything before the pattern."""


def _ways(parsed: Any, state: Any) -> list[list[_Piece]]:
    """Return the pieces of every way through the branches of a pattern; beyond :data:`MAX_WAYS` they are one way."""
    first = next(iter(parsed), (None, None))
    anchored = first[0] is sre.AT and first[1] in {sre.AT_BEGINNING, sre.AT_BEGINNING_STRING}
    return [way if anchored else [_START, *way] for way in _through(parsed, state)]


def _through(parsed: Any, state: Any) -> list[list[_Piece]]:
    ways: list[list[_Piece]] = [[]]
    for code, argument in parsed:
        if code is sre.BRANCH:
            found = [way for branch in argument[1] for way in _through(branch, state)]
        elif code in _ANY_REPEAT:
            least, most, part = argument
            varies = min(MAX_TEXT, int(most)) - min(MAX_TEXT, int(least))
            takes = frozenset().union(*(_characters(token, state) for token in _tokens(part)))
            found = [[_Piece(takes, varies, least == 0)]]
        elif code is sre.AT:
            continue
        elif _inside(code, argument):
            found = [way for inner in _inside(code, argument) for way in _through(inner, state)]
        else:
            found = [[_Piece(_characters((code, argument), state), 0, may_be_empty=False)]]
        if len(ways) * len(found) > MAX_WAYS:
            found = [[piece for way in found for piece in way]]
        ways = [[*way, *more] for way in ways for more in found]
    return ways


def _characters(token: tuple[Any, Any], state: Any) -> frozenset[str]:
    """Return what one element that takes a single character takes; nothing for every other element."""
    if token[0] not in {sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN}:
        return frozenset()
    match = sre_compiler.compile(sre_parser.SubPattern(state, [token])).fullmatch
    return frozenset(character for character in _ALPHABET if match(character))


def _cost(way: list[_Piece]) -> int:
    """Return in how many ways the repeats that can take characters from one another may share a text, at the worst."""
    steps = [piece.varies + 1 for piece in way]
    for index, piece in enumerate(way):
        reach = piece.takes if piece.varies else frozenset()
        for at in range(index + 1, len(way)):
            if not reach:
                break
            later = way[at]
            if later.varies and later.takes & reach:
                steps[at] = max(steps[at], steps[index] * (later.varies + 1))
            if not later.may_be_empty:
                reach &= later.takes
    return max(steps, default=1)
