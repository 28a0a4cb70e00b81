"""Audit a fleet whose hosts answer from one till's recording: ``python -m bench.streamed FLEET RECORDING REPORT``.

Nothing of storefleet is left out but the connection: the collector's step is driven by Nornir and our runner, its
answer is parsed, judged, stored and reported by ``storefleet audit`` itself. Each host shows its own name, machine id
and boot id.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from storefleet.cli.main import run
from storefleet.connections.recording import ReplaySession
from storefleet.connections.transcript import ScriptTurn, Transcript
from storefleet.fleet.drive import Session
from storefleet.model.effects import Output
from storefleet.model.store import Host
from storefleet.workflows import judge

_CLOCK = re.compile(rb"^(BEGIN \S+ clock\n)[0-9.]+", re.MULTILINE)


class OneTill:
    """Sessions that all show the same till under each host's name, with a clock that goes on."""

    def __init__(self, recording: Transcript) -> None:
        turn = recording.turns[0]
        if not isinstance(turn, ScriptTurn) or not isinstance(turn.answer, Output):
            raise TypeError("the recording does not begin with a script that was answered")
        self._recording, self._turn, self._answer = recording, turn, turn.answer
        frames = self._answer.stdout.split(b"\n")
        self._own = [frame.split(b"\t")[1] for frame in frames if frame.startswith((b"machine_id\t", b"boot_id\t"))]

    def session(self, host: Host, expires_at: float) -> Session:
        """Return a session that answers from the recording."""
        del expires_at
        text = self._answer.stdout.replace(self._recording.host.encode(), host.name.encode())
        for word in self._own:
            text = text.replace(
                word, hashlib.md5(word + host.name.encode(), usedforsecurity=False).hexdigest().encode()
            )
        text = _CLOCK.sub(lambda found: found[1] + f"{time.time():.9f}".encode(), text)
        answer = msgspec.structs.replace(self._answer, stdout=text)
        return ReplaySession(replace(self._recording, turns=(replace(self._turn, answer=answer),)))


def main(fleet: str, recording: str, report: str) -> None:
    """Run ``storefleet audit`` with every session taken from the recording."""
    sessions = OneTill(Transcript.load(Path(recording)))

    @contextlib.contextmanager
    def from_recording(*_: Any, **__: Any) -> Iterator[OneTill]:
        yield sessions

    vars(judge)["open_sessions"] = from_recording
    sys.argv = ["storefleet", "audit", "--fleet", fleet, "--report", f"json:{report}"]
    run()


if __name__ == "__main__":
    main(*sys.argv[1:])
