"""Equal drift as one: a signature with its stores, the class, since when, the first store and what to do next."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from storefleet.model.drift import CAUSES, QUIET, Difference, StoreDrift
from storefleet.model.findings import SEVERITIES
from storefleet.model.instants import instant
from storefleet.reports.drift_words import Clock, count, fix_command, loud, rank, reason_words
from storefleet.reports.escape import visible

_FEW = 8
"""Hosts, or differences, that are named on a page for a fleet."""


@dataclass(frozen=True, slots=True)
class Group:
    """All differences of one signature and class; ``first`` is the one that was seen first, in ``first_store``."""

    first: Difference
    first_store: str
    stores: int
    hosts: int
    severity: int
    since: str | None
    one_off: bool

    @property
    def stands_out(self) -> bool:
        """Tell whether it has a row of its own on a page for a fleet: it is in several stores, or grave."""
        return not self.one_off or SEVERITIES[self.severity] in ("high", "critical")

    @property
    def where(self) -> str:
        """Return the store where it was seen first, or the one host that has it."""
        return self.first.host if self.one_off and self.hosts == 1 else self.first_store

    @property
    def next_step(self) -> str:
        """Return what to do about all of them."""
        return next_step(self.first, self.first_store)


def groups(stores: Sequence[StoreDrift]) -> list[Group]:
    """Return what drifted by signature and class, the gravest first, then the widest spread."""
    found: dict[tuple[str, str], list[tuple[str, Difference]]] = defaultdict(list)
    spread: dict[str, set[str]] = defaultdict(set)
    for store in stores:
        for one in loud(store):
            found[one.signature, one.cause].append((store.store, one))
            spread[one.signature].add(store.store)
    made = [_group(some, one_off=len(spread[signature]) == 1) for (signature, _), some in found.items()]
    return sorted(
        made, key=lambda one: (-one.severity, -one.stores, CAUSES.index(one.first.cause), one.first.signature)
    )


def _group(some: Sequence[tuple[str, Difference]], *, one_off: bool) -> Group:
    store, first = min(some, key=lambda entry: (_since(entry[1]) or "~", entry[0]))
    return Group(
        first,
        store,
        len({name for name, _ in some}),
        len({one.host for _, one in some}),
        max(rank(one) for _, one in some),
        _since(first),
        one_off,
    )


def _since(one: Difference) -> str | None:
    return one.first_seen.at if one.first_seen and instant(one.first_seen.at) else None


def one_off_words(some: Sequence[Group]) -> str:
    """Count differences of one store each by class, and say where the worst of them is."""
    many = Counter(one.first.cause for one in some)
    classes = ", ".join(f"{many[cause]:,} {cause}" for cause in CAUSES if many[cause])
    worst = max(some, key=lambda one: one.severity)
    if not worst.severity:
        return f"{len(some):,}: {classes}"
    where = sorted({one.first_store for one in some if one.severity == worst.severity})
    more = f" and {len(where) - 3:,} more stores" if len(where) > 3 else ""
    return f"{len(some):,}: {classes}; {SEVERITIES[worst.severity]} in {', '.join(map(visible, where[:3]))}{more}"


def quiet_words(stores: Sequence[StoreDrift]) -> list[str]:
    """Say what is no drift and was not approved yet: what is as it is intended, and what our own runs made."""
    told: list[str] = []
    every = [one for store in stores for one in store.differences]
    if adopted := [one for one in every if one.cause == "adopted"]:
        told.append(f"adopted  {len(adopted):,}  as it is intended: not drift, and not approved yet{_names(adopted)}")
    by_run: dict[str, list[Difference]] = defaultdict(list)
    for one in every:
        if one.cause == "ours":
            by_run[f"by {visible(one.ours)}: " if one.ours else ""].append(one)
    told += [f"ours  {len(some):,}  {by}not drift, and not approved yet{_names(some)}" for by, some in by_run.items()]
    return told


def _names(some: Sequence[Difference]) -> str:
    """Name a few, so that they can be accepted."""
    return f" ({' '.join(visible(one.id) for one in some)})" if len(some) <= _FEW else ""


def dark_words(stores: Sequence[StoreDrift], at: Clock) -> list[str]:
    """Say of which hosts nothing can be said, by why; a few are named."""
    why: dict[str, list[str]] = defaultdict(list)
    for store in stores:
        for gap in store.not_compared:
            why[reason_words(gap.reason.replace(gap.host, "HOST"), at)].append(gap.host)
    told: list[str] = []
    for reason, hosts in why.items():
        more = f" and {len(hosts) - _FEW:,} more" if len(hosts) > _FEW else ""
        named = ", ".join(map(visible, hosts[:_FEW]))
        told.append(f"not compared  {count(len(hosts), 'host')}: {reason}: {named}{more}")
    return told


def golden_words(stores: Sequence[StoreDrift]) -> list[str]:
    """Count routers by what their golden configuration says of them, and name some of which it says nothing."""
    found: dict[str, list[str]] = {"cannot_parse": [], "fail": [], "warn": []}
    why = ""
    for store in stores:
        for one in store.golden:
            found[one.state].append(one.host)
            why = why or (visible(one.reason, 300) if one.state == "cannot_parse" else "")
    told: list[str] = []
    for state, hosts in found.items():
        names = list(dict.fromkeys(hosts))
        if names:
            more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
            reason = f": {why}" if state == "cannot_parse" and why else ""
            shown = ", ".join(map(visible, names[:3]))
            told.append(f"golden  {state}  {count(len(names), 'router')}: {shown}{more}{reason}")
    return told


def next_step(one: Difference, store: str) -> str:
    """Return what to do about a difference: a command where one helps, else who decides what."""
    if one.cause in QUIET:
        return f"storefleet drift accept {visible(store)} {visible(one.id)} --reason …"
    step = {
        "replaced": f"was it meant? storefleet drift accept {visible(one.host)} --as-found --reason …",
        "unsaved": f"storefleet drift {visible(store)} has the lines; write memory where it is right",
        "reverted": f"an old image, a reboot, a restored file? storefleet drift {visible(store)}",
        "behind": _standard_step(one, store),
    }.get(one.cause)
    return step or (
        f"storefleet drift {visible(store)} --ask" if one.who is None else fix_command(one) or "ask who did it"
    )


def _standard_step(one: Difference, store: str) -> str:
    if one.fix:
        return fix_command(one)
    if one.repair:
        return f"storefleet drift {visible(store)} has the lines that repair it, or it is the standard that is wrong"
    by = visible(one.standard.by, 120) if one.standard else "what is intended"
    return f"bring {by} there, or it is the standard that is wrong"


def trend_words(points: Sequence[tuple[str, int]]) -> str:
    """Return how many stores drifted by then, run by run, the oldest first; nothing where none ever did."""
    shown = points[-14:]
    if len(shown) < 2 or not any(many for _, many in shown):
        return ""
    numbers = " ".join(f"{many:,}" for _, many in shown)
    return f"stores with drift over the last {len(shown)} runs, since {shown[0][0]}: {numbers}"
