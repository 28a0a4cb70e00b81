"""A bad line to a good server: cut, black-holed, sliced or slow at any byte, in the direction from the server."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from hostile_servers import raw_server


@dataclass(frozen=True)
class Fault:
    """What happens to the bytes that come from the server; ``after`` counts them."""

    after: int | None = None
    how: str = "reset"
    """``reset`` (RST), ``close`` (FIN) or ``silence`` (the line stays open and carries nothing more)."""
    slice: int = 65536
    delay_s: float = 0.0


@contextlib.contextmanager
def faulty_line(target: tuple[str, int], fault: Fault) -> Iterator[int]:
    """Forward every connection to the target over a line with this fault; yields the port to connect to."""

    def handle(client: socket.socket) -> None:
        with socket.create_connection(target, 10) as server:
            threading.Thread(target=_forward, args=(client, server), daemon=True).start()
            _backward(server, client, fault)

    with raw_server(handle) as port:
        yield port


def _forward(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def _backward(source: socket.socket, sink: socket.socket, fault: Fault) -> None:
    left = fault.after
    while data := source.recv(fault.slice if left is None else min(fault.slice, left)):
        time.sleep(fault.delay_s)
        sink.sendall(data)
        left = None if left is None else left - len(data)
        if left == 0:
            _break(sink, fault.how)
            return
    sink.shutdown(socket.SHUT_WR)


def _break(sink: socket.socket, how: str) -> None:
    if how == "silence":
        time.sleep(60)
        return
    if how == "reset":
        sink.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sink.shutdown(socket.SHUT_RD)  # the other thread reads from it, and holds it open until it has woken
    time.sleep(0.02)
    sink.close()
