"""A router beside its golden configuration: what is intended of each line that differs, and what is behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from storefleet.compliance import golden_text
from storefleet.compliance.compare import Comparison, FeatureResult, compare_paths
from storefleet.compliance.golden import Feature, Rendered
from storefleet.compliance.lines import Path
from storefleet.drift.compare import CONFIG, Delta
from storefleet.drift.config_lines import SEPARATOR, paths_of, replaces, shared
from storefleet.model.drift import FeatureState

State: TypeAlias = Literal["missing", "extra", "out of order", "equal", "fails"]
_SEVERITY = {"path": "high", "service": "medium", "config": "low", None: "low"}
"""How grave it is that a feature is not as it should be, by what changing it can cost."""


@dataclass(frozen=True)
class Intent:
    """What is intended of something: ``paths`` are the lines of a router, none where they must not be there."""

    source: str
    state: State
    value: str | None
    feature: str = ""
    severity: str = "info"
    paths: tuple[Path, ...] = ()


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
    """One thing that the comparison found: what runs, what should, ``None`` where nothing."""

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
    by_key = {key: delta for delta in some for key in delta.keys}
    of: dict[str, Intent] = {}
    behind: list[tuple[Delta, Intent]] = []
    for item in items:
        delta = next((by_key[_key(path)] for path in (*item.now, *item.wanted) if _key(path) in by_key), None)
        intent = _intent(name, item)
        if item.state == "extra" and item.feature.extra != "fail":
            continue  # it is told and left there: nobody intends that it goes
        if delta is not None:
            of.setdefault(delta.key, intent)
        else:
            behind.append((_behind(item), intent))
    wanted = frozenset(rendered.paths)
    equal = {delta.key: _equal(rendered, delta, wanted) for delta in some if delta.key not in of}
    return GoldenView(
        tuple(_states(host, name, found)),
        {**of, **{key: intent for key, intent in equal.items() if intent is not None}},
        tuple(behind),
    )


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
    for section in _by_section(one.missing):
        rivals = tuple(path for path in running if len(section) == 1 and replaces(section[0], path))
        replaced.update(rivals)
        yield _Item(one.feature, "missing", rivals, section)
    minded = one.extra if one.feature.extra != "ignore" else ()
    for section in _by_section([path for path in minded if path not in replaced]):
        yield _Item(one.feature, "extra", section, ())
    for was, will in one.moved:
        yield _Item(one.feature, "out of order", (was,), (will,))


def _by_section(paths: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    there = set(paths)
    for path in paths:
        if not any(path[:size] in there for size in range(1, len(path))):
            yield tuple(other for other in paths if other[: len(path)] == path)


def _intent(golden: str, item: _Item) -> Intent:
    value = "; ".join(path[-1] for path in item.wanted) or None
    return Intent(f"golden {golden}", item.state, value, item.feature.name, _SEVERITY[item.feature.risk], item.wanted)


def _behind(item: _Item) -> Delta:
    text = "; ".join(path[-1] for path in item.now) or None
    first = (item.wanted or item.now)[0]
    key = shared(item.now[0], first) if item.now and item.wanted and len(item.wanted) == 1 else _key(first)
    return Delta(CONFIG, key, text, text, tuple(_key(path) for path in item.now))


def _equal(rendered: Rendered, delta: Delta, wanted: frozenset[Path]) -> Intent | None:
    """Return the intent where what runs is as it is intended, and what was approved was not."""
    if delta.part != CONFIG:
        return None
    paths = [tuple(key.partition(" #")[0].split(SEPARATOR)) for key in delta.keys]
    owner = rendered.golden.owner(paths[0])
    if owner is None or not rendered.golden.is_judged(paths[0], owner):
        return None
    there = [path for path in paths if path in wanted]
    intent = Intent(f"golden {rendered.golden.name}", "equal", delta.observed, owner.name)
    if delta.observed is not None:
        return intent if _all_of(delta.observed, there) else None
    unwanted = owner.extra == "fail" or any(replaces(one, paths[0]) for one in wanted)
    return intent if unwanted and not there else None


def _all_of(text: str, wanted: Iterable[Path]) -> bool:
    return sorted(text.split("; ")) == sorted(path[-1] for path in wanted)


def _key(path: Path) -> str:
    return SEPARATOR.join(path)


def observed_paths(delta: Delta, text: str) -> tuple[Path, ...]:
    """Return the lines of a difference that stand in a text."""
    there = paths_of(text)
    return tuple(there[key] for key in delta.keys if key in there)
