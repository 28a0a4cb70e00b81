"""What lines make of a configuration of FRR, as far as the router was seen to do it; what is not known is not assumed.

A configuration is a set of paths: each line behind the sections that it stands in. The router's own order of sections
means nothing, and nothing is printed twice. A wrong prediction is no harm but a failure: what runs afterwards is read
back and compared, and anything else is put back (decision 0022).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any, TypeAlias

from storefleet.compliance import remedy
from storefleet.compliance.frr_rules import Shape, rules

Path: TypeAlias = tuple[str, ...]
Paths: TypeAlias = frozenset[Path]

SEPARATOR = "\t"
"""Between a section and its line in the text that the router's shell prints; no line of FRR holds one."""


def read(text: str) -> Paths:
    """Read the text that the router's shell prints: a path per line."""
    return frozenset(tuple(line.split(SEPARATOR)) for line in text.splitlines() if line)


def write(paths: Iterable[Path]) -> str:
    """Return the text that the router's shell would print, in its order, which is that of bytes."""
    return "\n".join(sorted((SEPARATOR.join(path) for path in paths), key=lambda line: line.encode()))


def ordered(text: str) -> tuple[Path, ...]:
    """Read an indented text in its own order; what only frames it is left out."""
    found: list[Path] = []
    open_: list[tuple[int, str]] = []
    for line in text.splitlines():
        bare = line.expandtabs().rstrip()
        if not bare.strip() or any(pattern.search(bare) for pattern in rules().frames):
            continue
        depth = len(bare) - len(bare.lstrip())
        while open_ and open_[-1][0] >= depth:
            open_.pop()
        open_.append((depth, " ".join(bare.split())))
        found.append(tuple(word for _, word in open_))
    return tuple(found)


def indented(paths: Iterable[Path]) -> str:
    """Return a configuration as FRR reads it; every section that was opened is closed, and none besides."""
    out: list[str] = []
    open_: Path = ()
    for path in sorted(paths, key=_place):
        out += [f"{' ' * depth}exit" for depth in range(len(open_) - 2, _common(open_, path) - 1, -1)]
        out.append(" " * (len(path) - 1) + path[-1])
        open_ = path
    out += [f"{' ' * depth}exit" for depth in range(len(open_) - 2, -1, -1)]
    return "\n".join(out) + "\n" if out else ""


def _common(one: Path, other: Path) -> int:
    number = 0
    while number < min(len(one), len(other)) and one[number] == other[number]:
        number += 1
    return number


def merged(running: Paths, wanted: Sequence[Path]) -> tuple[Paths, tuple[Path, ...]]:
    """Return what runs after some lines, one after the other, and those of them that have something to do."""
    todo: list[Path] = []
    then = running
    for path in wanted:
        after = _taken(then, path)
        if after != then:
            todo.append(path)
        then = after
    then = _printed(then)
    return (then, tuple(todo)) if then != running else (running, ())


def exactly(running: Paths, section: Path, wanted: Sequence[Path]) -> tuple[Paths, tuple[Path, ...]]:
    """Return what runs where a section holds these lines and no other, and the lines that lead there."""
    size = len(section)
    bare = frozenset(path for path in running if path[:size] != section) | {section[:n] for n in range(1, size + 1)}
    positive = [path for path in wanted if not _leaves_nothing(bare, path)]
    then = merged(bare, positive)[0] if positive else _printed(bare)
    return then, steps(running, then)


def steps(running: Paths, then: Paths) -> tuple[Path, ...]:
    """Return the lines that lead from one configuration to another, a path each, what goes before what comes.

    A section that is only unseen is there: its lines are taken away, never itself.
    """
    there = {path for path in running | then if _unseen(path)}
    found = remedy.remedy(
        *(indented(each | {path for path in there if _stands(path, each)}) for each in (running, then))
    )
    paths = ordered("\n".join(found.lines))
    lead = [path for number, path in enumerate(paths) if not _only_opens(path, paths[number + 1 : number + 2])]
    away = [path for path in lead if path[-1].startswith("no ") and path not in then]
    come = [path for path in lead if path not in away]
    gone = [path for path in away if not _replaced(path, then - running)]
    return (*sorted(gone, key=_place, reverse=True), *sorted(come, key=_place))


def _stands(path: Path, paths: Paths) -> bool:
    return all(path[:size] in paths for size in range(1, len(path)))


def _replaced(path: Path, added: Paths) -> bool:
    """Tell whether one of the added lines takes the place of the line that a path takes away."""
    return bool(_rivals(added, path[:-1], path[-1].removeprefix("no ")))


def _place(path: Path) -> tuple[tuple[int, str], ...]:
    return tuple((_rank(line), line) for line in path)


@cache
def _order() -> tuple[tuple[int, re.Pattern[str]], ...]:
    return tuple((number, re.compile(pattern)) for number, pattern in enumerate(rules().order) if pattern)


@lru_cache(maxsize=4096)
def _rank(line: str) -> int:
    bare = line.removeprefix("no ")
    return next((number for number, pattern in _order() if pattern.fullmatch(bare)), rules().order.index(""))


