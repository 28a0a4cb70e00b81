"""How a step ended on one host."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from storefleet.errors import HostError

R = TypeVar("R")


class Failure(msgspec.Struct, frozen=True):
    """Why a host gave no result: the error of the tree, and the phase in which it happened.

    ``phase`` is ``run``, ``deadline`` (given up by the runner) or ``bug`` (ours or a plugin's).
    """

    phase: str
    error: HostError

    @property
    def code(self) -> str:
        """The stable word for documents."""
        return self.error.code

    @property
    def reason(self) -> str:
        """One line for a person."""
        return str(self.error)


class Answer(msgspec.Struct, Generic[R], frozen=True):
    """What one host gave: a result or a failure, never both, and how long it took."""

    host: str
    result: R | None
    failure: Failure | None
    duration_s: float
