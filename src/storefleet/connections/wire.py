"""The byte stream under an SSH transport: a TCP socket, or a channel of a jump host."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import paramiko

from storefleet.connections.deadline import Deadline
from storefleet.errors import ConnectError, NameUnknown, Refused, TimedOut, Unreachable

STALL_S = 15.0
"""A peer that takes no byte for so long is gone; paramiko's own write loop would wait for ever."""

GREETING_BYTES = 32 * 1024
"""Most that a server may say before its identification line; paramiko would buffer without an end."""

OPENING_BYTES = 200
"""How much of what a server says first is kept: it tells a busy SSH server from one that is none."""

READ_AHEAD = 16 * 1024

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})|[0-9A-Fa-f:.]+(%[A-Za-z0-9]+)?")


class Wire:
    """What paramiko needs of a socket, with counters, limits and one close that runs once."""

    def __init__(
        self, stream: Any, on_close: Callable[[], None] | None = None, carrier: paramiko.Transport | None = None
    ) -> None:
        self.carrier = carrier
        self._stream = stream
        self._on_close = on_close
        self._stalled_since: float | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._ahead = b""
        self.greeting = True
        self.opening = b""
        self.received = 0
        self.sent = 0

    def settimeout(self, seconds: float | None) -> None:
        """Set how long one ``recv`` or ``send`` may wait."""
        self._stream.settimeout(seconds)

    def recv(self, size: int) -> bytes:
        """Read what is there; while the server has not named itself, only so much of it.

        paramiko asks for a packet's first bytes, then for its rest; reading ahead halves the calls of the system.
        """
        if not self._ahead:
            self._ahead = self._stream.recv(max(size, READ_AHEAD))
            self.received += len(self._ahead)
            if self.greeting:
                self.opening = (self.opening + self._ahead)[:OPENING_BYTES]
                if self.received > GREETING_BYTES:
                    raise EOFError
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        return data

    def send(self, data: bytes) -> int:
        """Write what goes; a peer that takes nothing for :data:`STALL_S` ends the connection."""
        try:
            count: int = self._stream.send(data)
        except TimeoutError:
            now = time.monotonic()
            self._stalled_since = self._stalled_since or now
            if now - self._stalled_since > STALL_S:
                raise EOFError from None
            raise
        self._stalled_since = None
        self.sent += count
        return count

    def hang_up(self) -> None:
        """Wake the reader with an end of file; it then closes. Closing here could hand its descriptor to another."""
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            if isinstance(self._stream, paramiko.Channel):
                self._stream.close()
            else:
                self._stream.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the stream and give back what was lent for it, once."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self._stream.close()
        if self._on_close is not None:
            self._on_close()


def open_socket(address: str, port: int, deadline: Deadline, where: str) -> socket.socket:
    """Connect by TCP before the deadline, trying each address that the name has.

    Raises :class:`NameUnknown`, :class:`Refused`, :class:`Unreachable` or :class:`TimedOut`.
    """
    last: ConnectError = TimedOut(f"{where}: no TCP answer within {deadline.seconds:g} s")
    for family, target in _resolve(address, port, deadline, where):
        stream = socket.socket(family, socket.SOCK_STREAM)
        try:
            stream.settimeout(max(0.001, deadline.left()))
            stream.connect(target)
        except OSError as fault:
            stream.close()
            last = socket_error(fault, where, deadline.seconds)
            last.__cause__ = fault
        else:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return stream
    raise last


def socket_error(fault: OSError, where: str, seconds: float) -> ConnectError:
    """Say in words of our tree why a TCP connection was not had."""
    if isinstance(fault, TimeoutError) or fault.errno == errno.ETIMEDOUT:
        return TimedOut(f"{where}: no TCP answer within {seconds:g} s; is the device on, is the line up?")
    if fault.errno == errno.ECONNREFUSED:
        return Refused(f"{where}: refused; the address answers, but nothing listens on the port")
    return Unreachable(f"{where}: {fault.strerror or fault}")


def _resolve(address: str, port: int, deadline: Deadline, where: str) -> list[tuple[int, Any]]:
    if not _HOST.fullmatch(address):
        raise NameUnknown(f"{where}: {address!r} is neither an address nor a host name")
    with contextlib.suppress(ValueError):
        version = ipaddress.ip_address(address).version
        return [(socket.AF_INET if version == 4 else socket.AF_INET6, (address, port))]
    return _look_up(address, port, deadline, where)


def _look_up(address: str, port: int, deadline: Deadline, where: str) -> list[tuple[int, Any]]:
    """Ask the resolver on a thread of its own: it has no deadline, and a dead name server must not hold the host."""
    found: list[tuple[int, Any]] = []
    faults: list[OSError] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
            found.extend((int(family), target) for family, _, _, _, target in answers)
        except OSError as fault:
            faults.append(fault)
        except UnicodeError:
            faults.append(OSError("not a valid name"))

    asking = threading.Thread(target=ask, daemon=True, name=f"resolve {address}")
    asking.start()
    asking.join(deadline.left())
    if faults:
        raise NameUnknown(f"{where}: the name {address} does not resolve ({faults[0].strerror or faults[0]})")
    if not found:
        raise TimedOut(f"{where}: the name server gave no answer for {address} within {deadline.seconds:g} s")
    return list(found)
