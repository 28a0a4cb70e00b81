"""A router's configuration over time: each line behind its sections, and what has changed there, told once.

A line that takes the place of another is one difference of both; a section that came or went is one difference with all
of its lines.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from storefleet.collect.frr.config import in_sections, kept_lines
from storefleet.collect.frr.platform import frr, pattern
from storefleet.compliance import lines
from storefleet.compliance.golden import bare
from storefleet.compliance.lines import Path

SEPARATOR = " / "
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Change:
    """What has changed: the keys of its lines, and what stood there and stands there now, ``None`` where nothing.

    ``went`` and ``came`` are the lines themselves: what is told of them cannot be taken apart again, since a
    description may hold whatever parts keys and lines.
    """

    key: str
    keys: tuple[str, ...]
    before: str | None
    now: str | None
    went: tuple[Path, ...] = ()
    came: tuple[Path, ...] = ()


def keyed(text: str) -> dict[str, str]:
    """Return every line by its key, which names its sections; one that stands there twice is told apart by a number."""
    return {key: path[-1] for key, path in _keyed(text)}


def paths_of(text: str) -> dict[str, Path]:
    """Return every line with its sections by its key."""
    return dict(_keyed(text))


def _keyed(text: str) -> Iterator[tuple[str, Path]]:
    seen: Counter[str] = Counter()
    for parents, line in in_sections(kept_lines(text, frr()), frr()):
        key = SEPARATOR.join((*parents, line))
        seen[key] += 1
        yield (key if seen[key] == 1 else f"{key} #{seen[key]}", (*parents, line))


def told(keys: Sequence[str], side: Mapping[str, str]) -> str | None:
    """Return the lines of a difference that stand on a side."""
    return "; ".join(side[key] for key in keys if key in side) or None


def changes(before: str, now: str) -> list[Change]:
    """Return what differs, in the order of the keys."""
    old, new = paths_of(before), paths_of(now)
    gone, come = ({key: one[key] for key in one if key not in other} for one, other in ((old, new), (new, old)))
    sections = [*_sections(gone), *_sections(come)]
    rivals = Rivals(come)
    settled = {key for keys in sections for key in keys}
    found = [_change(keys[0], keys, gone, come) for keys in sections]
    for key, path in gone.items():
        if (
            key not in settled
            and (rival := next((one for one in rivals.of(path) if one not in settled), None)) is not None
        ):
            found.append(_change(shared(path, come[rival]), (key, rival), gone, come))
            settled |= {key, rival}
    for key, other in _exchanged(gone, come, settled):
        found.append(_change(shared(gone[key], come[other]), (key, other), gone, come))
        settled |= {key, other}
    found += [_change(key, (key,), gone, come) for key in (*gone, *come) if key not in settled]
    return sorted(found, key=lambda change: (change.key, change.keys))


def _sections(side: Mapping[str, Path]) -> Iterator[tuple[str, ...]]:
    """Yield the keys of each section that stands on one side only, its own first."""
    by_path = {path: key for key, path in side.items()}
    below: dict[str, list[str]] = {}
    for key, path in side.items():
        head = next((by_path[path[:size]] for size in range(1, len(path)) if path[:size] in by_path), None)
        if head is not None:
            below.setdefault(head, []).append(key)
    yield from ((key, *below[key]) for key in side if key in below)


def _exchanged(
    gone: Mapping[str, Path], come: Mapping[str, Path], settled: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield a line of a section with the one that came for it, where just one of the same two words did each.

    The router may hold several addresses: that one went and one came is a change of address all the same.
    """
    sides = [_by_beginning(side, settled) for side in (gone, come)]
    for beginning, keys in sides[0].items():
        others = sides[1].get(beginning, [])
        if len(keys) == 1 and len(others) == 1:
            yield keys[0], others[0]


def _by_beginning(side: Mapping[str, Path], settled: Collection[str]) -> dict[tuple[Path, str], list[str]]:
    found: dict[tuple[Path, str], list[str]] = {}
    for key, path in side.items():
        if key not in settled and len(path) > 1 and len(path[-1].split()) > 2:
            found.setdefault((path[:-1], " ".join(path[-1].split()[:2])), []).append(key)
    return found


