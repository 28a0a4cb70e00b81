"""Processes of the machine: who one is for good, its end, its captured output, and locks between them."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


def captured(argv: Sequence[str], stdin: str | None, timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return its exit code and what it printed, whatever bytes those were."""
    return subprocess.run(
        argv, input=stdin or "", capture_output=True, text=True, check=False, errors="replace", timeout=timeout_s
    )


def started(pid: int) -> str | None:
    """Return when a process began, which with its number names it for good; None for one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def wait_for_end(pid: int, timeout_s: float = 15) -> None:
    """Wait until a process is gone, and reap it where it is a child."""
    deadline = time.monotonic() + timeout_s
    while started(pid) is not None and time.monotonic() < deadline:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.02)


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Let processes that do the same to one lab wait for each other; ``path`` is a file made for it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
