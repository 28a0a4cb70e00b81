"""An instant after which nobody waits any more."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Deadline:
    """A point on the monotonic clock; ``seconds`` is what was granted, for the words of a message."""

    at: float
    seconds: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Start a deadline that ends ``seconds`` from now."""
        return cls(time.monotonic() + seconds, seconds)

    @classmethod
    def at_instant(cls, at: float) -> Deadline:
        """Take an instant of the monotonic clock that somebody else has set."""
        return cls(at, max(0.0, at - time.monotonic()))

    def left(self) -> float:
        """Seconds that remain, never negative."""
        return max(0.0, self.at - time.monotonic())

    def expired(self) -> bool:
        """Tell whether the time is up."""
        return time.monotonic() >= self.at

    def within(self, seconds: float) -> Deadline:
        """Return the deadline of one phase: ``seconds`` from now, or this one if it comes first."""
        phase = Deadline.after(seconds)
        return phase if phase.at < self.at else Deadline(self.at, round(self.left(), 1))
