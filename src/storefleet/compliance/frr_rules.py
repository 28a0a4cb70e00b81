"""What FRR 8.4.4 was seen to do with lines, read from data; a rule stands there only if it was seen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from storefleet.compliance import remedy


@dataclass(frozen=True)
class Shape:
    """A pattern of a line, bound to the section that it stands in where ``section / line`` says so."""

    line: re.Pattern[str]
    section: re.Pattern[str] | None = None

    def match(self, section: tuple[str, ...], line: str) -> re.Match[str] | None:
        """Return the match of a whole line in its section."""
        if self.section and not (section and self.section.fullmatch(section[-1])):
            return None
        return self.line.fullmatch(line)


@dataclass(frozen=True)
class Default:
    """A line that is never printed where it stands; ``unless``: without such a line in the section around its own."""

    shape: Shape
    unless: str = ""


@dataclass(frozen=True)
class Rules:
    """The rules, each a list of patterns.

    ``alone``: of these there is one in a section (one per ``what`` and ``way``), and a new one replaces it.
    ``numbered``: entries of a list, of which the router keeps the order by their numbers; an entry that already stands
    under another number is dropped without a word, so the old one must go first.
    ``leaves_nothing``: their ``no`` is never printed. ``default``: such a line is never printed, only its ``no`` is.
    ``takes``: the ``no`` of the first takes away what matches the second, with the same ``who``, in its section and
    below, and nothing else. ``unseen_when_empty``: such a section is not printed without lines. ``order``: within a
    section these come first, in this order; the last of them come behind all others. ``rather_set``: of these the
    ``no`` takes more than the line, so where another takes its place nothing is negated. ``daemons``: without the
    daemon such a line is taken without a word and does nothing.
    """

    alone: tuple[Shape, ...]
    numbered: tuple[re.Pattern[str], ...]
    leaves_nothing: tuple[Shape, ...]
    default: tuple[Default, ...]
    takes: tuple[tuple[Shape, Shape], ...]
    unseen_when_empty: tuple[re.Pattern[str], ...]
    order: tuple[str, ...]
    rather_set: tuple[str, ...]
    daemons: tuple[tuple[re.Pattern[str], str], ...]
    frames: tuple[re.Pattern[str], ...]


@cache
def rules() -> Rules:
    """Return the rules for FRR."""
    text = resources.files("storefleet.compliance").joinpath("frr-lines.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    frame: dict[str, Any] = dict(remedy.rules())
    return Rules(
        alone=_shapes(found["alone"]),
        numbered=tuple(map(re.compile, found["numbered"])),
        leaves_nothing=_shapes(found["leaves_nothing"]),
        default=tuple(_default(entry) for entry in found["default"]),
        takes=tuple((_shape(no), _shape(taken)) for no, taken in found["takes"]),
        unseen_when_empty=tuple(map(re.compile, found["unseen_when_empty"])),
        order=tuple(found["order"]),
        rather_set=tuple(found["rather_set"]),
        daemons=tuple((re.compile(pattern), daemon) for pattern, daemon in found["daemons"]),
        frames=tuple(re.compile(sub["search"]) for sub in frame["per_line_sub"]),
    )


def _shapes(texts: Iterable[str]) -> tuple[Shape, ...]:
    return tuple(map(_shape, texts))


def _shape(text: str) -> Shape:
    section, _, line = text.rpartition(" / ")
    return Shape(re.compile(line), re.compile(section) if section else None)


def _default(entry: str | list[str]) -> Default:
    return Default(_shape(entry)) if isinstance(entry, str) else Default(_shape(entry[0]), entry[1])