def negations() -> tuple[tuple[str, str, str], ...]:
    """Return how lines begin that their own ``no`` does not take away: the section, the line, and what does."""
    found: Any = remedy.rules()["negate_with"]
    lineage = [([next(iter(rule.values())) for rule in entry["match_rules"]], entry["use"]) for entry in found]
    return tuple((begins[0] if len(begins) > 1 else "", begins[-1], use) for begins, use in lineage)


def unseen_when_empty() -> tuple[str, ...]:
    """Return how the sections read that are there even where they are not printed."""
    return tuple(pattern.pattern for pattern in rules().unseen_when_empty)


def order() -> tuple[str, ...]:
    """Return how the lines read that must come before others of their section; the empty text stands for the others."""
    return rules().order


def rather_set() -> tuple[str, ...]:
    """Return how lines begin of which the ``no`` takes away more than the line."""
    return rules().rather_set


def missing_daemons(paths: Iterable[Path], running: Iterable[str]) -> list[tuple[Path, str]]:
    """Return the lines that would do nothing, with the daemon that each needs."""
    daemons = frozenset(running)
    needed = ((path, _daemon(path)) for path in paths)
    return [(path, daemon) for path, daemon in needed if daemon and daemon not in daemons]


def _daemon(path: Path) -> str:
    return next(
        (daemon for line in path for pattern, daemon in rules().daemons if pattern.fullmatch(line)),
        "",
    )


def is_unseen(path: Path) -> bool:
    """Tell whether this is a section that the router does not print where it holds no lines."""
    return len(path) == 1 and _unseen(path)


def is_frame(line: str) -> bool:
    """Tell whether a line only frames a text: it closes a section, or says nothing."""
    return any(pattern.search(line) for pattern in rules().frames)


def numbered(line: str) -> tuple[str, int, str] | None:
    """Return the list, the number and the entry of a line whose order its number decides; else ``None``."""
    for pattern in rules().numbered:
        if match := pattern.fullmatch(line):
            return match["list"], int(match["number"]), match["entry"]
    return None


def _only_opens(path: Path, behind: Sequence[Path]) -> bool:
    return bool(behind) and behind[0][: len(path)] == path and len(behind[0]) > len(path)


def _taken(running: Paths, path: Path) -> Paths:
    section, line = path[:-1], path[-1]
    if line.startswith("no "):
        return _negated(running, section, line.removeprefix("no "))
    gone = {(*section, f"no {line}"), *((*section, other) for other in _rivals(running, section, line))}
    opened = {path[:n] for n in range(1, len(path))}
    if _is_default(running, path):
        return (running - gone) | {each for each in opened if not _unseen(each)}
    return (running - gone) | opened | {path}


def replaces(path: Path, other: Path) -> bool:
    """Tell whether one line takes the place of another of its section: the router holds one of them."""
    return path[:-1] == other[:-1] and other[-1] in _rivals(frozenset({other}), path[:-1], path[-1])


def places(path: Path) -> list[tuple[object, ...]]:
    """Return the places that a line takes in its section: of the lines that share one, the router holds one."""
    found = ((number, shape.match(path[:-1], path[-1])) for number, shape in enumerate(rules().alone))
    return [(path[:-1], number, *sorted(match.groupdict().items())) for number, match in found if match]


def _rivals(running: Paths, section: Path, line: str) -> set[str]:
    """Return the lines of a section that a line replaces."""
    alone = [(shape, match) for shape in rules().alone if (match := shape.match(section, line))]
    others = [path[-1] for path in running if path[:-1] == section] if alone else []
    return {other for other in others for shape, match in alone if _alike(shape, match, section, other)}


def _alike(shape: Shape, match: re.Match[str], section: Path, other: str) -> bool:
    found = shape.match(section, other)
    return found is not None and found.groupdict() == match.groupdict()


def _negated(running: Paths, section: Path, line: str) -> Paths:
    size = len(section)
    below = [path for path in running if path[:size] == section and len(path) > size]
    gone = {path for path in below if path[size] == line or path[size].startswith(f"{line} ")}
    for no, taken in rules().takes:
        if gone and (match := no.match(section, line)):
            gone = {path for path in below if _alike(taken, match, path[:-1], path[-1])}
    if gone:
        return running - gone
    path = (*section, f"no {line}")
    return running if _leaves_nothing(running, path) else running | {path[:n] for n in range(1, len(path) + 1)}


def _is_default(running: Paths, path: Path) -> bool:
    """Tell whether a line is never printed where it stands."""
    around = path[:-2]
    return any(
        rule.shape.match(path[:-1], path[-1]) and not (rule.unless and (*around, rule.unless) in running)
        for rule in rules().default
    )


def _leaves_nothing(running: Paths, path: Path) -> bool:
    section, line = path[:-1], path[-1].removeprefix("no ")
    if line == path[-1] or _is_default(running, (*section, line)):
        return False
    return any(shape.match(section, line) for shape in rules().leaves_nothing)


def _unseen(path: Path) -> bool:
    return any(pattern.fullmatch(path[-1]) for pattern in rules().unseen_when_empty)


def _printed(paths: Paths) -> Paths:
    """Return what the router prints of it: not a section of which it has nothing to say."""
    full = {path[:size] for path in paths for size in range(1, len(path)) if not _unseen(path)}
    return frozenset(path for path in paths if path in full or not _unseen(path))
