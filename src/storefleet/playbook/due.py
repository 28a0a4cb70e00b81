"""What a task sees, and whether and over what it is due on one host."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from storefleet.errors import TaskFailed
from storefleet.model.changes import (
    Chance,
    ReadFacts,
)
from storefleet.model.effects import Step, ask
from storefleet.playbook import results
from storefleet.playbook.facts import ansible_facts
from storefleet.playbook.language import Task, heard_by, tasks_of
from storefleet.playbook.results import Result
from storefleet.playbook.scope import Data, Names
from storefleet.playbook.state import PlayState
from storefleet.templating.filters import TemplateFault
from storefleet.templating.unknown import FactsDue, NotYetKnown

R = TypeVar("R")


@dataclass
class Due:
    """One task in its play: its names, its conditions, its items."""

    within: PlayState
    task: Task

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

    # -- whom it notifies

    def _meet_facts_of_notify(self, names: Names) -> None:
        for text in self.task.notify:
            try:
                names.render(text)
            except FactsDue:
                raise
            except TemplateFault:
                continue

    def _heard_of(self) -> tuple[list[str], tuple[str, ...]]:
        """Return the names that are notified, and all of the play where only the device will show which it is."""
        known: list[str] = []
        others: tuple[str, ...] = ()
        for text in self.task.notify:
            try:
                found = self.names().render(text)
            except NotYetKnown:
                every = tasks_of(self.within.play.handlers)
                others = tuple(name for one in every for name in self.texts((one.name, *one.listen)))
            except TemplateFault:
                known.append(text)
            else:
                known += [str(name) for name in (found if isinstance(found, list) else [found]) if name]
        return known, others

    def _unheard(self, told: Sequence[str]) -> str | None:
        """Return the first of these names to which no handler of the play listens."""
        heard = heard_by(self.within.play.handlers) if told else None
        return None if heard is None else next((name for name in told if name not in heard), None)
