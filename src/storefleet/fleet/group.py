"""Changes that the device made in one go, handed to the playbook one by one as it comes to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from storefleet.errors import Moved
from storefleet.fleet.seen import Seen
from storefleet.model.changes import Change, FileState, ReadFile
from storefleet.model.effects import Output


@dataclass
class Group:
    """Changes whose ends are known and have not been asked for yet, and the files as they were before the first.

    A playbook that asks anything else than it did a moment before, when nothing was made, is stopped: its world is
    ahead of it.
    """

    before: Seen = field(default_factory=Seen)
    _waiting: list[tuple[Change, Output]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def fill(self, changes: Sequence[Change], ends: Sequence[Output]) -> None:
        """Take the changes that were begun, with how each ended."""
        self._waiting = list(zip(changes, ends, strict=False))

    def take(self, change: Change) -> Output:
        """Return how the next of them ended; raises :class:`Moved` where the playbook comes with another."""
        was, output = self._waiting.pop(0)
        if was.bound() != change.bound():
            raise Moved(f"{change.target}: another change than in the look before was asked for; it was not made")
        return output

    def file(self, look: ReadFile) -> tuple[FileState | None] | None:
        """Return, in a tuple, a path as it was before those that wait; ``None`` where they do not touch it."""
        if not any(f"{look.path}/".startswith(f"{change.target}/") for change, _ in self._waiting):
            return None
        known = self.before.take(look)
        if known is None:
            raise Moved(f"{look.path} was not looked at before it was changed, and the playbook asks for it now")
        return known  # type: ignore[return-value]  # what is kept of a ReadFile is its answer
