"""How the contestants reach the till: over loopback, or over a line with delay that counts what it carries."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import Cgroup
from bench.till import NAMESPACE
from storefleet.lab.machine import run

LOOPBACK = ("127", 64)
"""The first octet, and the first value of the second, of the hosts' addresses: 127.64.0.0/10 is always the machine's own."""

LINE = ("10", 128)
_NEAR = "10.127.0.1"


@dataclass
class Line:
    """A way to the till. ``prefix`` goes before every contestant's command."""

    name: str
    block: tuple[str, int]
    prefix: tuple[str, ...] = ()
    cgroup: Cgroup | None = None
    lateness_s: float = field(default=0.0)

    def bytes(self) -> int:
        """IP bytes carried so far, both ways; nothing is counted on loopback."""
        for row in Path("/proc/self/net/dev").read_text().splitlines():
            name, _, counters = row.partition(":")
            if name.strip() == "line0":
                fields = counters.split()
                return int(fields[0]) + int(fields[8])
        return 0

    def address(self, number: int) -> str:
        """Return the address of the ``number``-th host."""
        return f"{self.block[0]}.{self.block[1] + number // 256}.{number % 256}.11"


def loopback() -> Line:
    """Return the way over the till's own loopback interface: no delay, nothing to forward."""
    return Line("loopback", LOOPBACK, ("nsenter", f"--net=/run/netns/{NAMESPACE}"))


@contextlib.contextmanager
def delayed(round_trip_ms: float, cgroup: Cgroup) -> Iterator[Line]:
    """Lay a line of so many milliseconds there and back, and take it away afterwards."""
    argv = [sys.executable, "-m", "bench.forwarder", NAMESPACE, str(round_trip_ms / 2)]
    line = Line(f"{round_trip_ms:g} ms", LINE, cgroup=cgroup)
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
        line.lateness_s = float(last[1]) if len(last) > 1 else 0.0


def _route() -> None:
    block = f"{LINE[0]}.{LINE[1]}.0.0/9"
    for command in (
        "link set lo up",
        "link set line0 up",
        f"address replace {_NEAR}/32 dev line0",
        f"route replace {block} dev line0 src {_NEAR}",
        f"-n {NAMESPACE} link set line1 up",
        f"-n {NAMESPACE} route replace local {block} dev lo",
        f"-n {NAMESPACE} route replace {_NEAR}/32 dev line1",
    ):
        run(["ip", *command.split()])
