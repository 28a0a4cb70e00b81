"""Values that must be unique in the fleet, gathered from every document before any is judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from storefleet.audit.pointer import parse
from storefleet.audit.resolve import resolve
from storefleet.audit.shape import Node, state_schema
from storefleet.audit.text import scalar_text
from storefleet.model.state import StateDocument


@dataclass(frozen=True, slots=True)
class Others:
    """Who else has a value at one path."""

    owners: Mapping[str, frozenset[str]]
    host: str

    def get(self, text: str) -> tuple[str, ...]:
        """Return the other hosts with this value, sorted."""
        return tuple(sorted(self.owners.get(text, frozenset()) - {self.host}))


@dataclass(frozen=True, slots=True)
class SharedValues:
    """What stands on several hosts, by path and value: all that a host's judgement needs to know of the others."""

    owners: Mapping[str, Mapping[str, frozenset[str]]]

    def others(self, path: str, host: str) -> Others:
        """Return the view of one host; a path that was not asked for is a mistake of the caller."""
        if path not in self.owners:
            message = f"the fleet index was not built for {path}; build it from index_paths(audits)"
            raise KeyError(message)
        return Others(self.owners[path], host)


NOTHING_SHARED = SharedValues({})


class FleetIndex:
    """Which hosts have which value, for the paths that need it (:func:`storefleet.audit.evaluate.index_paths`).

    Memory grows with hosts times paths, not with documents, so a night over 25,000 hosts stays in a few megabytes.
    """

    def __init__(self, paths: Iterable[str] = (), shape: Node | None = None) -> None:
        self._paths = {path: parse(path) for path in paths}
        self._shape = state_schema() if shape is None else shape
        self._owners: dict[str, dict[str, set[str]]] = {path: defaultdict(set) for path in self._paths}

    @property
    def asks_for_any(self) -> bool:
        """Tell whether any value must be unique."""
        return bool(self._paths)

    @property
    def parts(self) -> frozenset[str]:
        """The top-level parts of a document that hold such values."""
        return frozenset(path.removeprefix("/").partition("/")[0].partition("[")[0] for path in self._paths)

    def add(self, document: StateDocument) -> None:
        """Take one host's values in; adding a newer document of the same host keeps the older values too."""
        for path, pointer in self._paths.items():
            for target in resolve(pointer, dict(document.facts), self._shape, as_list=False):
                if target.present:
                    self._owners[path][scalar_text(target.value)].add(document.host)

    def shared(self) -> SharedValues:
        """Return the values that more than one host has: few in an honest fleet, so they travel well."""
        return SharedValues(
            {
                path: {text: frozenset(hosts) for text, hosts in owners.items() if len(hosts) > 1}
                for path, owners in self._owners.items()
            }
        )
