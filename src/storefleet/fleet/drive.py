"""The one place where a step meets a session: what every effect needs is written here, and nowhere else."""

from __future__ import annotations

from typing import Protocol, TypeVar

from storefleet.errors import HostError
from storefleet.model.effects import Effect, Step

A = TypeVar("A")
R = TypeVar("R")


class Session(Protocol):
    """What a step's effects are asked of: SSH, a recorded session, or a test's own."""

    def answer(self, effect: Effect[A]) -> A:
        """Return the effect's answer, or raise a :class:`HostError`."""
        ...

    def close(self) -> None:
        """End the session; never raises."""
        ...


def drive(step: Step[R], session: Session) -> R:
    """Run one step to its end and return its result.

    A :class:`HostError` is thrown into the step at its ``yield``, so that a collector may go on without the part that
    failed; one that the step does not handle ends it and reaches the caller.
    """
    try:
        effect = next(step)
        while True:
            try:
                answer = session.answer(effect)
            except HostError as fault:
                effect = step.throw(fault)
            else:
                effect = step.send(answer)
    except StopIteration as end:
        result: R = end.value
        return result
    finally:
        step.close()
