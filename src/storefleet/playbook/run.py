"""Running a play on one host, as a step: tasks in their order, handlers once at the end, as Ansible does it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from storefleet.errors import ChangeFailed, HostError, TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import Change
from storefleet.model.effects import Effect, Step
from storefleet.modules.base import Done, ReadLocal, Request
from storefleet.modules.catalogue import CATALOGUE
from storefleet.playbook.language import Play, Task
from storefleet.templating.engine import compile_expression, render_value
from storefleet.templating.filters import TemplateFault

RenderText = Callable[[str, Mapping[str, object]], str]
Ended = Literal["ok", "changed", "skipped", "failed", "ignored"]


@dataclass(frozen=True)
class TaskEnd:
    """How one task ended on a host, with the reason where it changed nothing."""

    task: str
    ended: Ended
    why: str = ""


@dataclass
class HostPlay:
    """One play on one host. ``roots`` are what templates may use: store, host, intended, inventory_hostname."""

    play: Play
    roots: Mapping[str, object]
    read_local: ReadLocal
    render_text: RenderText
    ends: list[TaskEnd] = field(default_factory=list)
    _names: dict[str, object] = field(default_factory=dict)
    _notified: list[str] = field(default_factory=list)

    def step(self) -> Step[tuple[TaskEnd, ...]]:
        """Run the play; a task that fails ends it, and its handlers do not run, unless its errors are ignored."""
        try:
            for name, value in self.play.variables.items():
                self._names[name] = self._render(value, {})
        except TaskFailed as fault:
            self.ends.append(TaskEnd("vars", "failed", str(fault)))
            return tuple(self.ends)
        for task in self.play.tasks:
            if not (yield from self._task(task)):
                return tuple(self.ends)
        for handler in self.play.handlers:
            if self._is_heard(handler) and not (yield from self._task(handler)):
                break
        return tuple(self.ends)

    def _is_heard(self, handler: Task) -> bool:
        return any(name in self._notified for name in (handler.name, *handler.listen) if name)

    def _render(self, value: Json, own: Mapping[str, object]) -> Json:
        try:
            return render_value(value, {**self.roots, **self._names, **own})
        except TemplateFault as fault:
            raise TaskFailed(str(fault)) from fault

    def _task(self, task: Task) -> Step[bool]:
        """Run one task and tell whether the play goes on."""
        try:
            ended, done, why = yield from self._run(task)
        except HostError as fault:
            ignored = task.ignore_errors and isinstance(fault, TaskFailed | ChangeFailed)
            why = "its words are hidden (no_log)" if task.no_log else str(fault)
            self.ends.append(TaskEnd(task.shown, "ignored" if ignored else "failed", why))
            if not isinstance(fault, TaskFailed | ChangeFailed):
                raise
            if task.register:
                self._names[task.register] = {"changed": False, "failed": True, "skipped": False, "msg": str(fault)}
            return ignored
        self.ends.append(TaskEnd(task.shown, ended, "" if task.no_log else why))
        if task.register:
            self._names[task.register] = done
        if ended == "changed":
            self._notified += task.notify
        return True

    def _run(self, task: Task) -> Step[tuple[Ended, dict[str, Json], str]]:
        if task.loop is None:
            return _as_end([(yield from self._once(task, {}))], looped=False)
        items = self._render(task.loop, task.variables)
        if not isinstance(items, list):
            raise TaskFailed("loop: a list is due here")
        results: list[Done | None] = []
        for item in items:
            results += [(yield from self._once(task, {"item": item}))]
        return _as_end(results, looped=True)

    def _once(self, task: Task, item: dict[str, object]) -> Step[Done | None]:
        """Run the module once; ``None`` where ``when`` says no."""
        own = {**item, **{name: self._render(value, item) for name, value in task.variables.items()}}
        if not all(self._holds(expression, own) for expression in task.when):
            return None
        arguments = self._render(dict(task.arguments), own)
        assert isinstance(arguments, dict)
        roots = {**self.roots, **self._names, **own}
        request = Request(arguments, self.read_local, lambda text: self.render_text(text, roots))
        done = yield from _labelled(CATALOGUE[task.module].module(request), task)
        if task.module == "set_fact":
            self._names.update(done.values or {})
        return done

    def _holds(self, expression: str, own: Mapping[str, object]) -> bool:
        try:
            return bool(compile_expression(expression).render({**self.roots, **self._names, **own}))
        except TemplateFault as fault:
            raise TaskFailed(f"when: {fault}") from fault


def _labelled(step: Step[Done], task: Task) -> Generator[Effect[Any], Any, Done]:
    """Put the task's name on every change that its module asks for, and whether its content is to be hidden."""
    try:
        effect = next(step)
        while True:
            if isinstance(effect, Change):
                effect = msgspec.structs.replace(effect, task=task.shown, hidden=task.no_log)
            try:
                answer = yield effect
            except HostError as fault:
                effect = step.throw(fault)
            else:
                effect = step.send(answer)
    except StopIteration as end:
        done: Done = end.value
        return done


def _as_end(results: list[Done | None], *, looped: bool) -> tuple[Ended, dict[str, Json], str]:
    """Sum up one task over its items, as Ansible does: changed where one is, skipped only where all are."""
    ran = [done for done in results if done is not None]
    changed = any(done.changed for done in ran)
    values = {"changed": changed, "failed": False, "skipped": not ran}
    told: list[Json] = [_registered(done) for done in results]
    kept: dict[str, Json] = {**values, "results": told} if looped else {**values, **(_registered(results[0]))}
    why = "" if changed or not ran else ran[-1].why
    if not ran:
        return "skipped", kept, "when says no" if results else "there is nothing to loop over"
    return ("changed" if changed else "ok"), kept, why


def _registered(done: Done | None) -> dict[str, Json]:
    if done is None:
        return {"changed": False, "failed": False, "skipped": True}
    return {**(done.values or {}), "changed": done.changed, "failed": False, "skipped": False}
