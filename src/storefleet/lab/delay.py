"""A line with delay, in user space, since not every kernel has ``netem``: ``python -m storefleet.lab.delay PORT MS``.

Frames are taken from one TAP interface and given to another after the delay, both ways. TAP makes the kernel finish
checksums and split large frames, so that what is carried is what a wire would carry. The process owns both interfaces
and moves the store's line between them; they vanish with it.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import select
import struct
import sys
import time
from itertools import count

from storefleet.lab.network import ip_batch

_TUNSETIFF = 0x400454CA
_TAP_WITHOUT_HEADER = 0x1002
_FRAME = 65535


def open_tap(name: str) -> int:
    """Make a TAP interface and return its descriptor; the interface lives as long as that is open."""
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _TAP_WITHOUT_HEADER))
    return tap


def insert(port: str) -> tuple[int, int]:
    """Put the delaying pair between a store's line and the hub, and return both descriptors."""
    tail = port.removeprefix("wan-")
    near, far, bridge = f"dly-{tail}", f"dlf-{tail}", f"dlb-{tail}"
    descriptors = open_tap(near), open_tap(far)
    ip_batch(
        [
            f"link add {bridge} type bridge",
            f"link set {bridge} up",
            f"link set {far} master {bridge}",
            f"link set {far} up",
            f"link set {near} master wan0",
            f"link set {near} up",
            f"link set {port} master {bridge}",
        ]
    )
    return descriptors


def remove(port: str) -> list[str]:
    """Return the ``ip`` commands that give the line back to the hub after the process has ended."""
    return [f"link set {port} master wan0", f"link delete dlb-{port.removeprefix('wan-')}"]


def forward(pair: tuple[int, int], delay_s: float) -> None:
    """Carry frames for ever, each ``delay_s`` after it came."""
    other = {pair[0]: pair[1], pair[1]: pair[0]}
    waiting: list[tuple[float, int, int, bytes]] = []
    order = count()
    while True:
        patience = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        ready, _, _ = select.select(pair, [], [], patience)
        now = time.monotonic()
        for tap in ready:
            for frame in _frames(tap):
                heapq.heappush(waiting, (now + delay_s, next(order), other[tap], frame))
        while waiting and waiting[0][0] <= now:
            _, _, tap, frame = heapq.heappop(waiting)
            _give(tap, frame)


def _frames(tap: int) -> list[bytes]:
    frames: list[bytes] = []
    while len(frames) < 256:
        try:
            frames.append(os.read(tap, _FRAME))
        except BlockingIOError:
            break
    return frames


def _give(tap: int, frame: bytes) -> None:
    try:
        os.write(tap, frame)
    except OSError:
        return  # the interface is down or its queue is full: a line loses the frame


if __name__ == "__main__":
    pair = insert(sys.argv[1])
    sys.stdout.write("inserted\n")
    sys.stdout.flush()
    forward(pair, float(sys.argv[2]) / 1000)
