"""Cutting the output of one script into the frames of its probes, trusting nothing but the nonce."""

from __future__ import annotations

import re

from storefleet.model.base import Value
from storefleet.model.effects import Output

INCOMPLETE = "output incomplete"

_STATUS = re.compile(rb"[0-9]{1,3}")


class Frame(Value, frozen=True):
    """What one probe printed, and the exit status that the script saw."""

    body: bytes
    status: int


def read_frames(output: Output) -> dict[str, Frame]:
    """Return the frames that are whole: begun once, ended once under their own name, with this run's nonce.

    A frame that was cut, that holds the beginning of another, or that came twice is left out: its facts are then
    missing with :data:`INCOMPLETE`.
    """
    if not output.nonce:
        return {}
    begin, end = f"BEGIN {output.nonce} ".encode(), f"END {output.nonce} ".encode()
    reading = _Reading()
    for line in output.stdout.split(b"\n"):
        if line.startswith(begin):
            reading.begin(_name(line[len(begin) :]))
        elif line.startswith(end):
            reading.end(*_ending(line[len(end) :]))
        else:
            reading.lines.append(line)
    return {key: frame for key, frame in reading.frames.items() if key not in reading.spoilt}


class _Reading:
    """The frames read so far, and the one that is open."""

    def __init__(self) -> None:
        self.frames: dict[str, Frame] = {}
        self.spoilt: set[str | None] = set()
        self.name: str | None = None
        self.lines: list[bytes] = []

    def begin(self, name: str) -> None:
        self.spoilt.add(self.name)
        self.name, self.lines = name, []

    def end(self, name: str | None, status: int | None) -> None:
        if self.name is None or name != self.name or status is None or name in self.frames:
            self.spoilt |= {name, self.name}
        else:
            # The script puts one line break before END, so that output without one cannot hide the mark.
            body = self.lines[:-1] if self.lines and not self.lines[-1] else self.lines
            self.frames[name] = Frame(b"\n".join(body), status)
        self.name, self.lines = None, []


def _name(rest: bytes) -> str:
    return rest.decode("ascii", "replace").strip()


def _ending(rest: bytes) -> tuple[str | None, int | None]:
    words = rest.split()
    if len(words) != 2 or not _STATUS.fullmatch(words[1]):
        return (_name(words[0]) if words else None), None
    return _name(words[0]), int(words[1])
