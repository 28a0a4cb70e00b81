"""Which lines of a router undo a difference, and which lead back; proposals for a person, decided on text alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storefleet.compliance import lines
from storefleet.compliance.lines import Path

_HIDDEN = "<redacted"
_HOLDS = re.compile(r"ip(v6)? (address|route) ")


@dataclass(frozen=True)
class Repair:
    """The lines as a person types them behind ``configure terminal``, sections and all; empty where none is known."""

    todo: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()


NO_REPAIR = Repair()


def repair(running: Sequence[Path], gone: Iterable[Path], come: Sequence[Path]) -> Repair:
    """Return the lines after which ``gone`` do not run and ``come`` do.

    A line of which a secret is hidden cannot be written by us, and what our rules cannot follow to its end is not known
    to lead there: then nothing is proposed.
    """
    now = frozenset(running)
    going = frozenset(gone) - frozenset(come)
    left = frozenset(path for path in now if not any(path[: len(one)] == one for one in going))
    then = lines.merged(left, come)[0] if come else left
    try:
        todo, undo = (_typed(_held(lines.steps(*sides))) for sides in ((now, then), (then, now)))
    except ValueError:  # hier_config's word for a text that it has no rules for, such as a banner
        return NO_REPAIR
    if any(_HIDDEN in line for line in (*todo, *undo)) or not (_leads(now, todo, then) and _leads(then, undo, now)):
        return NO_REPAIR
    return Repair(todo, undo)


def _leads(start: frozenset[Path], typed: Sequence[str], end: frozenset[Path]) -> bool:
    """Tell whether lines lead from one configuration to the other; a line that takes back its ``no`` may be printed."""
    after = lines.merged(start, lines.ordered("\n".join(typed)))[0]
    back = {(*path[:-1], path[-1].removeprefix("no ")) for path in start if path[-1].startswith("no ")} - end
    opened = {path[:size] for path in back & after for size in range(1, len(path))}
    some, wanted = ({path for path in each if not lines.is_unseen(path)} for each in (after, end))
    return wanted <= some and some - wanted <= back | opened


def _held(steps: Sequence[Path]) -> tuple[Path, ...]:
    """Put what holds the line before what lets go of it: an address or a route that comes, then the one that goes."""
    come = [path for path in steps if _HOLDS.match(path[-1])]
    return (*come, *(path for path in steps if path not in come))


def may_cut(paths: Iterable[str]) -> bool:
    """Tell whether typing these lines over the network may cut the line that they are typed over."""
    return any(_HOLDS.match(line.strip().removeprefix("no ")) or line.strip() == "shutdown" for line in paths)


def _typed(paths: Iterable[Path]) -> tuple[str, ...]:
    """Return lines with the sections that they stand in, each section opened once in a row."""
    typed: list[str] = []
    open_: Path = ()
    for path in paths:
        shared = next((at for at, (one, two) in enumerate(zip(open_, path[:-1], strict=False)) if one != two), None)
        kept = min(len(open_), len(path) - 1) if shared is None else shared
        if kept < len(open_) and len(path) > 1 and kept:
            typed.append(f"{' ' * kept}exit")
        typed += [" " * depth + path[depth] for depth in range(kept, len(path))]
        open_ = path[:-1]
    return tuple(typed)
