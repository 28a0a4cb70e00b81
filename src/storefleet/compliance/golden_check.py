"""What is wrong with the golden text of one router, before any router is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from storefleet.compliance import golden_text, lines
from storefleet.compliance.golden import Golden
from storefleet.compliance.lines import Path

FRAME = re.compile(r"(exit(-\S+)?|end|quit|configure( .*)?|conf( .*)?)")
COMMAND = re.compile(r"(do|show|write|copy|clear|debug|undebug|reload|ping|traceroute|list|find)( .*)?|no|no no .*")
MAX_LINES, MAX_LINE = 500, 400


def text_faults(golden: Golden, text: str, shown: Callable[[Path], str]) -> list[tuple[int, str]]:
    """Return what is wrong with a rendered text: the number of a line (0 for the whole), and what it is.

    ``shown`` gives a line with its sections, without its secrets.
    """
    structure = list(golden_text.faults(text))
    if structure:
        return structure
    found = list(_line_faults(text))
    paths = lines.ordered(text)
    if not paths and not found:
        return [(0, "it renders to no line at all")]
    if len(paths) > MAX_LINES:
        return [(0, f"it renders to {len(paths)} lines; more than {MAX_LINES} are not compared")]
    return found or list(_path_faults(golden, text, shown))


def _line_faults(text: str) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(text.split("\n"), start=1):
        line = " ".join(raw.split())
        if FRAME.fullmatch(line):
            yield number, f"`{line}` only moves between sections; indentation does that here, so leave it out"
        elif COMMAND.fullmatch(line):
            yield number, f"`{line.split()[0]}` begins a command and no line of a configuration"
        elif not line.isprintable() or len(line) > MAX_LINE:
            yield number, f"a printable line of at most {MAX_LINE} characters is due here"


def _path_faults(golden: Golden, text: str, shown: Callable[[Path], str]) -> Iterator[tuple[int, str]]:
    """Find lines that nobody owns, and lines that another one of the text undoes."""
    numbers = [number for number, raw in enumerate(text.split("\n"), start=1) if lines.ordered(raw)]
    paths = lines.ordered(text)
    settled = lines.merged(frozenset(), paths)[0]
    for number, path in zip(numbers, paths, strict=True):
        owner = golden.owner(path)
        if owner is None:
            yield number, f"no feature owns `{shown(path)}`: it would never be compared"
        elif not golden.is_judged(path, owner):
            yield number, f"`{shown(path)}` is volatile or among ignore_children: it would never be compared"
        elif path not in settled and lines.merged(settled, [path])[1]:
            yield number, f"`{shown(path)}` is undone by another line of the text"
