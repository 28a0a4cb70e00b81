"""A line with delay between two network namespaces, in user space: ``python -m bench.forwarder NAMESPACE DELAY_MS``.

IP packets are taken from one TUN interface and given to another, each ``DELAY_MS`` after it came, both ways. The
kernel's own counters of ``line0`` say what was carried; the process says at its end how late it was, on average and at
worst.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections import deque

_TUNSETIFF = 0x400454CA
_TUN_WITHOUT_HEADER = 0x1001
_BURST = 64


def open_tun(name: str) -> int:
    """Make a TUN interface and return its descriptor; the interface lives as long as that is open."""
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _TUN_WITHOUT_HEADER))
    subprocess.run(["ip", "link", "set", name, "txqueuelen", "20000"], check=True)
    return tun


class Line:
    """Both directions of the line, and how late it carried packets, of all and of the worst."""

    def __init__(self, near: int, far: int, delay_s: float) -> None:
        self._delay_s = delay_s
        self._other = {near: far, far: near}
        self._waiting: deque[tuple[float, int, bytes]] = deque()
        self.carried = 0
        self.worst_s = 0.0
        self.late_s = 0.0

    def carry(self) -> None:
        """Carry packets for ever."""
        ends = list(self._other)
        while True:
            patience = max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None
            ready, _, _ = select.select(ends, [], [], patience)
            now = time.monotonic()
            for end in ready:
                self._take(end, now + self._delay_s)
            self._give(time.monotonic())

    def _take(self, end: int, due: float) -> None:
        other = self._other[end]
        with contextlib.suppress(BlockingIOError):
            for _ in range(_BURST):
                self._waiting.append((due, other, os.read(end, 65535)))

    def _give(self, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            due, end, packet = self._waiting.popleft()
            self.worst_s = max(self.worst_s, now - due)
            self.late_s += now - due
            self.carried += 1
            with contextlib.suppress(OSError):  # the queue is full or the end is going: a line loses the packet
                os.write(end, packet)


def main(namespace: str, delay_ms: float) -> None:
    """Make both ends, say so, and carry until told to end."""
    # Before all else that runs: a line that waits for a busy processor would add a delay that nobody asked for.
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    near, far = open_tun("line0"), open_tun("line1")
    subprocess.run(["ip", "link", "set", "line1", "netns", namespace], check=True)
    line = Line(near, far, delay_ms / 1000)

    def end(_number: int, _frame: object) -> None:
        print(f"{line.carried} {line.late_s / max(1, line.carried):.6f} {line.worst_s:.6f}", flush=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    print("up", flush=True)
    line.carry()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
