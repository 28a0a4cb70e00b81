"""Golden configuration as values: who owns which lines of a router, and what is thought of lines that nobody wanted.

A line is owned by the feature of which one beginning, in whole words, begins its top-level line; a ``no`` before it
changes no owner. The feature without beginnings owns all that no other does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, TypeAlias

from storefleet.compliance.lines import Path
from storefleet.documents.nodes import Source
from storefleet.model.base import Value

Extra: TypeAlias = Literal["ignore", "warn", "fail"]
Risk: TypeAlias = Literal["config", "service", "path"]
Mark: TypeAlias = Callable[[str], str]
"""Gives what stands in the place of a secret: a keyed hash, or a word that says nothing."""


class Feature(Value, frozen=True):
    """A part of the configuration, with the beginnings of the top-level lines that are its own.

    ``ordered``: its lines must also come in the golden order. ``extra``: what lines mean that run and that the golden
    text has not. ``risk``: what changing it can cost, where that is worse than its lines tell. ``ignore_children``:
    beginnings of lines below its own that are nobody's business. ``secret``: which words of its lines are secret,
    counted from 0, each line without its ``no``; behind the last of them all is, since a cipher number may stand there.
    """

    name: str
    source: Source
    lines: tuple[str, ...] = ()
    ordered: bool = False
    extra: Extra = "warn"
    risk: Risk | None = None
    ignore_children: tuple[str, ...] = ()
    secret: tuple[int, ...] = ()

    def owns(self, line: str) -> bool:
        """Tell whether a top-level line is one of this feature's own beginnings."""
        return any(begins(line, words) for words in self.lines)


@dataclass(frozen=True)
class Secrets:
    """Which words of which lines are secret by their place; ``None`` stands for every line that is not listed."""

    places: tuple[tuple[str | None, tuple[int, ...]], ...] = ()

    def hide(self, path: Path, mark: Mark) -> Path:
        """Return a line with its sections, without the words that are secret by their place."""
        places = self._places(path[0])
        return tuple(_hidden(line, places, mark) for line in path) if places else path

    def _places(self, line: str) -> tuple[int, ...]:
        listed = (places for words, places in self.places if words is not None and begins(line, words))
        rest = (places for words, places in self.places if words is None)
        return next(listed, next(rest, ()))

    @property
    def patterns(self) -> tuple[str, ...]:
        """Return patterns of whole lines, each without its sections, of which the group ``secret`` is to be hidden."""
        listed = [re.escape(words.strip()) for words, _ in self.places if words is not None]
        others = f"(?!(?:{'|'.join(listed)})(?: |$))" if listed else ""
        found: list[str] = []
        for words, places in self.places:
            owned = rf"(?={re.escape(words.strip())}(?: |$))" if words is not None else others
            for place in places:
                rest = r"(?P<secret>.+)" if place == max(places) else r"(?P<secret>\S+)(?: .*)?"
                found.append(rf"\s*(?:no )?{owned}(?:\S+ ){{{place}}}{rest}")
        return tuple(found)

    @property
    def beginnings(self) -> tuple[str, ...]:
        """Return how lines begin of which nothing may be told; an empty one where that is any line."""
        return tuple((words or "").strip() for words, places in self.places if places)


NO_SECRETS = Secrets()


@dataclass(frozen=True)
class Golden:
    """One golden configuration: for whom, from which template below ``audits/``, and judged by which features.

    ``places`` are the lines of its keys, for complaints.
    """

    name: str
    applies_to: str
    template: str
    features: tuple[Feature, ...]
    source: Source
    volatile: tuple[str, ...] = ()
    places: Mapping[str, Source] = field(default_factory=dict)

    def place(self, key: str) -> Source:
        """Return where a key stands."""
        return self.places.get(key, self.source)

    def owner(self, path: Path) -> Feature | None:
        """Return whose a line is."""
        rest = None
        for feature in self.features:
            if feature.owns(path[0]):
                return feature
            rest = rest if feature.lines else feature
        return rest

    def is_judged(self, path: Path, owner: Feature | None) -> bool:
        """Tell whether a line counts: neither it nor a section of it changes by itself, or is nobody's business."""
        if any(_compiled(pattern).search(line) for pattern in self.volatile for line in path):
            return False
        ignored = owner.ignore_children if owner is not None else ()
        return not any(begins(line, words) for line in path[1:] for words in ignored)

    @property
    def secrets(self) -> Secrets:
        """Return which words of which lines are secret by their place."""
        if not any(feature.secret for feature in self.features):
            return NO_SECRETS
        return Secrets(
            tuple(
                (words, one.secret) for one in self.features for words in (*one.lines, *(() if one.lines else (None,)))
            )
        )


@dataclass(frozen=True)
class Rendered:
    """A golden configuration with its text for one router, each line behind its sections, in the text's own order."""

    golden: Golden
    paths: tuple[Path, ...]


def bare(line: str) -> str:
    """Return a line without its ``no``."""
    return line.removeprefix("no ")


def begins(line: str, words: str) -> bool:
    """Tell whether a line, with or without ``no``, begins with these whole words."""
    text, beginning = bare(line), words.strip()
    return text == beginning or text.startswith(f"{beginning} ")


def _hidden(line: str, places: tuple[int, ...], mark: Mark) -> str:
    no = line.removesuffix(bare(line))
    words = bare(line).split(" ")
    last = max(places)
    shown = [mark(word) if number in places else word for number, word in enumerate(words[:last])]
    behind = words[last:]
    return no + " ".join([*shown, *([mark(" ".join(behind))] if behind else [])])


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
