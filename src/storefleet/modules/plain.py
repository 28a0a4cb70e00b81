"""assert, debug, fail, set_fact, ping: what touches nothing."""

from __future__ import annotations

from storefleet.errors import TaskFailed
from storefleet.model.effects import Step
from storefleet.modules.base import Done, Request


def debug(request: Request) -> Step[Done]:
    """Say something."""
    yield from ()
    return Done(changed=False, why=request.text("msg", default="Hello world!"))


def fail(request: Request) -> Step[Done]:
    """End this host's play on purpose."""
    yield from ()
    raise TaskFailed(request.text("msg", default="Failed as requested from task"))


def set_fact(request: Request) -> Step[Done]:
    """Name values for the tasks that follow."""
    yield from ()
    return Done(changed=False, values={name: value for name, value in request.arguments.items() if name != "cacheable"})
