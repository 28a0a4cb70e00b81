"""What lines make of a configuration of FRR, as far as the router was seen to do it; what is not known is not assumed.

A configuration is a set of paths: each line behind the sections that it stands in. The router's own order of sections
means nothing, and nothing is printed twice. A wrong prediction is no harm but a failure: what runs afterwards is read
back and compared, and anything else is put back (decision 0022).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

from storefleet.compliance import remedy

Path: TypeAlias = tuple[str, ...]
Paths: TypeAlias = frozenset[Path]

SEPARATOR = "\t"
"""Between a section and its line in the text that the router's shell prints; no line of FRR holds one."""


@dataclass(frozen=True)
class Rules:
    """What FRR 8.4.4 was seen to do with lines.

    ``alone``: of these there is one in a section (one per ``what``), and a new one replaces it. ``leaves_nothing``:
    their ``no`` is never printed. ``default``: such a line is never printed, only its ``no`` is.
    ``numbered``: entries of a list, of which the router keeps the order by their numbers; an entry that already stands
    under another number is dropped without a word, so the old one must go first.
    ``unseen_when_empty``: such a section is not printed without lines. ``daemons``: without the daemon such a line is
    taken without a word and does nothing.
    """

    alone: tuple[re.Pattern[str], ...]
    numbered: tuple[re.Pattern[str], ...]
    leaves_nothing: tuple[re.Pattern[str], ...]
    default: tuple[re.Pattern[str], ...]
    unseen_when_empty: tuple[re.Pattern[str], ...]
    daemons: tuple[tuple[re.Pattern[str], str], ...]
    frames: tuple[re.Pattern[str], ...]


@cache
def _rules() -> Rules:
    found: dict[str, Any] = json.loads(
        resources.files("storefleet.compliance").joinpath("frr-lines.json").read_text(encoding="utf-8")
    )
    frame: dict[str, Any] = dict(remedy.rules())
    return Rules(
        alone=tuple(map(re.compile, found["alone"])),
        numbered=tuple(map(re.compile, found["numbered"])),
        leaves_nothing=tuple(map(re.compile, found["leaves_nothing"])),
        default=tuple(map(re.compile, found["default"])),
        unseen_when_empty=tuple(map(re.compile, found["unseen_when_empty"])),
        daemons=tuple((re.compile(text), daemon) for text, daemon in found["daemons"]),
        frames=tuple(re.compile(sub["search"]) for sub in frame["per_line_sub"]),
    )


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
        if not bare.strip() or any(pattern.search(bare) for pattern in _rules().frames):
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
    for path in sorted(paths):
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
    positive = [path for path in wanted if not _leaves_nothing(path)]
    then = merged(bare, positive)[0] if positive else _printed(bare)
    return then, steps(running, then)


def steps(running: Paths, then: Paths) -> tuple[Path, ...]:
    """Return the lines that lead from one configuration to another, a path each.

    An interface that is only unseen is there: its lines are taken away, never itself.
    """
    there = {path for path in running | then if len(path) == 1 and _unseen(path)}
    found = remedy.remedy(indented(running | there), indented(then | there))
    paths = ordered("\n".join(found.lines))
    return tuple(path for number, path in enumerate(paths) if not _only_opens(path, paths[number + 1 : number + 2]))


def negations() -> tuple[tuple[str, str], ...]:
    """Return how lines begin of which the ``no`` is not the line itself, and what takes them away."""
    found: Any = remedy.rules()["negate_with"]
    return tuple((rule["match_rules"][-1]["startswith"], rule["use"]) for rule in found)


def unseen_when_empty() -> tuple[str, ...]:
    """Return how the sections read that are there even where they are not printed."""
    return tuple(pattern.pattern for pattern in _rules().unseen_when_empty)


def missing_daemons(paths: Iterable[Path], running: Iterable[str]) -> list[tuple[Path, str]]:
    """Return the lines that would do nothing, with the daemon that each needs."""
    daemons = frozenset(running)
    needed = ((path, _daemon(path)) for path in paths)
    return [(path, daemon) for path, daemon in needed if daemon and daemon not in daemons]


def _daemon(path: Path) -> str:
    return next(
        (daemon for line in path for pattern, daemon in _rules().daemons if pattern.fullmatch(line)),
        "",
    )


def is_unseen(path: Path) -> bool:
    """Tell whether this is a section that the router does not print where it holds no lines."""
    return len(path) == 1 and _unseen(path)


def is_frame(line: str) -> bool:
    """Tell whether a line only frames a text: it closes a section, or says nothing."""
    return any(pattern.search(line) for pattern in _rules().frames)


def numbered(line: str) -> tuple[str, int, str] | None:
    """Return the list, the number and the entry of a line whose order its number decides; else ``None``."""
    for pattern in _rules().numbered:
        if match := pattern.fullmatch(line):
            return match["list"], int(match["number"]), match["entry"]
    return None


def _only_opens(path: Path, behind: Sequence[Path]) -> bool:
    return bool(behind) and behind[0][: len(path)] == path and len(behind[0]) > len(path)


def _taken(running: Paths, path: Path) -> Paths:
    section, line = path[:-1], path[-1]
    if line.startswith("no "):
        return _negated(running, section, line.removeprefix("no "))
    gone = {(*section, f"no {line}")}
    for pattern in _rules().alone:
        if match := pattern.fullmatch(line):
            gone |= {other for other in _lines_of(running, section) if _rival(pattern, match, other[-1])}
    added = set() if any(pattern.fullmatch(line) for pattern in _rules().default) else {path}
    return (running - gone) | added | {path[:n] for n in range(1, len(path))}


def _rival(pattern: re.Pattern[str], match: re.Match[str], other: str) -> bool:
    found = pattern.fullmatch(other)
    return found is not None and found.groupdict() == match.groupdict()


def _negated(running: Paths, section: Path, line: str) -> Paths:
    size = len(section)
    gone = {
        path
        for path in running
        if path[:size] == section and len(path) > size and (path[size] == line or path[size].startswith(f"{line} "))
    }
    if gone:
        return running - gone
    path = (*section, f"no {line}")
    return running if _leaves_nothing(path) else running | {path[:n] for n in range(1, len(path) + 1)}


def _lines_of(running: Paths, section: Path) -> list[Path]:
    return [path for path in running if path[:-1] == section]


def _leaves_nothing(path: Path) -> bool:
    line = path[-1]
    return line.startswith("no ") and any(
        pattern.fullmatch(line.removeprefix("no ")) for pattern in _rules().leaves_nothing
    )


def _unseen(path: Path) -> bool:
    return any(pattern.fullmatch(path[0]) for pattern in _rules().unseen_when_empty)


def _printed(paths: Paths) -> Paths:
    """Return what the router prints of it: not an interface of which it has nothing to say."""
    full = {path[0] for path in paths if len(path) > 1}
    return frozenset(path for path in paths if len(path) > 1 or path[0] in full or not _unseen(path))
