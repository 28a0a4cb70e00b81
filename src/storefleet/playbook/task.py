"""Running one task on one host: its items, retries, what its result means, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import (
    Chance,
    Wait,
)
from storefleet.model.effects import Step, ask
from storefleet.playbook import results
from storefleet.playbook.call import ONLY_MADE, Call
from storefleet.playbook.language import Include, Task
from storefleet.playbook.results import Result, TaskEnd
from storefleet.playbook.scope import Data, Names
from storefleet.playbook.state import Word
from storefleet.templating.engine import compile_expression
from storefleet.templating.filters import TemplateFault
from storefleet.templating.unknown import FactsDue, NotYetKnown, Unknown


@dataclass
class TaskRun(Call):
    """One task in its play, run to its end."""

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
        try:
            self._meet_facts(names)
            return (yield from self._retried(names, chance))
        except FactsDue:
            raise
        except NotYetKnown as fault:
            return self._undecided(str(fault), names)
        except (TemplateFault, TaskFailed) as fault:
            return results.failed(str(fault))

    def _meet_facts(self, names: Names) -> None:
        """Have the facts that judge the result read before the module runs, which must not run twice for them.

        Those that say who is notified as well.
        """
        for expressions in (self.task.changed_when, self.task.failed_when, self.task.until):
            for expression in expressions or ():
                names.roots(compile_expression(expression).names - {self.task.register or ""})
        self._meet_facts_of_notify(names)

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

    def _ended(self, result: Result) -> Word:
        """Count the task, keep its result, tell its handlers."""
        task, within, run = self.task, self.within, self.within.host
        told, others = self._heard_of() if result.state in ("changed", "unknown") else ([], ())
        if (unheard := self._unheard(told)) is not None:
            why = f"notify: no handler is called {unheard!r:.80}"
            result = Result("failed", {**result.values, "failed": True, "msg": why}, why)
        state = result.state
        run.unknowns += state == "unknown"
        ignored = state == "failed" and self._ignores()
        self._count(result, ignored=ignored)
        run.ends.append(TaskEnd(task.shown, "ignored" if ignored else state, self._shown(result.why), task.where))
        if task.module == "set_fact" and state == "unknown":
            run.scope.found.update({name: Unknown(name) for name in task.arguments})
        if task.register:
            run.scope.found[task.register] = result.registered(task.register)
        if state != "failed":
            within.notify(tuple(told), "maybe" if state == "unknown" else within.chance)
            within.notify(others, "maybe")
        if state == "failed" and not ignored:
            run.failure = run.ends[-1]
            failed_task = {"name": task.shown, "action": task.module}
            run.scope.found.update(ansible_failed_task=failed_task, ansible_failed_result=dict(result.values))
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
        not_made = self.within.host.planning and self.task.module in ONLY_MADE
        if state == "skipped" or (state == "unknown" and not changed and not self._looks) or not_made:
            counts["skipped"] += 1
        elif state != "failed" or ignored:
            counts["ok"] += 1
            counts["changed"] += changed
            counts["ignored"] += ignored

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
