"""Running one task on one host: conditions, loops, retries, and what it means where only the device will know."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

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
    ReadFacts,
    StoreLocal,
    Wait,
)
from storefleet.model.effects import Effect, Step, ask
from storefleet.model.plan import Undecided
from storefleet.modules.base import Done, Request
from storefleet.modules.catalogue import CATALOGUE
from storefleet.modules.risk import class_of
from storefleet.playbook import results
from storefleet.playbook.facts import ansible_facts
from storefleet.playbook.inventory_vars import read_variables
from storefleet.playbook.language import Include, Task
from storefleet.playbook.results import Result, TaskEnd
from storefleet.playbook.scope import Data, Names
from storefleet.playbook.state import PlayState, Word
from storefleet.templating.filters import TemplateFault
from storefleet.templating.unknown import FactsDue, NotYetKnown, Unknown

R = TypeVar("R")
_SECONDS = 300.0
_ONLY_MADE = frozenset({"wait_for", "wait_for_connection", "fetch", "audit", "backup"})
"""What Ansible's check mode, and so a plan's recap, counts as skipped."""

_EXPRESSIONS = {"assert": "that", "debug": "var"}
"""The argument of a module that is an expression, to be judged as it stands."""

_FILES = frozenset({"copy", "template", "file", "lineinfile", "blockinfile", "replace", "get_url"})


@dataclass
class TaskRun:
    """One task in its play."""

    within: PlayState
    task: Task

    def step(self, entry: Task | Include, *, told: bool = False) -> Step[Word]:
        """Run it, count it, and tell how the play goes on; a handler that was ``told`` runs whatever its tags are."""
        task = self.task
        if not (self._is_here if told else self.is_selected):
            return "on"
        if task.module == "meta":
            return (yield from self._meta())
        if isinstance(entry, Include):
            return (yield from self._include(entry))
        result = yield from self._all_items()
        return self._ended(result)

    @property
    def is_selected(self) -> bool:
        """Tell whether tags and ``run_once`` let it run on this host."""
        return self.within.host.tags.select(self.task.setting.tags) and self._is_here

    @property
    def _is_here(self) -> bool:
        return not self.task.setting.run_once or self._is_first()

    def names(self, *own: Data) -> Names:
        """Return the names that the task sees."""
        setting, play, scope = self.task.setting, self.within.play, self.within.host.scope
        role = setting.role
        layers = (
            *own,
            *self.within.pushed,
            *reversed(setting.params),
            scope.found,
            scope.loaded,
            *reversed(setting.variables),
            *((role.variables,) if role else ()),
            play.role_variables,
            play.variables,
            scope.inventory,
            *((role.defaults,) if role else ()),
            play.defaults,
            scope.roots,
        )
        return Names(scope, tuple(layer for layer in layers if layer))

    def texts(self, texts: tuple[str, ...]) -> list[str]:
        """Return texts with their templates filled in; one that cannot be is itself."""
        found = []
        for text in texts:
            try:
                found.append(str(self.names().render(text)))
            except TemplateFault:
                found.append(text)
        return [text for text in found if text]

    def _is_first(self) -> bool:
        batch = self.within.host.scope.magic.get("ansible_play_batch")
        return (
            not isinstance(batch, list) or not batch or batch[0] == self.within.host.scope.magic["inventory_hostname"]
        )

    # -- one task and its items

    def _all_items(self) -> Step[Result]:
        task = self.task
        if task.loop is None:
            return (yield from self._attempt(lambda: self._once(Data())))
        try:
            items = yield from self._attempt(self.items)
        except (TemplateFault, TaskFailed) as fault:
            if (yield from self._attempt(self._says_no)):
                return results.skipped("when says no")
            if isinstance(fault, NotYetKnown):
                return self._undecided(str(fault), self.names())
            return results.failed(str(fault))
        found = []
        for item in items:
            result = yield from self._attempt(partial(self._once, item))
            values: Mapping[str, Json] = {**result.values, **item, "ansible_loop_var": task.loop.variable}  # type: ignore[dict-item]  # items are plain data
            found.append(Result(result.state, values, result.why))
        return results.together(found)

    def _says_no(self) -> Step[bool]:
        """Tell whether the condition says no whatever the items are: then a list that is not there is no fault."""
        yield from ()
        try:
            return self.chance(self.names()) is None
        except FactsDue:
            raise
        except TemplateFault:
            return False

    def items(self) -> Step[list[Data]]:
        """Return what the task is looped over; raises :class:`TemplateFault`, :class:`TaskFailed`."""
        yield from ()
        loop = self.task.loop
        assert loop is not None
        over = self.names().render(loop.over)
        if loop.pairs:
            if not isinstance(over, dict):
                raise TaskFailed("with_dict: a mapping is due here")
            over = [{"key": key, "value": value} for key, value in over.items()]
        if not isinstance(over, list):
            raise TaskFailed(f"loop: a list is due here, and this is a {type(over).__name__}")
        if loop.flat:
            over = [one for item in over for one in (item if isinstance(item, list) else [item])]
        index = [loop.index] if loop.index else []
        return [Data({loop.variable: item, **dict.fromkeys(index, number)}) for number, item in enumerate(over)]

    def _attempt(self, make: Callable[[], Step[R]]) -> Step[R]:
        """Run what may need facts of the host: they are read when they are, and it is begun anew."""
        try:
            return (yield from make())
        except FactsDue:
            yield from self.gather()
        return (yield from make())

    def gather(self) -> Step[None]:
        """Read the facts of the host."""
        scope = self.within.host.scope
        document = yield from ask(ReadFacts())
        scope.facts = Data({**ansible_facts(document), "facts": document})

    def _once(self, own: Data) -> Step[Result]:
        """Run the module once; whatever fails in a way that a playbook may go on from is a result."""
        names = self.names(own)
        try:
            chance = self.chance(names)
        except FactsDue:
            raise
        except TemplateFault as fault:
            return results.failed(f"when: {fault}")
        if chance is None:
            return results.skipped("when says no")
        return (yield from self._retried(names, chance))

    def chance(self, names: Names) -> Chance | None:
        """Tell whether the task is due, ``None`` where it is not."""
        chance = self.within.chance
        for expression in self.task.setting.when:
            try:
                if not names.holds(expression):
                    return None
            except FactsDue:
                raise
            except NotYetKnown:
                if not self.within.host.planning:
                    raise  # what is not known while it is made will never be
                chance = "maybe"
        return chance

    def _retried(self, names: Names, chance: Chance) -> Step[Result]:
        task = self.task
        if task.until is None:
            return (yield from self._judged(names, chance))
        retries, delay = (self._number(names, value) for value in (task.retries, task.delay))
        attempts = 0
        while True:
            attempts += 1
            result: Result = yield from self._judged(names, chance)
            if result.state in ("unknown", "skipped") or self._holds(names, task.until, result):
                return (
                    result
                    if result.state == "unknown"
                    else Result(result.state, {**result.values, "attempts": attempts}, result.why)
                )
            if self.within.host.planning and (self._looks or result.state != "failed"):
                self.within.host.asked += 1
                return Result("unknown", why="only the device will show whether it holds in time")
            if attempts > retries:
                return result.changed_to(
                    "failed", attempts=attempts - 1, msg=f"after {attempts} attempts: {result.why}"
                )
            yield from ask(Wait(float(delay)))

    def _number(self, names: Names, value: Json) -> float:
        found = names.render(value)
        try:
            return float(str(found))
        except ValueError:
            raise TaskFailed(f"{found!r:.40}: a number is due here") from None

    def _holds(self, names: Names, until: tuple[str, ...], result: Result) -> bool:
        """Tell whether it need not be tried again; with ``retries`` alone, as soon as it does not fail."""
        return self._all_hold(names, until, result) if until else result.state != "failed"

    def _all_hold(self, names: Names, expressions: tuple[str, ...], result: Result) -> bool:
        own = Data({self.task.register: result.registered(self.task.register)} if self.task.register else {})
        return all(names.above(own).holds(expression) for expression in expressions)

    def _judged(self, names: Names, chance: Chance) -> Step[Result]:
        """Run the module, and let `changed_when` and `failed_when` say what its result means."""
        result: Result = yield from self._run(names, chance)
        if result.state in ("skipped", "unknown"):
            return result
        task = self.task
        try:
            if task.changed_when is not None and result.state != "failed":
                result = result.changed_to("changed" if self._all_hold(names, task.changed_when, result) else "ok")
            if task.failed_when is not None:
                fails = self._all_hold(names, task.failed_when, result)
                changed = bool(result.values.get("changed"))
                result = result.changed_to("failed" if fails else "changed" if changed else "ok")
                if fails:
                    result = Result(
                        "failed", {"msg": "failed_when says so", **result.values}, result.why or "failed_when says so"
                    )
                elif task.changed_when is not None:
                    result = result.changed_to("changed" if self._all_hold(names, task.changed_when, result) else "ok")
        except TemplateFault as fault:
            return results.failed(str(fault))
        return result

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
            run.ends.append(TaskEnd(self.task.shown, "failed", self._shown(str(fault))))
            raise
        result = results.done(found)
        run.notes += found.notes
        run.unknowns += found.unknown or chance != "sure"
        if found.unknown and not self._looks:
            run.asked += 1
        if run.planning and chance == "maybe" and not self._looks:
            return Result("unknown", why=result.why)
        return result

    @property
    def _looks(self) -> bool:
        entry = CATALOGUE.get(self.task.module)
        return entry is None or entry.looks

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
        if self.task.module not in _FILES:
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

    # -- the module

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

    # -- the end

    def _shown(self, why: str) -> str:
        return "its words are hidden (no_log)" if self.task.setting.no_log else why

    def _ended(self, result: Result) -> Word:
        """Count the task, keep its result, tell its handlers."""
        task, within, run = self.task, self.within, self.within.host
        state = result.state
        run.unknowns += state == "unknown"
        ignored = state == "failed" and self._ignores()
        self._count(result, ignored=ignored)
        run.ends.append(TaskEnd(task.shown, "ignored" if ignored else state, self._shown(result.why)))
        if task.module == "set_fact" and state == "unknown":
            run.scope.found.update({name: Unknown(name) for name in task.arguments})
        if task.register:
            run.scope.found[task.register] = result.registered(task.register)
        if state in ("changed", "unknown") and task.notify:
            within.notify(tuple(self.texts(task.notify)), "maybe" if state == "unknown" else within.chance)
        if state == "failed" and not ignored:
            run.failure = run.ends[-1]
            told = {"name": task.shown, "action": task.module}
            run.scope.found.update(ansible_failed_task=told, ansible_failed_result=dict(result.values))
            return "failed"
        return "on"

    def _ignores(self) -> bool:
        try:
            return bool(self.names().render(self.task.setting.ignore_errors))
        except TemplateFault:
            return False

    def _count(self, result: Result, *, ignored: bool = False) -> None:
        counts, state = self.within.host.counts, result.state
        changed = bool(result.values.get("changed"))
        if not self.within.counted or (self.within.host.planning and self.within.chance == "maybe"):
            return
        not_made = self.within.host.planning and self.task.module in _ONLY_MADE
        if state == "skipped" or (state == "unknown" and not changed and not self._looks) or not_made:
            counts["skipped"] += 1
        elif state != "failed" or ignored:
            counts["ok"] += 1
            counts["changed"] += changed
            counts["ignored"] += ignored

    # -- what is no module

    def _meta(self) -> Step[Word]:
        word = str(self.task.arguments.get("free_form"))
        result = yield from self._attempt(self._due)
        if result.state == "failed":
            return self._ended(result)
        if result.state == "skipped" or word == "noop":
            return "on"
        if word == "flush_handlers":
            return (yield from self.within.flush())
        if result.state == "unknown":  # whether anything behind it comes up, only the device will show
            self.within.chance = "maybe"
            return "on"
        return "ended"

    def _due(self, own: Data | None = None) -> Step[Result]:
        yield from ()
        try:
            chance = self.chance(self.names(own or Data()))
        except FactsDue:
            raise
        except TemplateFault as fault:
            return results.failed(f"when: {fault}")
        if chance is None:
            return results.skipped("when says no")
        return Result("unknown" if chance == "maybe" and self.within.chance != "maybe" else "ok")

    def _include(self, include: Include) -> Step[Word]:
        """Run what an include brings, once per item of its loop."""
        items = [Data()]
        if self.task.loop is not None:
            try:
                items = yield from self._attempt(self.items)
            except (TemplateFault, TaskFailed) as fault:
                if not (yield from self._attempt(self._says_no)):
                    return self._ended(results.failed(str(fault)))
                items = []
        all_skipped = True
        for item in items:
            result: Result = yield from self._attempt(partial(self._due, item))
            if result.state == "failed":
                return self._ended(result)
            if result.state == "skipped":
                continue
            all_skipped = False
            self._count(result)
            word = yield from self._inside(include, item, maybe=result.state == "unknown")
            if word != "on":
                return word
        if all_skipped:
            self._count(results.skipped("when says no"))
        return "on"

    def _inside(self, include: Include, item: Data, *, maybe: bool) -> Step[Word]:
        within = self.within
        pushed, chance = within.pushed, within.chance
        within.pushed = (item, *pushed) if item else pushed
        within.chance = "maybe" if maybe else chance
        word: Word = yield from within.entries(include.entries)
        within.pushed, within.chance = pushed, chance
        return word


def _as_if_checked(found: Done) -> Done:
    """Return what Ansible registers of a command that ``check_mode: true`` keeps from running."""
    values: dict[str, Json] = {"rc": 0, "stdout": "", "stderr": "", "stdout_lines": [], "stderr_lines": []}
    return replace(found, unknown=False, skipped=not found.changed, values=values, why="check_mode: true")


def _is_blind(change: Effect[Any], task: Task) -> bool:
    return isinstance(change, Alter) and change.subject.startswith("command:") and not task.changes_nothing
