"""SIGTERM is Ctrl-C with another exit code: stop new work, reach a safe end, write the report."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn

EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""


def listen() -> None:
    """Raise :class:`Terminated` in the main thread when SIGTERM comes."""
    signal.signal(signal.SIGTERM, _on_sigterm)


def _on_sigterm(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated


def exit_code(interrupt: BaseException) -> int:
    """Return the contracted exit code of an interrupt."""
    return EXIT_TERMINATED if isinstance(interrupt, Terminated) else EXIT_INTERRUPTED