class Rivals(Generic[Key]):
    """Lines by what they have in common with those whose place they may take."""

    def __init__(self, lines_by_key: Mapping[Key, Path]) -> None:
        self._lines = lines_by_key
        self._by: dict[Hashable, list[tuple[int, Key]]] = {}
        for at, (key, path) in enumerate(lines_by_key.items()):
            for mark in _marks(path):
                self._by.setdefault(mark, []).append((at, key))

    def of(self, path: Path) -> list[Key]:
        """Return the keys of the lines that take the place of one, in their order."""
        some = dict(one for mark in _marks(path) for one in self._by.get(mark, ()))
        return [some[at] for at in sorted(some) if replaces(self._lines[some[at]], path)]


def _marks(path: Path) -> Iterator[Hashable]:
    """Yield what two lines must share one of, for one of them to take the place of the other."""
    yield (path[:-1], bare(path[-1]))
    if (number := lines.numbered(path[-1])) is not None:
        yield (path[:-1], *number[:2])
    yield from lines.places(path)


def replaces(path: Path, other: Path) -> bool:
    """Tell whether one line takes the place of another: the router holds one of them, or one undoes the other."""
    if path[:-1] != other[:-1] or path == other:
        return False
    if bare(path[-1]) == bare(other[-1]):
        return True
    one, two = lines.numbered(path[-1]), lines.numbered(other[-1])
    if one is not None and two is not None:
        return one[:2] == two[:2]
    return lines.replaces(path, other)


def shared(path: Path, other: Path) -> str:
    """Return the key of a line that took the place of another: the words that both begin with."""
    one, two = (bare(each[-1]).split() for each in (path, other))
    size = next((at for at, words in enumerate(zip(one, two, strict=False)) if words[0] != words[1]), len(one))
    return SEPARATOR.join((*path[:-1], " ".join(one[:size]) or path[-1]))


def _change(name: str, keys: tuple[str, ...], gone: Mapping[str, Path], come: Mapping[str, Path]) -> Change:
    sides = [{key: path[-1] for key, path in side.items()} for side in (gone, come)]
    paths = [tuple(side[key] for key in keys if key in side) for side in (gone, come)]
    return Change(name, keys, told(keys, sides[0]), told(keys, sides[1]), *paths)


def taken(approved: str, observed: str, keys: frozenset[str]) -> str:
    """Return a configuration as it is approved once these lines are taken as they are observed.

    Raises ``ValueError`` where a line would not come to stand in its section, since the router has put its sections in
    another order meanwhile.
    """
    old, new = paths_of(approved), paths_of(observed)
    if not ({*old} ^ {*new}) - keys:
        return observed
    before, now = _raw(approved), _raw(observed)
    kept: list[str] = []
    old_marks, new_marks = ([mark for mark, _, _ in side] for side in (before, now))
    matcher = difflib.SequenceMatcher(None, old_marks, new_marks, autojunk=False)
    for how, start, end, first, last in matcher.get_opcodes():
        kept += [line for _, key, line in before[start:end] if how == "equal" or key not in keys]
        kept += [line for _, key, line in now[first:last] if how != "equal" and key in keys]
    text = "".join(f"{line}\n" for line in kept)
    wanted = {key for key in old if key not in keys} | {key for key in new if key in keys}
    if {*paths_of(text)} != wanted:
        raise ValueError("its lines do not fit where the approved ones stand")
    return text


def _raw(text: str) -> list[tuple[str, str, str]]:
    """Return every line of a text: what tells it from others, the key of what it says, and itself.

    A line that only closes a section goes with the section.
    """
    keys = iter(_keyed(text))
    path: Path = ()
    found: list[tuple[str, str, str]] = []
    for line in kept_lines(text, frr()):
        if line.strip() == frr().ends_with:
            found.append((line.strip(), "", line))
        elif pattern(frr().closing).fullmatch(line.strip()):
            key = SEPARATOR.join(path[: len(line) - len(line.lstrip()) + 1])
            found.append((f"{line.strip()} {key}", key, line))
        else:
            key, path = next(keys)
            found.append((key, key, line))
    return found
