"""Holding what runs on a router against its golden configuration, feature by feature; decided on text alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from storefleet.compliance import golden_text, lines
from storefleet.compliance.golden import Feature, Golden, Rendered, begins
from storefleet.compliance.lines import Path

State: TypeAlias = Literal["pass", "na", "warn", "fail", "cannot_parse"]
WORST: tuple[State, ...] = ("na", "pass", "warn", "fail", "cannot_parse")
Moved: TypeAlias = tuple[Path, Path]
"""A line as it runs, and as it must stand: another place in an order, or another number of it."""


@dataclass(frozen=True)
class FeatureResult:
    """One feature of one router.

    ``missing``: golden lines that would change what runs. ``extra``: lines that run and that the golden text has not.
    ``moved``: lines that both have and that do not come in the golden order. ``empty``: neither side has a line of it,
    so there was nothing to compare.
    """

    feature: Feature
    missing: tuple[Path, ...] = ()
    extra: tuple[Path, ...] = ()
    moved: tuple[Moved, ...] = ()
    empty: bool = False

    @property
    def out_of_order(self) -> tuple[Path, ...]:
        """Return the golden lines that do not stand where they must."""
        return tuple(wanted for _, wanted in self.moved)

    @property
    def state(self) -> State:
        """Return how the feature is judged; extra lines count as the feature says."""
        if self.missing or self.moved or (self.extra and self.feature.extra == "fail"):
            return "fail"
        if self.extra and self.feature.extra == "warn":
            return "warn"
        return "na" if self.empty else "pass"


@dataclass(frozen=True)
class Comparison:
    """What one router has of its golden configuration; ``rest`` are lines that no feature owns.

    Where ``cannot_parse`` says why, nothing was compared.
    """

    features: tuple[FeatureResult, ...] = ()
    rest: tuple[Path, ...] = ()
    cannot_parse: str = ""

    @property
    def state(self) -> State:
        """Return the worst of the features; without one that was compared it is never a pass."""
        if self.cannot_parse:
            return "cannot_parse"
        return max((one.state for one in self.features), key=WORST.index, default="na")


def compare(golden: Golden, wanted: str, running: str) -> Comparison:
    """Compare two texts: the rendered golden one, and what the router printed."""
    faults = [f"line {number} {message}" for number, message in golden_text.faults(wanted)]
    paths = lines.ordered(wanted)
    if faults or not paths:
        return Comparison(cannot_parse=f"the golden text: {faults[0] if faults else 'it has no lines'}")
    try:
        found = golden_text.device_paths(running)
    except golden_text.CannotParse as fault:
        return Comparison(cannot_parse=f"what runs: {fault}")
    return compare_paths(Rendered(golden, paths), found)


def compare_paths(rendered: Rendered, running: Iterable[Path], names: Iterable[str] = ()) -> Comparison:
    """Compare lines behind their sections; ``running`` is in the router's order where an order is to be judged.

    ``names`` are the features that are meant, all where there are none.
    """
    golden, only = rendered.golden, frozenset(names)
    printed = tuple(running)
    wanted, there = _by_owner(golden, rendered.paths), _by_owner(golden, printed)
    everything = frozenset(printed)
    found = [
        _result(feature, wanted.get(feature.name, []), there.get(feature.name, []), everything)
        for feature in golden.features
        if not only or feature.name in only
    ]
    return Comparison(tuple(found), tuple(there.get("", ())))


def needs_order(rendered: Rendered, names: Iterable[str] = ()) -> bool:
    """Tell whether the order matters in which the router prints lines that have no numbers."""
    only = frozenset(names)
    wanted = _by_owner(rendered.golden, rendered.paths)
    return any(
        len(entries) > 1 and not entries[0][1]
        for feature in rendered.golden.features
        if feature.ordered and (not only or feature.name in only)
        for entries in sequences(feature, wanted.get(feature.name, ())).values()
    )


def _by_owner(golden: Golden, paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Return the lines that count, by the name of their feature; those that nobody owns stand under no name."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        owner = golden.owner(path)
        if golden.is_judged(path, owner):
            found.setdefault(owner.name if owner is not None else "", []).append(path)
    return found


def _result(
    feature: Feature, wanted: Sequence[Path], there: Sequence[Path], everything: frozenset[Path]
) -> FeatureResult:
    moved = _moved(feature, wanted, there) if feature.ordered else ()
    elsewhere = {path for pair in moved for path in pair}
    settled = lines.merged(frozenset(), wanted)[0] | {path[:size] for path in wanted for size in range(1, len(path))}
    missing = [path for path in dict.fromkeys(wanted) if path not in everything and lines.merged(everything, [path])[1]]
    return FeatureResult(
        feature,
        missing=tuple(path for path in missing if path not in elsewhere),
        extra=tuple(path for path in _extra(there, settled | set(wanted)) if path not in elsewhere),
        moved=moved,
        empty=not wanted and not there,
    )


def _extra(there: Sequence[Path], settled: frozenset[Path]) -> list[Path]:
    """Return the lines that nobody wanted; a section that is only printed for what is nobody's business is none."""
    full = {path[0] for path in there if len(path) > 1}
    return [
        path
        for path in dict.fromkeys(there)
        if path not in settled and not (lines.is_unseen(path) and path[0] not in full)
    ]


def _moved(feature: Feature, wanted: Sequence[Path], there: Sequence[Path]) -> tuple[Moved, ...]:
    """Return what both sides have in another order: only what both have is looked at."""
    found: list[Moved] = []
    ours, theirs = sequences(feature, wanted), sequences(feature, there)
    for key in ours.keys() & theirs.keys():
        own, others = ({entry: path for entry, _, path in one[key]} for one in (ours, theirs))
        common, order = ([entry for entry in one if entry in other] for one, other in ((own, others), (others, own)))
        found += [(others[entry], own[entry]) for entry, other in zip(common, order, strict=True) if entry != other]
    return tuple(sorted(found, key=lambda pair: pair[1]))


def sequences(feature: Feature, paths: Iterable[Path]) -> dict[tuple[Path, str], list[tuple[str, int, Path]]]:
    """Return what stands in an order, list by list: the entry, its number (0 where it has none), the whole line.

    Numbers decide where there are any; else the order of the text does, within a section, or at the top level among
    lines of one beginning, since the router has its own order of kinds of lines.
    """
    found: dict[tuple[Path, str], list[tuple[str, int, Path]]] = {}
    for path in paths:
        section, line = path[:-1], path[-1]
        numbered = lines.numbered(line)
        if numbered is not None:
            name, number, entry = numbered
            found.setdefault((section, name), []).append((entry, number, path))
        else:
            own = "" if section else next((words for words in feature.lines if begins(line, words)), "")
            found.setdefault((section, own), []).append((line, 0, path))
    return {key: sorted(entries, key=lambda entry: entry[1]) for key, entries in found.items()}
