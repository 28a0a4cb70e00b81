"""Writing to a person who may be gone: a pipe whose reader left (`| head`), a terminal that was closed."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, TextIO

import typer


def write(text: str, *, err: bool = False) -> None:
    """Write; when nobody can read it any more, go on in silence and end as if it had been read."""
    stream = sys.stderr if err else sys.stdout
    try:
        typer.echo(text, nl=False, err=err)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Forgiving:
    """A terminal that may be closed under a progress bar, which must not end the night."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or lose it."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or lose it."""
        with contextlib.suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        """Be the stream in everything else."""
        return getattr(self._stream, name)
