"""One call of a task's module on one host, and what it means where only the device will know."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from storefleet.errors import ChangeFailed, HostError, TaskFailed, Undetermined
from storefleet.model.base import Json
from storefleet.model.changes import (
    Alter,
    AwaitHost,
    Chance,
    Change,
    ChangeClass,
    On,
    PutFile,
    StoreLocal,
    Wait,
)
from storefleet.model.effects import Effect, Step
from storefleet.model.plan import Undecided
from storefleet.modules.base import Done, Request
from storefleet.modules.catalogue import CATALOGUE
from storefleet.modules.risk import class_of
from storefleet.playbook import results
from storefleet.playbook.due import Due
from storefleet.playbook.inventory_vars import read_variables
from storefleet.playbook.language import Task
from storefleet.playbook.results import Result, TaskEnd
from storefleet.playbook.scope import Names
from storefleet.templating.engine import is_template
from storefleet.templating.filters import TemplateFault
from storefleet.templating.unknown import FactsDue, NotYetKnown

_SECONDS = 300.0
ONLY_MADE = frozenset({"wait_for", "wait_for_connection", "fetch", "audit", "backup"})
"""What Ansible's check mode, and so a plan's recap, counts as skipped."""

_EXPRESSIONS = {"assert": "that", "debug": "var"}
"""The argument of a module that is an expression, to be judged as it stands."""

_FILES = frozenset({"copy", "template", "file", "lineinfile", "blockinfile", "replace", "get_url"})


@dataclass
class Call(Due):
    """A task whose module is called."""

    @property
    def _looks(self) -> bool:
        entry = CATALOGUE.get(self.task.module)
        return entry is None or entry.looks

    def _shown(self, why: str) -> str:
        return "its words are hidden (no_log)" if self.task.setting.no_log else why

    def _run(self, names: Names, chance: Chance) -> Step[Result]:
        run = self.within.host
        try:
            request = self.request(names)
        except FactsDue:
            raise
        except NotYetKnown as fault:
            return self._undecided(str(fault), names)
        except TemplateFault as fault:
            return self._failed(str(fault), names, chance)
        try:
            found = yield from self._called(request, chance, names)
        except FactsDue:
            raise
        except (NotYetKnown, Undetermined) as fault:
            return self._undecided(str(fault), names)
        except (TemplateFault, TaskFailed, ChangeFailed) as fault:
            return self._failed(str(fault), names, chance)
        except HostError as fault:
            run.ends.append(TaskEnd(self.task.shown, "failed", self._shown(str(fault)), self.task.where))
            raise
        result = results.done(found)
        run.notes += found.notes
        self._tell(found.said, chance)
        run.unknowns += found.unknown or chance != "sure"
        if found.unknown and not self._looks:
            run.asked += 1
        if run.planning and chance == "maybe" and not self._looks:
            return Result("unknown", why=result.why)
        return result

    def _tell(self, said: str, chance: Chance) -> None:
        """Keep what is said for people, where it is sure to be said and nobody asked for silence."""
        if said and chance == "sure" and self.within.counted and not self.task.setting.no_log:
            self.within.host.say(said)

    def _failed(self, message: str, names: Names, chance: Chance) -> Result:
        """Take a failure for what it is, unless it may be gone when the tasks before it have run."""
        run = self.within.host
        if run.planning and (chance == "maybe" or run.blind) and not self._looks:
            return self._undecided(message, names)
        return results.failed(message)

    def _undecided(self, why: str, names: Names) -> Result:
        """Leave the task to the device: the plan says so, and how bad it may become at most."""
        run = self.within.host
        if not run.planning:
            return results.failed(why)
        run.unknowns += 1
        if not self._looks:
            run.asked += 1
            found = Undecided(self.task.position, self.task.shown, self._shown(why), self._bound(names))
            if found not in run.undecided:
                run.undecided.append(found)
        return Result("unknown", why=why)

    def _bound(self, names: Names) -> ChangeClass:
        """Return the worst class that the task may have: that of its file where its name is known, else any."""
        checked = self.task.arguments.get("validate")
        if self.task.module not in _FILES or (isinstance(checked, str) and is_template(checked)):
            return "path"
        for word in ("dest", "path", "name"):
            try:
                path = names.render(self.task.arguments.get(word))
            except TemplateFault:
                return "path"
            if isinstance(path, str) and path.startswith("/") and not path.endswith("/"):
                found = PutFile(path=path, content=b"", mode=0, owner="", group="", before=None)
                return class_of(found)
        return "path"

    def request(self, names: Names) -> Request:
        """Return the call of the module; raises :class:`TemplateFault`."""
        task, run = self.task, self.within.host
        setting = task.setting
        arguments = names.render({word: part for word, part in task.arguments.items() if not self._judged_later(word)})
        assert isinstance(arguments, dict)
        arguments |= {word: part for word, part in task.arguments.items() if self._judged_later(word)}
        environment: dict[str, str] = {}
        for layer in setting.environment:
            rendered = names.render(dict(layer))
            assert isinstance(rendered, dict)
            environment |= {name: str(value) for name, value in rendered.items() if value is not None}
        folder = setting.role.folder if setting.role else ""
        return Request(
            arguments,
            lambda kind, name: run.sources.read(kind, name, folder),
            names.file,
            list_local=lambda kind, name: run.sources.names(kind, name, folder),
            local_mode=lambda kind, name: run.sources.mode(kind, name, folder),
            holds=names.holds,
            golden=run.golden,
            host=str(run.scope.magic.get("inventory_hostname", "")),
            user=str(names.render(setting.user)),
            environment=environment,
            timeout_s=setting.timeout_s or _SECONDS,
            question=setting.check_mode is False and task.changes_nothing,
            harmless=task.changes_nothing,
        )

    def _judged_later(self, word: str) -> bool:
        """Tell whether an argument is an expression: what a device said must not get into one as text."""
        return word == _EXPRESSIONS.get(self.task.module)

    def _called(self, request: Request, chance: Chance, names: Names) -> Step[Done]:
        run, module = self.within.host, self.task.module
        if module in ("setup", "gather_facts"):
            yield from self.gather()
            return Done(changed=False)
        if module == "include_vars":
            return self._include_vars(request)
        other = str(names.render(self.task.setting.delegate_to))
        found: Done = yield from self._labelled(CATALOGUE[module].module(request), chance, other)
        if module == "set_fact":
            run.scope.found.update(found.values or {})
        return _as_if_checked(found) if found.unknown and self.task.setting.check_mode is True else found

    def _include_vars(self, request: Request) -> Done:
        run, role = self.within.host, self.task.setting.role
        loaded = read_variables(run.sources, request.text("file"), role.folder if role else "")
        name = request.text("name", default="")
        run.scope.loaded.update({name: loaded} if name else loaded)
        return Done(changed=False, values={"ansible_facts": loaded})

    def _labelled(self, step: Step[Done], chance: Chance, other: str) -> Generator[Effect[Any], Any, Done]:
        """Put on every change of a module which task asks for it, and how sure it is; a mere look makes none."""
        task, run = self.task, self.within.host
        hidden = bool(task.setting.no_log)
        try:
            effect = next(step)
            while True:
                if task.setting.check_mode is True and isinstance(effect, Change | Wait | AwaitHost | StoreLocal):
                    effect = step.send(None if isinstance(effect, Change) else False)
                    continue
                if isinstance(effect, Change):
                    effect = msgspec.structs.replace(
                        effect,
                        task=task.shown,
                        hidden=hidden,
                        position=task.position,
                        chance=chance,
                        loose=run.blind,
                        behind=run.unknowns,
                    )
                    run.asked += 1
                    run.blind = run.blind or _is_blind(effect, task)
                try:
                    answer = yield On(other, effect) if other else effect
                except HostError as fault:
                    effect = step.throw(fault)
                else:
                    effect = step.send(answer)
        except StopIteration as end:
            found: Done = end.value
            return found


def _as_if_checked(found: Done) -> Done:
    """Return what Ansible registers of a command that ``check_mode: true`` keeps from running."""
    values: dict[str, Json] = {"rc": 0, "stdout": "", "stderr": "", "stdout_lines": [], "stderr_lines": []}
    return replace(found, unknown=False, skipped=not found.changed, values=values, why="check_mode: true")


def _is_blind(change: Effect[Any], task: Task) -> bool:
    return isinstance(change, Alter) and change.subject.startswith("command:") and not task.changes_nothing
