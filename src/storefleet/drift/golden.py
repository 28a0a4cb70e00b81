"""A router beside its golden configuration: what is intended of each line that differs, and what is behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from storefleet.compliance import golden_text
from storefleet.compliance.compare import Comparison, FeatureResult, compare_paths
from storefleet.compliance.golden import Feature, Rendered
from storefleet.compliance.lines import Path
from storefleet.drift.compare import CONFIG, Delta
from storefleet.drift.config_lines import SEPARATOR, Rivals, replaces, shared
from storefleet.model.drift import FeatureState
from storefleet.model.findings import SEVERITIES

State: TypeAlias = Literal["missing", "extra", "out of order", "equal", "fails"]
_SEVERITY = {"path": "high", "service": "medium", "config": "low", None: "low"}
"""How grave it is that a feature is not as it should be, by what changing it can cost."""


@dataclass(frozen=True)
class Intent:
    """What is intended of something: ``paths`` are lines that a router must come to run, ``gone`` what must go."""

    source: str
    state: State
    value: str | None
    feature: str = ""
    severity: str = "info"
    paths: tuple[Path, ...] = ()
    gone: tuple[Path, ...] = ()


@dataclass(frozen=True)
class GoldenView:
    """One router under one golden configuration.

    ``of`` says by the keys of differences what is intended there; ``behind`` are lines that are as they were approved.
    """

    features: tuple[FeatureState, ...] = ()
    of: Mapping[str, Intent] = field(default_factory=dict)
    behind: tuple[tuple[Delta, Intent], ...] = ()


@dataclass(frozen=True)
class _Item:
    """One thing that the comparison found: the lines that run, and those that should."""

    feature: Feature
    state: State
    now: tuple[Path, ...]
    wanted: tuple[Path, ...]


def golden_view(host: str, rendered: Rendered, observed: str, some: Sequence[Delta]) -> GoldenView:
    """Hold a configuration against its golden text; ``some`` are its differences from what was approved."""
    name = rendered.golden.name
    try:
        running = golden_text.device_paths(observed)
    except golden_text.CannotParse as fault:
        unread = FeatureState(host=host, golden=name, state="cannot_parse", reason=f"what runs: {fault}")
        return GoldenView((unread,))
    found = compare_paths(rendered, running)
    items = [item for one in found.features for item in _items(one, running)]
    by_path = {_plain(path): delta for delta in some for path in (*delta.went, *delta.came)}
    mine: dict[str, list[_Item]] = {}
    behind: list[tuple[Delta, Intent]] = []
    for item in items:
        if item.state == "extra" and item.feature.extra != "fail":
            continue  # it is told and left there: nobody intends that it goes
        delta = next((by_path[one] for one in _with_sections(item) if one in by_path), None)
        if delta is not None:
            mine.setdefault(delta.key, []).append(item)
        else:
            behind.append((_behind(item), _intent(name, [item])))
    wanted = frozenset(rendered.paths)
    of = {one.key: _intent(name, mine[one.key], one, wanted) for one in some if one.key in mine}
    equal = {delta.key: _equal(rendered, delta, wanted) for delta in some if delta.key not in of}
    return GoldenView(
        tuple(_states(host, name, found)),
        {**of, **{key: intent for key, intent in equal.items() if intent is not None}},
        tuple(behind),
    )


def _plain(path: Path) -> Path:
    """Return a line as a golden text is read: between words stands one blank."""
    return tuple(" ".join(line.split()) for line in path)


def _with_sections(item: _Item) -> Iterator[Path]:
    """Yield the lines of an item, then the sections they stand in, which may have come or gone as a whole."""
    yield from (*item.now, *item.wanted)
    yield from (path[:size] for path in (*item.now, *item.wanted) for size in range(len(path) - 1, 0, -1))


def _states(host: str, golden: str, found: Comparison) -> Iterator[FeatureState]:
    for one in found.features:
        if one.state in ("warn", "fail"):
            yield FeatureState(
                host=host,
                golden=golden,
                feature=one.feature.name,
                state="fail" if one.state == "fail" else "warn",
                missing=len(one.missing),
                extra=len(one.extra),
                out_of_order=len(one.moved),
            )


def _items(one: FeatureResult, running: Sequence[Path]) -> Iterator[_Item]:
    """Yield each thing once: a line in the place of another with it, a section with all of its lines."""
    replaced: set[Path] = set()
    by_place = Rivals({path: path for path in running})
    for section in _by_section(one.missing):
        rivals = tuple(by_place.of(section[0])) if len(section) == 1 else ()
        replaced.update(rivals)
        yield _Item(one.feature, "missing", rivals, section)
    minded = one.extra if one.feature.extra != "ignore" else ()
    for section in _by_section([path for path in minded if path not in replaced]):
        yield _Item(one.feature, "extra", section, ())
    for was, will in one.moved:
        yield _Item(one.feature, "out of order", (was,), (will,))


def _by_section(paths: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    there = set(paths)
    found: dict[Path, list[Path]] = {}
    for path in paths:
        head = next((path[:size] for size in range(1, len(path)) if path[:size] in there), path)
        found.setdefault(head, []).append(path)
    yield from map(tuple, found.values())


def _intent(
    golden: str, items: Sequence[_Item], delta: Delta | None = None, wanted: frozenset[Path] = frozenset()
) -> Intent:
    """Return what is intended of one difference: of a section that came also the lines that are as they should be."""
    worst = max(items, key=lambda item: (SEVERITIES.index(_severity(item)), item.state != "extra"))
    gone = tuple(dict.fromkeys(path for item in items for path in item.now))
    come = tuple(dict.fromkeys(path for item in items for path in item.wanted))
    kept = [path for path in map(_plain, delta.came if delta else ()) if path in wanted and path not in {*gone, *come}]
    value = "; ".join(path[-1] for path in (*kept, *come)) or None
    return Intent(f"golden {golden}", worst.state, value, worst.feature.name, _severity(worst), come, gone)


def _severity(item: _Item) -> str:
    return _SEVERITY[item.feature.risk]


def _behind(item: _Item) -> Delta:
    text = "; ".join(path[-1] for path in item.now) or None
    first = (item.wanted or item.now)[0]
    key = shared(item.now[0], first) if item.now and item.wanted and len(item.wanted) == 1 else _key(first)
    return Delta(CONFIG, key, text, text, tuple(_key(path) for path in item.now))


def _equal(rendered: Rendered, delta: Delta, wanted: frozenset[Path]) -> Intent | None:
    """Return the intent where what runs is as it is intended, and what was approved was not."""
    if delta.part != CONFIG:
        return None
    went, came = ([_plain(path) for path in side] for side in (delta.went, delta.came))
    first = (*went, *came)[0]
    owner = rendered.golden.owner(first)
    if owner is None or not rendered.golden.is_judged(first, owner):
        return None
    intent = Intent(f"golden {rendered.golden.name}", "equal", delta.observed, owner.name)
    if came:
        return intent if wanted.issuperset(came) else None
    unwanted = owner.extra == "fail" or any(replaces(one, first) for one in wanted)
    return intent if unwanted and wanted.isdisjoint(went) else None


def _key(path: Path) -> str:
    return SEPARATOR.join(path)
