"""Connections that one session of a host let go and another takes up: a run that comes in twice logs in once."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from storefleet.connections.transport import CLOSE_S, DeviceTransport
from storefleet.model.credentials import Credential

MOST = 256
"""Connections kept at once; each is a thread of ours and a process of a till."""

KEPT_S = 300.0
"""Seconds for which a connection is kept; nobody stays logged in to a till because somebody went for lunch."""

_Key = tuple[str, Credential]


@dataclass
class KeptLines:
    """Connections by host and credential, each for one session at a time."""

    most: int = 0
    seconds: float = KEPT_S
    _lines: dict[_Key, tuple[DeviceTransport, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _timer: threading.Timer | None = None

    def put(self, host: str, credential: Credential, transport: DeviceTransport) -> bool:
        """Keep a connection that stands; false where it is not kept, and so is still the caller's to end."""
        key = (host, credential)
        with self._lock:
            if len(self._lines) >= self.most or key in self._lines or not transport.is_active():
                return False
            self._lines[key] = (transport, time.monotonic())
            if self._timer is None:
                self._start()
        return True

    def take(self, host: str, credential: Credential) -> DeviceTransport | None:
        """Return a connection that still stands, and forget it."""
        with self._lock:
            transport, _ = self._lines.pop((host, credential), (None, 0.0))
        if transport is not None and not transport.is_active():
            transport.hang_up()
            return None
        return transport

    def end_carried(self) -> None:
        """End the connections that run through a jump host, whose ways somebody waits for."""
        with self._lock:
            keys = [key for key, (transport, _) in self._lines.items() if transport.wire.carrier is not None]
            lines = [self._lines.pop(key)[0] for key in keys]
        for transport in lines:
            transport.hang_up()

    def close(self) -> None:
        """End every connection that is kept, and keep no more."""
        with self._lock:
            self.most = 0
            lines, self._lines = list(self._lines.values()), {}
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            timer.join(CLOSE_S)
        for transport, _ in lines:
            transport.wire.hang_up()  # all of them first: each then ends at once
        for transport, _ in lines:
            transport.hang_up()

    def _start(self) -> None:
        self._timer = threading.Timer(self.seconds / 4, self._end_old)
        self._timer.daemon = True
        self._timer.start()

    def _end_old(self) -> None:
        with self._lock:
            self._timer = None
            limit = time.monotonic() - self.seconds
            old = [key for key, (_, since) in self._lines.items() if since <= limit]
            lines = [self._lines.pop(key) for key in old]
            if self._lines:
                self._start()
        for transport, _ in lines:
            transport.hang_up()
