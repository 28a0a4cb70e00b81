"""A command of one's own: no shell, the event on its standard input, an end when its time is over."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence

MOST_OUTPUT = 4096
"""Bytes of output that are kept; what comes beyond is read and thrown away."""

_SLICE_S = 0.2


class CommandFault(Exception):
    """The command gave no answer; the words name no argument, which may be telling."""


def first_line(argv: Sequence[str], body: bytes, timeout_s: float) -> bytes:
    """Return the first line that a command prints; raises :class:`CommandFault`.

    A command that does not end is killed with all that it started. One that ended may leave something at work.
    """
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"}
    ends = time.monotonic() + timeout_s
    with tempfile.TemporaryFile() as given:
        given.write(body)
        given.seek(0)
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        except OSError as fault:
            raise CommandFault(fault.strerror or type(fault).__name__) from None
    try:
        output = _output(process, ends)
        code = process.wait(max(0.1, ends - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise CommandFault(f"did not end within {timeout_s:g} s") from None
    finally:
        _end(process)
    if code:
        raise CommandFault(f"ended with {code}")
    return output.split(b"\n", 1)[0]


def _output(process: subprocess.Popen[bytes], ends: float) -> bytes:
    """Read until the output ends, or the command does: what it left at work may hold its output open."""
    assert process.stdout is not None
    kept = b""
    descriptor = process.stdout.fileno()
    os.set_blocking(descriptor, False)
    with selectors.DefaultSelector() as ready:
        ready.register(descriptor, selectors.EVENT_READ)
        while (left := ends - time.monotonic()) > 0:
            if ready.select(min(_SLICE_S, left)):
                part = os.read(descriptor, 65_536)
                kept = (kept + part)[:MOST_OUTPUT]
                if not part:
                    return kept
            elif process.poll() is not None:
                return kept
    raise subprocess.TimeoutExpired(process.args, 0)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole session of a command that still runs."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
