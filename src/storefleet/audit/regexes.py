"""Patterns that cannot hang an audit: what Python would search for hours is refused when the file is checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as sre  # type: ignore[attr-defined]  # the standard library's own parser has no public name
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

MAX_PATTERN = 300
MAX_TEXT = 4096
"""Characters of observed text that a pattern is tried on; longer text is judged by its hash or by a keyword."""

_REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT}
_SAMPLES = ("", "\x00", "a", "Z", "9", " ", "é", "-_/.:", "x" * 40)


def pattern_fault(pattern: str) -> str | None:
    """Return why a pattern may not stand in a control, or ``None``."""
    if len(pattern) > MAX_PATTERN:
        return f"longer than {MAX_PATTERN} characters"
    try:
        parsed = sre_parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as fault:
        return f"not a regular expression: {fault}"
    return _slow(list(_tokens(parsed)))


def _slow(tokens: list[tuple[Any, Any]]) -> str | None:
    if any(code is sre.GROUPREF for code, _ in tokens):
        return "a back reference can take for ever; write the pattern without it"
    repeats = [argument for code, argument in tokens if code in _REPEATS]
    if any(most > 1 and _explodes(part) for _, most, part in repeats):
        return "a repeated part that repeats or branches in itself can take for ever, as (a+)+ does; write one repeat"
    if sum(most is sre.MAXREPEAT and _is_dot(part) for _, most, part in repeats) > 2:
        return "more than two .* can take very long; name what stands between"
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
    if code in _REPEATS or code is getattr(sre, "POSSESSIVE_REPEAT", None):
        return [argument[2]]
    if code is sre.SUBPATTERN:
        return [argument[3]]
    if code is sre.BRANCH:
        return list(argument[1])
    if code in {sre.ASSERT, sre.ASSERT_NOT}:
        return [argument[1]]
    if code is getattr(sre, "ATOMIC_GROUP", None):
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


def _is_dot(repeated: Any) -> bool:
    return len(repeated) == 1 and repeated[0][0] is sre.ANY
