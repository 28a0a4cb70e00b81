"""Cutting the output of one script into the frames of its probes, trusting nothing but the nonce."""

from __future__ import annotations

import re

from storefleet.errors import OutputIncomplete
from storefleet.model.base import Value
from storefleet.model.effects import Output

INCOMPLETE = "output incomplete"
MARK = b"\x1d"
"""Begins the line before what a tool or a file said, once the word of the run has proved that the script wrote it."""

_STATUS = re.compile(rb"[0-9]{1,3}")


class Frame(Value, frozen=True):
    """What one probe printed, the exit status that the script saw, and the word of the run."""

    body: bytes
    status: int
    word: bytes = b""

    def records(self) -> bytes:
        """Return the body with :data:`MARK` for every mark of the script, and for nothing else."""
        prose = self.body.replace(MARK, b"")
        return re.sub(rb"^= %b ?" % re.escape(self.word), MARK, prose, flags=re.MULTILINE) if self.word else prose


def read_frames(output: Output) -> dict[str, Frame]:
    """Return the frames that are whole: begun once, ended once under their own name, with this run's nonce.

    A frame that was cut, that holds the beginning of another, or that came twice is left out: its facts are then
    missing with :data:`INCOMPLETE`.
    """
    if not output.nonce:
        return {}
    mark = re.compile(rb"^(BEGIN|END) %b ([^\n]*)$" % re.escape(output.nonce.encode()), re.MULTILINE)
    reading = _Reading(output.stdout, output.nonce.encode())
    for found in mark.finditer(output.stdout):
        if found[1] == b"BEGIN":
            reading.begin(_name(found[2]), found.end() + 1)
        else:
            reading.end(*_ending(found[2]), found.start())
    return {key: frame for key, frame in reading.frames.items() if key not in reading.spoilt}


def frames_of(output: Output, host: str) -> dict[str, Frame]:
    """Return the whole frames; raises :class:`OutputIncomplete` when not one is: of such a host nothing was learnt."""
    frames = read_frames(output)
    if not frames:
        ended = "no exit status" if output.exit_status is None else f"exit status {output.exit_status}"
        last = output.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
        said = f"; it said: {last}" if last else ""
        raise OutputIncomplete(
            f"{host}: its answer holds nothing that was asked ({len(output.stdout)} bytes, {ended}{said}); cut off, "
            f"forged, or no POSIX shell"
        )
    return frames


class _Reading:
    """The frames read so far, and the one that is open."""

    def __init__(self, stdout: bytes, word: bytes) -> None:
        self.stdout = stdout
        self.word = word
        self.frames: dict[str, Frame] = {}
        self.spoilt: set[str | None] = set()
        self.name: str | None = None
        self.start = 0

    def begin(self, name: str, start: int) -> None:
        self.spoilt.add(self.name)
        self.name, self.start = name, start

    def end(self, name: str | None, status: int | None, stop: int) -> None:
        if self.name is None or name != self.name or status is None or name in self.frames:
            self.spoilt |= {name, self.name}
        else:
            # The script puts one line break before END, so that output without one cannot hide the mark.
            body = self.stdout[self.start : max(self.start, stop - 1)]
            self.frames[name] = Frame(body.removesuffix(b"\n"), status, self.word)
        self.name = None


def _name(rest: bytes) -> str:
    return rest.decode("ascii", "replace").strip()


def _ending(rest: bytes) -> tuple[str | None, int | None]:
    words = rest.split()
    if len(words) != 2 or not _STATUS.fullmatch(words[1]):
        return (_name(words[0]) if words else None), None
    return _name(words[0]), int(words[1])
