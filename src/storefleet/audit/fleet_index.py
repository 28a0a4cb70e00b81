"""Values that must be unique in the fleet, gathered from every document before any is judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from storefleet.audit.pointer import parse
from storefleet.audit.resolve import resolve
from storefleet.audit.shape import Node, state_schema
from storefleet.audit.text import scalar_text
from storefleet.model.state import StateDocument


@dataclass(frozen=True, slots=True)
class Others:
    """Who else has a value at one path."""

    owners: dict[str, set[str]]
    host: str

    def get(self, text: str) -> tuple[str, ...]:
        """Return the other hosts with this value, sorted."""
        return tuple(sorted(self.owners.get(text, set()) - {self.host}))


class FleetIndex:
    """Which hosts have which value, for the paths that need it (:func:`storefleet.audit.evaluate.index_paths`).

    Memory grows with hosts times paths, not with documents, so a night over 25,000 hosts stays in a few megabytes.
    """

    def __init__(self, paths: Iterable[str] = (), shape: Node | None = None) -> None:
        self._paths = {path: parse(path) for path in paths}
        self._shape = state_schema() if shape is None else shape
        self._owners: dict[str, dict[str, set[str]]] = {path: defaultdict(set) for path in self._paths}

    def add(self, document: StateDocument) -> None:
        """Take one host's values in; adding a newer document of the same host keeps the older values too."""
        for path, pointer in self._paths.items():
            for target in resolve(pointer, dict(document.facts), self._shape, as_list=False):
                if target.present:
                    self._owners[path][scalar_text(target.value)].add(document.host)

    def others(self, path: str, host: str) -> Others:
        """Return the view of one host; a path that was not asked for is a mistake of the caller."""
        if path not in self._owners:
            message = f"the fleet index was not built for {path}; build it from index_paths(audits)"
            raise KeyError(message)
        return Others(self._owners[path], host)
