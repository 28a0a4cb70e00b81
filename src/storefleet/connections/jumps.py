"""Jump hosts: one shared connection per jump, capped, re-opened when dead, and its failures named as its own."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import paramiko
from paramiko.common import OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED, OPEN_FAILED_CONNECT_FAILED

from storefleet.connections.deadline import Deadline
from storefleet.connections.transport import DeviceTransport
from storefleet.connections.wire import Wire
from storefleet.errors import HostError, JumpFailed, Refused, TimedOut, Unreachable
from storefleet.model.limits import Limits

PER_CONNECTION = 10
"""OpenSSH's default MaxSessions; a jump that needs more ways at once gets another connection."""

IDLE_S = 20.0
"""A jump connection that nobody uses for so long is closed, or 500 stores would leave 500 of them."""

RETRY_S = 30.0
"""A jump that failed is not tried again for so long: its other hosts hear at once what the first one waited for."""

WAIT_S = 0.3
"""How long to wait for a way before idle connections are made to give up theirs."""

OpenJump: TypeAlias = "Callable[[str, Deadline, tuple[str, ...]], DeviceTransport]"


@dataclass
class _Line:
    transport: DeviceTransport
    users: int = 0
    idle_since: float = field(default_factory=time.monotonic)


class _Jump:
    """The connections to one jump host."""

    def __init__(self, per_jump: int) -> None:
        self.ways = threading.BoundedSemaphore(per_jump)
        self.opening = threading.Lock()
        self.counting = threading.Lock()
        self.lines: list[_Line] = []
        self.failure: HostError | None = None
        self.failed_at = 0.0

    def free_line(self) -> _Line | None:
        """Reserve a place on a living connection."""
        with self.counting:
            self.lines = [line for line in self.lines if line.transport.is_active()]
            for line in self.lines:
                if line.users < PER_CONNECTION:
                    line.users += 1
                    return line
        return None

    def add_line(self, transport: DeviceTransport) -> _Line:
        """Take in a new connection with one place reserved."""
        line = _Line(transport, users=1)
        with self.counting:
            self.lines.append(line)
        return line

    def give_back(self, line: _Line) -> None:
        """Return a place."""
        with self.counting:
            line.users -= 1
            line.idle_since = time.monotonic()

    def take_idle(self, seconds: float) -> list[DeviceTransport]:
        """Take out the connections that nobody has used for so long."""
        limit = time.monotonic() - seconds
        with self.counting:
            idle = [line for line in self.lines if not line.users and line.idle_since <= limit]
            self.lines = [line for line in self.lines if line not in idle]
        return [line.transport for line in idle]

    def take_all(self) -> list[DeviceTransport]:
        """Take out every connection."""
        with self.counting:
            lines, self.lines = self.lines, []
        return [line.transport for line in lines]


class JumpPool:
    """All jump hosts of a run. ``give_up`` ends connections that hold a way and that nobody uses at the moment."""

    def __init__(self, open_jump: OpenJump, limits: Limits, give_up: Callable[[], None] = lambda: None) -> None:
        self._open_jump = open_jump
        self._give_up = give_up
        self._limits = limits
        self._lock = threading.Lock()
        self._jumps: dict[str, _Jump] = {}

    def through(
        self, name: str, target: tuple[str, int], where: str, deadline: Deadline, trail: tuple[str, ...]
    ) -> Wire:
        """Return a stream to the target that runs through the jump host; closing it gives the place back."""
        self._close_idle()
        with self._lock:
            jump = self._jumps.setdefault(name, _Jump(self._limits.per_jump))
        while not jump.ways.acquire(timeout=min(deadline.left(), WAIT_S)):
            if deadline.expired():
                raise JumpFailed(f"{where}: all {self._limits.per_jump} ways through {name} stayed in use (per_jump)")
            self._give_up()
            self._close_idle(0.0)  # an idle connection through this jump holds one of its ways
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(jump.ways.release)
            line = self._line(jump, name, where, deadline, trail)
            on_failure.callback(jump.give_back, line)
            channel = self._channel(line.transport, name, target, where, deadline)
            place = on_failure.pop_all()
        return Wire(channel, on_close=place.close, carrier=line.transport)

    def _line(self, jump: _Jump, name: str, where: str, deadline: Deadline, trail: tuple[str, ...]) -> _Line:
        line = jump.free_line()
        if line is not None:
            return line
        if not jump.opening.acquire(timeout=deadline.left()):
            raise JumpFailed(f"{where}: {name} was still being connected when the time was up")
        try:
            line = jump.free_line()
            if line is not None:
                return line
            if jump.failure is not None and time.monotonic() - jump.failed_at < RETRY_S:
                raise JumpFailed(f"{where}: its jump failed: {jump.failure}") from jump.failure
            return jump.add_line(self._connect(jump, name, where, deadline, trail))
        finally:
            jump.opening.release()

    def _connect(
        self, jump: _Jump, name: str, where: str, deadline: Deadline, trail: tuple[str, ...]
    ) -> DeviceTransport:
        full = self._limits.tcp_s + self._limits.banner_s + self._limits.login_s
        short = deadline.left() < full
        try:
            transport = self._open_jump(name, deadline.within(full), trail)
        except HostError as fault:
            if not (short and deadline.expired()):  # this host's own time was up: that says nothing for the others
                jump.failure, jump.failed_at = fault, time.monotonic()
            raise JumpFailed(f"{where}: its jump failed: {fault}") from fault
        jump.failure = None
        return transport

    def _channel(
        self, transport: DeviceTransport, name: str, target: tuple[str, int], where: str, deadline: Deadline
    ) -> paramiko.Channel:
        phase = deadline.within(self._limits.tcp_s)
        try:
            return transport.open_channel("direct-tcpip", target, ("127.0.0.1", 0), timeout=phase.left())
        except paramiko.ChannelException as fault:
            raise _channel_error(fault, name, where) from fault
        except (paramiko.SSHException, OSError, EOFError) as fault:
            if transport.is_active():
                raise TimedOut(f"{where}: no TCP answer within {phase.seconds:g} s, asked from {name}") from fault
            raise JumpFailed(f"{where}: the connection to its jump {name} broke") from fault

    def _close_idle(self, seconds: float = IDLE_S) -> None:
        with self._lock:
            jumps = tuple(self._jumps.values())
        for jump in jumps:
            for transport in jump.take_idle(seconds):
                transport.hang_up()

    def close(self) -> None:
        """Close every jump connection, whoever still uses it."""
        with self._lock:
            jumps = tuple(self._jumps.values())
        for jump in jumps:
            for transport in jump.take_all():
                transport.hang_up()


def _channel_error(fault: paramiko.ChannelException, name: str, where: str) -> HostError:
    """Tell "the jump does not forward" (its fault) from "the target does not answer" (the target's)."""
    said = fault.text.lower()
    if fault.code == OPEN_FAILED_CONNECT_FAILED:
        if "refused" in said:
            return Refused(f"{where}: refused, asked from {name}")
        if "timed out" in said:
            return TimedOut(f"{where}: no TCP answer, asked from {name}")
        return Unreachable(f"{where}: cannot be reached from {name}: {said or 'it gives no reason'}")
    if fault.code == OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED:
        return JumpFailed(f"{where}: {name} does not forward TCP for this account (AllowTcpForwarding, permitopen)")
    return JumpFailed(f"{where}: {name} opened no way: {said or f'code {fault.code}'}")
