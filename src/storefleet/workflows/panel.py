"""A panel of judges: many kept documents judged in several processes, since one core would take its time.

The processes are forked before the first connection, the database's too, is opened: they hold the very rules and
inventory that this process has checked, and no lock or socket of a thread. Each reads the documents by itself, so only
names go out and results come back. When this process ends, however it does, the pipe to them breaks and they end too.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Generator, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from types import TracebackType
from typing import Self

from storefleet.audit.fleet_index import SharedValues
from storefleet.storage.database import Database
from storefleet.workflows.judging import Judged, Judging

CHUNK = 100
"""Hosts that one judge takes at a time: a transaction of so many is short, and a few megabytes."""

WORTH_IT = 1000
"""With fewer hosts, a second process costs more than it saves."""


def processes_for(hosts: int, setting: int) -> int:
    """Return how many judges to have; 0 in the setting means one for each core, four at most."""
    if hosts < WORTH_IT:
        return 1
    return setting or min(4, len(os.sched_getaffinity(0)))


class Panel:
    """Judges hosts, chunk by chunk; a panel of one judges in this process."""

    def __init__(self, judging: Judging, processes: int) -> None:
        self._judging = judging
        self._judges: list[tuple[Connection, ForkProcess]] = []
        if processes > 1:
            context = multiprocessing.get_context("fork")
            for _ in range(processes):
                ours, theirs = context.Pipe()
                inherited = [ours, *(pipe for pipe, _ in self._judges)]
                process = context.Process(target=_serve, args=(judging, theirs, inherited), daemon=True)
                process.start()
                theirs.close()
                self._judges.append((ours, process))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pipe, _ in self._judges:
            pipe.close()
        for _, process in self._judges:
            process.join(5)
            process.kill()

    def judge(
        self, chunks: Sequence[Sequence[str]], database: Database, shared: SharedValues
    ) -> Iterator[list[Judged]]:
        """Yield what was judged of each chunk of hosts, as it comes; a chunk whose process died is judged here."""
        if len(chunks) > 1 and self._judges:
            chunks = yield from self._shared_out(chunks, database.url, shared)
        for chunk in chunks:
            yield list(self._judging.documents(chunk, database, shared))

    def _shared_out(
        self, chunks: Sequence[Sequence[str]], url: str, shared: SharedValues
    ) -> Generator[list[Judged], None, list[Sequence[str]]]:
        """Give each judge the next chunk as soon as it is free; return the chunks that none of them finished."""
        waiting = list(reversed(chunks))
        busy: dict[Connection, Sequence[str]] = {}
        lost: list[Sequence[str]] = []
        idle = [pipe for pipe, _ in self._judges]
        for pipe in idle:
            _send(pipe, (url, shared))
        while busy or (waiting and idle):
            while waiting and idle:
                busy[idle[-1]] = waiting.pop()
                _send(idle[-1], busy[idle.pop()])
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                chunk, answer = busy.pop(ready), _received(ready)
                if answer is None:
                    lost.append(chunk)
                    continue
                idle.append(ready)
                yield answer
        return [*lost, *reversed(waiting)]


def _send(pipe: Connection, message: object) -> None:
    """Send; a judge that is gone is noticed when its answer does not come."""
    with contextlib.suppress(OSError):
        pipe.send(message)


def _received(pipe: Connection) -> list[Judged] | None:
    """Return a judge's answer, or ``None`` when it died; what it could not do is raised here."""
    try:
        answer = pipe.recv()
    except (EOFError, OSError):
        return None
    if isinstance(answer, BaseException):
        raise answer
    found: list[Judged] = answer
    return found


def _serve(judging: Judging, pipe: Connection, inherited: Sequence[Connection]) -> None:
    """Answer chunks until the other end is closed; the interrupt of a terminal is for the process that asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for other in inherited:
        other.close()
    with contextlib.suppress(EOFError, OSError):
        url, shared = pipe.recv()
        with Database.open(url) as database:
            while True:
                names = pipe.recv()
                try:
                    answer: object = list(judging.documents(names, database, shared))
                except Exception as fault:  # noqa: BLE001 - it is raised again where the run can report it
                    answer = fault
                pipe.send(answer)
