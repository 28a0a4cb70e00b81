"""Reading a configuration that is compared as a tree: what is cut, garbled or a refusal is never taken for one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from storefleet.compliance import lines
from storefleet.compliance.lines import Path

_CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffd]")
_END = "end"
MAX_TEXT = 4_000_000
"""Characters: a longer answer is no configuration of a store router."""


class CannotParse(Exception):
    """A text is no whole configuration; the message says why, and nothing is compared with it."""


def device_paths(text: str) -> tuple[Path, ...]:
    """Return the lines that a router printed, in its order; raises :class:`CannotParse`."""
    plain = re.sub("\r+\n", "\n", text)
    if not plain.strip():
        raise CannotParse("it is empty")
    if len(plain) > MAX_TEXT:
        raise CannotParse(f"it has more than {MAX_TEXT:,} characters")
    for number, message in faults(plain):
        raise CannotParse(f"line {number} {message}")
    said = [line.strip() for line in plain.split("\n") if line.strip()]
    if said[-1] != _END:
        raise CannotParse(f"there is no `{_END}` at its end: it was cut")
    if _END in said[:-1]:
        raise CannotParse(f"it goes on behind its `{_END}`")
    return lines.ordered(plain)


def faults(text: str) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with the structure of a text: the number of a line, and what it is."""
    open_: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if _CONTROL.search(line) or "\t" in line.lstrip():
            yield number, "holds characters that no line of a configuration has"
        elif line.lstrip().startswith("%"):
            yield number, "begins with `%`: that is a refusal"
        elif fault := _misplaced(line.expandtabs().rstrip(), open_):
            yield number, fault


def _misplaced(line: str, open_: list[int]) -> str:
    """Tell what is wrong with the depth of a line; ``open_`` are the depths of the sections around it."""
    if line == "!":
        open_.clear()  # so the router parts its sections
    if not line.strip() or line.lstrip().startswith("!"):
        return ""
    depth = len(line) - len(line.lstrip())
    known = depth in open_ or depth == 0
    closed = [one for one in open_ if one >= depth]
    del open_[len(open_) - len(closed) :]
    if lines.is_frame(line):
        return ""
    if not known and closed:
        return "stands at a depth that no line above it has"
    if depth and not open_:
        return "is indented, and no section is open above it"
    open_.append(depth)
    return ""
