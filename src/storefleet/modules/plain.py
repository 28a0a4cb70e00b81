"""assert, debug, fail, set_fact, ping: what touches nothing."""

from __future__ import annotations

import json

from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import Inquire
from storefleet.model.effects import Step, ask
from storefleet.modules.base import Done, Request


def debug(request: Request) -> Step[Done]:
    """Say something, or what a variable holds."""
    yield from ()
    if request.number("verbosity", 0) > 0:
        return Done(changed=False, why="it speaks only where more words are wanted", skipped=True)
    if request.has("var"):
        name = request.arguments["var"]
        said = _text(name) if not isinstance(name, str) else request.render(_printed(name))
        return Done(changed=False, why=said, values={_text(name): said}, said=f"{_text(name)}: {said}")
    message = request.arguments.get("msg", "Hello world!")
    return Done(changed=False, why=_text(message), values={"msg": message}, said=_text(message))


def _printed(name: str) -> str:
    """Return the template that prints what ``var`` names; one with braces is a template already, and no name."""
    return name if "{{" in name or "{%" in name else "{{ " + name + " }}"


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def fail(request: Request) -> Step[Done]:
    """End this host's play on purpose."""
    yield from ()
    raise TaskFailed(request.text("msg", default="Failed as requested from task"))


def set_fact(request: Request) -> Step[Done]:
    """Name values for the tasks that follow."""
    yield from ()
    return Done(changed=False, values={name: value for name, value in request.arguments.items() if name != "cacheable"})


def ping(request: Request) -> Step[Done]:
    """Show that the host runs a script of ours."""
    data = request.text("data", default="pong")
    if data == "crash":
        raise TaskFailed("boom")
    answer = yield from ask(Inquire("echo pong"))
    if answer.exit_status != 0 or answer.stdout.strip() != b"pong":
        raise TaskFailed("the host answers, but not with what it was asked for")
    return Done(changed=False, why=data, values={"ping": data})


def assert_(request: Request) -> Step[Done]:
    """Fail unless every expression holds."""
    yield from ()
    that = request.arguments.get("that")
    if that is None:
        raise TaskFailed("that is due here: an expression or several")
    for expression in that if isinstance(that, list) else [that]:
        holds = expression if isinstance(expression, bool) else request.holds(_expression(expression))
        if not holds:
            said = request.text("fail_msg", "msg", default="Assertion failed")
            values: dict[str, Json] = {"assertion": expression, "evaluated_to": False, "msg": said}
            return Done(changed=False, failed=f"{said}: {_text(expression)}", values=values)
    said = request.text("success_msg", default="All assertions passed")
    return Done(changed=False, why=said, values={"msg": said})


def _expression(value: Json) -> str:
    if isinstance(value, str) and value.strip():
        inner = value.strip()[2:-2]
        whole = value.strip().startswith("{{") and value.strip().endswith("}}") and "{{" not in inner
        if not whole and ("{{" in value or "{%" in value):
            raise TaskFailed(f"that: {value!r:.80}: an expression stands there without braces, as in `when`")
        return inner.strip() if whole else value
    if isinstance(value, int | float):
        return str(value)
    raise TaskFailed(f"that: an expression is due here, not {value!r:.60}")
