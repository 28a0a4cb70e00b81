"""A step meets a session: answers go in, errors are thrown in, and the step is always closed."""

from __future__ import annotations

from typing import Any

import pytest

from storefleet.errors import CommandRefused, LoginRefused
from storefleet.fleet.drive import drive
from storefleet.model.effects import Effect, Output, RunScript, ShowCommands, Step, ask


class Scripted:
    """A session whose answers are given beforehand; an error in the list is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Effect[Any]] = []
        self.closed = False

    def answer(self, effect: Effect[Any]) -> Any:
        self.asked.append(effect)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True


def test_a_step_gets_each_answer_where_it_asked() -> None:
    def step() -> Step[str]:
        output = yield from ask(RunScript("id"))
        shown = yield from ask(ShowCommands(("show version",)))
        return output.stdout.decode() + shown[0]

    session = Scripted(Output(b"root "), ("FRRouting",))
    assert drive(step(), session) == "root FRRouting"
    assert session.asked == [RunScript("id"), ShowCommands(("show version",))]


def test_a_host_error_reaches_the_step_at_its_yield_so_that_it_may_go_on_without_that_part() -> None:
    def step() -> Step[str]:
        try:
            yield from ask(ShowCommands(("show version",)))
        except CommandRefused as fault:
            return f"without: {fault}"
        return "with"

    assert drive(step(), Scripted(CommandRefused("no such command"))) == "without: no such command"


def test_a_host_error_that_the_step_does_not_handle_reaches_the_caller_unchanged() -> None:
    closed = []

    def step() -> Step[str]:
        try:
            yield from ask(RunScript("id"))
        finally:
            closed.append(True)
        return "never"

    with pytest.raises(LoginRefused, match="no"):
        drive(step(), Scripted(LoginRefused("no")))
    assert closed == [True]


def test_a_bug_in_a_session_is_not_thrown_into_the_step_but_the_step_is_closed() -> None:
    closed = []

    def step() -> Step[str]:
        try:
            yield from ask(RunScript("id"))
        except Exception:
            closed.append("swallowed")
            raise
        finally:
            closed.append("closed")
        return "never"

    with pytest.raises(ZeroDivisionError):
        drive(step(), Scripted(ZeroDivisionError()))
    assert closed == ["closed"]
