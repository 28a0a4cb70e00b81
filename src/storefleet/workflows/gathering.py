"""Running checks that may each complain, and raising all of it together: one pass over the files shows everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from storefleet.documents.nodes import Source
from storefleet.errors import Complaint, InputError

T = TypeVar("T")


@dataclass
class Gathering:
    """Runs checks that may each complain, and raises all of it together."""

    complaints: list[Complaint] = field(default_factory=list)

    def attempt(self, work: Callable[[], T]) -> T | None:
        """Return the value, or ``None`` when the work complained."""
        try:
            return work()
        except InputError as fault:
            self.complaints.extend(fault.complaints)
            return None

    def complain(self, source: Source, message: str) -> None:
        """Note one complaint."""
        self.complaints.append(Complaint(source.path, source.line, message))

    def finish(self) -> None:
        """Raise :class:`InputError` when anything was wrong."""
        if self.complaints:
            raise InputError(self.complaints)
