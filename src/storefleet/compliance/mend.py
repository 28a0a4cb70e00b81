"""Which lines have a router hold its golden configuration, and which take them back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from storefleet.compliance import lines
from storefleet.compliance.compare import Comparison, compare_paths, sequences
from storefleet.compliance.golden import Rendered
from storefleet.compliance.lines import Path, Paths


@dataclass(frozen=True)
class Mending:
    """What was found, the lines that mend it one after the other, those that lead back, and what will run.

    ``stuck`` are lines of which nobody knows how to bring them into their order; ``left`` is what the comparison will
    still find: where a feature fails in it, the lines do not help.
    """

    found: Comparison
    todo: tuple[Path, ...]
    undo: tuple[Path, ...]
    then: Paths
    stuck: tuple[Path, ...]
    left: Comparison


def mend(rendered: Rendered, running: Sequence[Path], names: Collection[str] = ()) -> Mending:
    """Decide on the lines: first what stands in the way goes, then what is missing comes, in the golden order.

    What the golden text has not goes only where its feature says ``fail``. A list whose order its numbers keep is put
    in order, since such entries can go and come; where the router puts other lines, nobody knows.
    """
    found = compare_paths(rendered, running, names)
    now = frozenset(running)
    meant = {one.feature.name for one in found.features}
    wanted = [path for path in rendered.paths if _is_meant(rendered, path, meant)]
    going = _going(found, now, wanted)
    away = lines.steps(now, _without(now, going)) if going else ()
    then, coming = lines.merged(lines.merged(now, away)[0], wanted)
    later = [*(path for path in running if path in then), *sorted(then - now)]
    return Mending(
        found,
        todo=(*away, *coming) if then != now else (),
        undo=lines.steps(then, now) if then != now else (),
        then=then,
        stuck=tuple(_stuck(found, wanted)),
        left=compare_paths(rendered, later, names),
    )


def _is_meant(rendered: Rendered, path: Path, names: Collection[str]) -> bool:
    owner = rendered.golden.owner(path)
    return owner is not None and owner.name in names and rendered.golden.is_judged(path, owner)


def _going(found: Comparison, now: Paths, wanted: Sequence[Path]) -> frozenset[Path]:
    """Return the lines that must go: unwanted ones, and numbered ones that stand where a wanted entry must come.

    The router drops an entry without a word while the same one stands under another number.
    """
    after = lines.merged(now, wanted)[0]
    going = {path for one in found.features if one.feature.extra == "fail" for path in one.extra if path in after}
    going |= {was for one in found.features for was, will in one.moved if was != will}
    kept = frozenset(wanted)
    coming = {_entry(path) for path in kept - now} - {None}
    return frozenset(going | {path for path in now - kept if _entry(path) in coming})


def _entry(path: Path) -> tuple[Path, str, str] | None:
    found = lines.numbered(path[-1])
    return None if found is None else (path[:-1], found[0], found[2])


def _without(now: Paths, going: frozenset[Path]) -> Paths:
    """Return what is left: with a section all of it goes, but an interface keeps what is nobody's business."""
    sections = {path for path in going if not lines.is_unseen(path)}
    left = {path for path in now - going if not any(path[:size] in sections for size in range(1, len(path)))}
    return frozenset(left | {path[:1] for path in left})


def _stuck(found: Comparison, wanted: Sequence[Path]) -> Iterable[Path]:
    """Return the lines whose place in an order only the router decides."""
    for one in found.features:
        yield from (will for was, will in one.moved if was == will)
        if one.feature.ordered:
            lists = sequences(one.feature, wanted)
            unnumbered = {path for some in lists.values() if len(some) > 1 for _, number, path in some if not number}
            yield from (path for path in one.missing if path in unnumbered)
