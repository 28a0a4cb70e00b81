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
    frames: dict[str, Frame] = {}
    spoilt: set[str] = set()
    name: str | None = None
    lines: list[bytes] = []
    for line in output.stdout.split(b"\n"):
        if line.startswith(begin):
            if name is not None:
                spoilt.add(name)
            name, lines = _name(line[len(begin) :]), []
        elif line.startswith(end):
            ended, status = _ending(line[len(end) :])
            if name is None or ended != name or status is None or name in frames:
                spoilt |= {word for word in (name, ended) if word is not None}
            else:
                # The script puts one line break before END, so that output without one cannot hide the mark.
                frames[name] = Frame(b"\n".join(lines[:-1] if lines and not lines[-1] else lines), status)
            name = None
        elif name is not None:
            lines.append(line)
    return {key: frame for key, frame in frames.items() if key not in spoilt}


def is_done(output: Output) -> bool:
    """Tell whether the script said that it reached its end."""
    return bool(output.nonce) and output.stdout.rstrip(b"\n").endswith(f"\nDONE {output.nonce}".encode())


def _name(rest: bytes) -> str:
    return rest.decode("ascii", "replace").strip()


def _ending(rest: bytes) -> tuple[str | None, int | None]:
    words = rest.split()
    if len(words) != 2 or not _STATUS.fullmatch(words[1]):
        return (_name(words[0]) if words else None), None
    return _name(words[0]), int(words[1])
