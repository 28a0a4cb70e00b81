"""What a step may ask of one host, as plain requests.

A step is a generator for one host. It yields an effect, is sent the answer, and returns its result; it never holds a
connection. So the same collector runs over SSH, over a recorded session and in a unit test. Effects are typed by their
answer and asked through :func:`ask`, so that a type checker knows what comes back.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Generic, TypeAlias, TypeVar, cast

from storefleet.model.base import Value

A = TypeVar("A")
R = TypeVar("R")

NONCE = "@NONCE@"
"""Where this stands in a script, the session puts a fresh random word, so that framed output cannot be forged."""


class Effect(Value, Generic[A], frozen=True):
    """A request whose answer has the type ``A``."""


Step: TypeAlias = Generator[Effect[Any], Any, R]
"""A procedure for one host that returns an ``R``."""


class Output(Value, frozen=True):
    """What one script printed: bytes, since a device may speak any charset or none.

    ``nonce`` is the word that stood for :data:`NONCE` in this run; ``exit_status`` is ``None`` when the device ended
    the channel without giving one.
    """

    stdout: bytes
    stderr: bytes = b""
    exit_status: int | None = 0
    nonce: str = ""


class RunScript(Effect[Output], frozen=True):
    """Run a POSIX ``sh`` script over the host's shell account.

    It travels on standard input (``exec sh -s``), so that no length limit of a command line applies.

    ``privileged`` takes root once for the whole script where the account can; where it cannot, the script still runs
    and finds out by ``id -u``. ``max_bytes`` bounds stdout and stderr together. A script of an audit changes nothing.
    """

    script: str
    privileged: bool = True
    deadline_s: float = 60.0
    max_bytes: int = 8 * 1024 * 1024


class ShowCommands(Effect["tuple[str, ...]"], frozen=True):
    """Ask a router's command line; the answer has one text per command, complete or an error, never cut.

    Each command is one printable line on the platform's read-only list.
    """

    commands: tuple[str, ...]
    deadline_s: float = 60.0
    max_bytes: int = 8 * 1024 * 1024


def ask(effect: Effect[A]) -> Generator[Effect[Any], Any, A]:
    """Yield one effect and return its answer with its type: ``answer = yield from ask(effect)``."""
    answer = yield effect
    return cast("A", answer)
