"""The wire between ``storefleet lab`` and the lab's supervisor: one JSON request and one JSON answer per connection."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from storefleet.errors import LabError
from storefleet.model.base import Value


class Request(Value, frozen=True):
    """What the supervisor is asked: ``status``, ``cut``, ``plug``, ``wan`` or ``end``, and of whom."""

    verb: str
    target: str = ""


class Answer(Value, frozen=True):
    """What it says: an error in words, or per device one of ``answering``, ``silent``, ``off``."""

    error: str = ""
    devices: Mapping[str, str] = msgspec.field(default_factory=dict)


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Give a name for a socket in a deep folder; a socket's path may have only 108 bytes."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def ask_supervisor(path: Path, request: Request, timeout_s: float = 60) -> Answer:
    """Send one request; an error the supervisor reports, or its silence, is a :class:`LabError`."""
    try:
        with short_path(path) as name, socket.socket(socket.AF_UNIX) as line:
            line.settimeout(timeout_s)
            line.connect(name)
            line.sendall(msgspec.json.encode(request) + b"\n")
            answer = msgspec.json.decode(line.makefile("rb").readline(), type=Answer)
    except (OSError, msgspec.DecodeError) as error:
        raise LabError(f"the lab's supervisor does not answer: {error}") from error
    if answer.error:
        raise LabError(answer.error)
    return answer
