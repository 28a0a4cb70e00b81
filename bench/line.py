"""How the contestants reach the tills: straight from the hub, or over a line with delay that counts what it carries."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.machine import Cgroup
from bench.till import FIRST, HUB, SECOND
from storefleet.lab.network import ip_batch

_NEAR = "10.127.0.2"


@dataclass
class Line:
    """A way to the till. ``prefix`` goes before every contestant's command."""

    name: str
    prefix: tuple[str, ...] = ()
    late_s: float = 0.0
    worst_s: float = 0.0

    def bytes(self) -> int:
        """IP bytes carried so far, both ways; nothing is counted on the straight way."""
        for row in Path("/proc/self/net/dev").read_text().splitlines():
            name, _, counters = row.partition(":")
            if name.strip() == "line0":
                fields = counters.split()
                return int(fields[0]) + int(fields[8])
        return 0


def straight() -> Line:
    """Return the way without delay: contestants run in the hub's namespace, one cable away from every till."""
    return Line("straight", ("nsenter", f"--net=/run/netns/{HUB}"))


@contextlib.contextmanager
def delayed(round_trip_ms: float, cgroup: Cgroup) -> Iterator[Line]:
    """Lay a line of so many milliseconds there and back, and take it away afterwards."""
    argv = [sys.executable, "-m", "bench.forwarder", HUB, str(round_trip_ms / 2)]
    line = Line(f"{round_trip_ms:g} ms")
    process = subprocess.Popen(cgroup.entering(argv), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        if process.stdout.readline() != "up\n":
            raise RuntimeError("the line with delay did not come up")
        _route()
        yield line
    finally:
        process.terminate()
        last = process.stdout.readline().split()
        process.wait()
        if len(last) == 3:
            line.late_s, line.worst_s = float(last[1]), float(last[2])


def _route() -> None:
    block = f"{FIRST}.{SECOND}.0.0/9"
    ip_batch(
        [
            "link set lo up",
            "link set line0 up",
            f"address replace {_NEAR}/32 dev line0",
            f"route replace {block} dev line0 src {_NEAR}",
        ]
    )
    ip_batch(["link set line1 up", f"route replace {_NEAR}/32 dev line1"], namespace=HUB)
