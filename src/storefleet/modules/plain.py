"""assert, debug, fail, set_fact, ping: what touches nothing."""

from __future__ import annotations

import json

from storefleet.errors import TaskFailed
from storefleet.model.effects import Step
from storefleet.modules.base import Done, Request


def debug(request: Request) -> Step[Done]:
    """Say something, or show a variable."""
    yield from ()
    if request.has("var"):
        name = request.text("var")
        return Done(changed=False, why=f"{name}: {request.render('{{ ' + name + ' }}')}")
    message = request.arguments.get("msg", "Hello world!")
    return Done(
        changed=False, why=message if isinstance(message, str) else json.dumps(message), values={"msg": message}
    )


def fail(request: Request) -> Step[Done]:
    """End this host's play on purpose."""
    yield from ()
    raise TaskFailed(request.text("msg", default="Failed as requested from task"))


def set_fact(request: Request) -> Step[Done]:
    """Name values for the tasks that follow."""
    yield from ()
    return Done(changed=False, values={name: value for name, value in request.arguments.items() if name != "cacheable"})
