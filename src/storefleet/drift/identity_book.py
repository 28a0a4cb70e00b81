"""The ids of a whole fleet by what they are: who is known by one, who shows it, and who shows the same at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from storefleet.drift.identity_values import KINDS, NOTHING, Identity, Kind, known_id, same

Spans: TypeAlias = Callable[[str, Kind], tuple[int, int]]
"""Since when a host has shown its id, and when it was read last: two hosts show the same only if these overlap."""

MOST_OTHERS = 8
"""Hosts that a note names; one image on a whole fleet would else name each host in the note of each other."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One host of the ledger.

    ``observed`` is empty where the host is dark or out of service: what it showed earlier may stand elsewhere by now.
    ``serial`` and ``mac`` are the asset register's, ``keys`` the fingerprints that are pinned.
    """

    host: str
    approved: Identity = NOTHING
    observed: Identity = NOTHING
    serial: str | None = None
    mac: str | None = None
    keys: tuple[str, ...] = ()

    def expected(self, kind: Kind) -> str | None:
        """Return what the host is known by: what was approved of it, or else what the register says."""
        return self.approved.id(kind) or (known_id(self.serial) if kind == "serial" else None)


@dataclass(frozen=True, slots=True)
class Group:
    """Hosts that show the same at once. Each of them looks at all others, of which there may be a whole fleet."""

    hosts: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()

    def beside(self, host: str) -> list[str]:
        """Return a few of the others."""
        return [other for other in self.hosts[: MOST_OTHERS + 1] if other != host][:MOST_OTHERS]


ALONE = Group()


@dataclass
class Book:
    """The ids of a fleet by what they are: who is known by one, and who shows it."""

    entries: Sequence[Entry]
    spans: Spans
    approved: str
    by_host: dict[str, Entry] = field(default_factory=dict)
    owners: dict[tuple[Kind, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    showing: dict[tuple[Kind, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    groups: dict[tuple[Kind, str], Group] = field(default_factory=dict)
    pinned: dict[str, Group] = field(default_factory=dict)
    registered: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the entries in the order of their names, so that the order in which they come changes nothing."""
        pinned: dict[str, list[str]] = defaultdict(list)
        for entry in sorted(self.entries, key=lambda one: one.host):
            self.by_host[entry.host] = entry
            for kind in KINDS:
                if (known := entry.expected(kind)) is not None:
                    self.owners[kind, known.casefold()].append(entry.host)
                if (shown := entry.observed.id(kind)) is not None:
                    self.showing[kind, shown.casefold()].append(entry.host)
            if entry.observed != NOTHING:
                for key in dict.fromkeys(entry.keys):
                    pinned[key].append(entry.host)
            if (serial := known_id(entry.serial)) is not None:
                self.registered.setdefault(serial.casefold(), entry.host)
        self.pinned = {key: Group(tuple(some), frozenset(some)) for key, some in pinned.items() if len(some) > 1}
        self.groups = {about: self._at_once(about[0], some) for about, some in self.showing.items() if len(some) > 1}

    def _at_once(self, kind: Kind, hosts: list[str]) -> Group:
        """Return those of the hosts that were seen with an id at one time: the newest at which two of them were."""
        spans = {host: self.spans(host, kind) for host in hosts}
        for instant in sorted({until for _, until in spans.values()}, reverse=True):
            there = [host for host in hosts if spans[host][0] <= instant <= spans[host][1]]
            if len(there) > 1:
                return Group(tuple(there), frozenset(there))
        return ALONE

    def shared(self, entry: Entry, kind: Kind) -> Group:
        """Return the hosts that show what this one shows at once with it; nobody where it does so alone."""
        shown = entry.observed.id(kind)
        group = self.groups.get((kind, shown.casefold()), ALONE) if shown is not None else ALONE
        return group if entry.host in group.names else ALONE

    def known_as(self, entry: Entry, kind: Kind) -> list[str]:
        """Return the other hosts that are known by what this one shows, where it is not known by it itself."""
        shown = entry.observed.id(kind)
        some = self.owners.get((kind, shown.casefold()), []) if shown is not None else []
        own = entry.expected(kind)
        return [] if shown is None or (own is not None and same(own, shown)) else some
