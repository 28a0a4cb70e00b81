"""Not too many new connections a second: a hub router or a thin line must not be flooded at the start of a run."""

from __future__ import annotations

import threading
import time

from storefleet.connections.deadline import Deadline


class Pace:
    """Hands out instants at which to connect, ``per_second`` of them, for any number of threads."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1.0 / per_second if per_second > 0 else 0.0
        self._lock = threading.Lock()
        self._next = 0.0

    def take(self, deadline: Deadline) -> None:
        """Sleep until it is our turn, or until the deadline; the phase that follows then reports the time-out."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
        time.sleep(max(0.0, min(turn, deadline.at) - now))
