"""SIGTERM, or a terminal that is closed, is Ctrl-C with another exit code: stop, reach a safe end, write the report."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn

from storefleet.cli.streams import write

EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP came."""


def listen() -> None:
    """Raise :class:`Terminated` in the main thread when one of them comes; who said ``nohup`` has meant it."""
    signal.signal(signal.SIGTERM, _on_signal)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _on_signal)


def _on_signal(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated


def ended_by(interrupt: BaseException) -> int:
    """Say that the run was cut short, whatever its report calls the verdict on what was seen; return the exit code."""
    code = exit_code(interrupt)
    write(f"storefleet: interrupted, so this ends with {code}; hosts that were not asked are not in it\n", err=True)
    return code


def exit_code(interrupt: BaseException) -> int:
    """Return the contracted exit code of an interrupt."""
    return EXIT_TERMINATED if isinstance(interrupt, Terminated) else EXIT_INTERRUPTED
