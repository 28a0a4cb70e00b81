"""One host of a comparison: what was approved of it, what was seen of it last, and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from storefleet.drift.compare import Delta, deltas, facts
from storefleet.drift.consequence import Told, told_together
from storefleet.model.store import Host
from storefleet.storage.snapshots import Night
from storefleet.workflows.snapshots import as_kept_now


@dataclass
class Picture:
    """The files of a host on both sides by git's names of their contents, which are read where they are asked for.

    ``sources`` says which facts are read out of which file of the host, ``devices`` how its store calls its devices.
    """

    host: Host
    night: Night
    approved: Mapping[str, str]
    observed: Mapping[str, str]
    sources: Mapping[str, str]
    devices: tuple[str, ...] = ()
    left: str | None = None
    """What of it cannot be compared, in words; ``None`` before anybody asked."""
    _keys: dict[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def differing(self) -> list[Delta]:
        """Return what differs; files of which git's names are the same are not read."""
        parts = [
            part for part in {*self.approved, *self.observed} if self.approved.get(part) != self.observed.get(part)
        ]
        router = self.host.role == "router"
        approved = {part: self.text(self.approved, part) for part in parts if part in self.approved}
        return deltas(
            {part: as_kept_now(part, text, of_router=router) for part, text in approved.items()},
            {part: self.text(self.observed, part) for part in parts if part in self.observed},
        )

    @cached_property
    def told(self) -> list[Told]:
        """Return what differs with what follows from it."""
        return told_together(self.differing, self.sources)

    def text(self, side: Mapping[str, str], part: str) -> str:
        """Return a file of a side; empty where it is not there."""
        return self.night.content(side[part]) if part in side else ""

    def keys(self, part: str) -> Mapping[str, str] | None:
        """Return what was seen last of a part, by its keys; ``None`` where nothing of it was."""
        if part not in self.observed:
            return None
        if part not in self._keys:
            self._keys[part] = facts(part, self.text(self.observed, part))
        return self._keys[part]
