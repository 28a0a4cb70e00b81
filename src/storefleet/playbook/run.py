"""Running a playbook on one host, as a step: plays, sections, blocks and handlers in Ansible's order."""

from __future__ import annotations

from storefleet.model.changes import Chance
from storefleet.model.effects import Step
from storefleet.playbook.ahead import look_ahead
from storefleet.playbook.language import Block, Entry, Include, Play, Task
from storefleet.playbook.scope import Data
from storefleet.playbook.state import HostState, PlayState, Word
from storefleet.playbook.task import TaskRun

MAX_FLUSHES = 50
"""How often handlers may tell handlers before that is a mistake."""


def run_host(state: HostState) -> Step[HostState]:
    """Run the plays; a host that failed goes into no further one."""
    for play in state.plays:
        state.scope.magic = {**state.scope.magic, **state.magic(play)}
        word = yield from PlayRun(state, play).step()
        if word == "failed":
            state.counts["failed"] += 1
            break
    return state


class PlayRun:
    """One play on one host."""

    def __init__(self, host: HostState, play: Play) -> None:
        self.host, self.play = host, play
        self.state = PlayState(host, play, self.entries, self.flush)

    def step(self) -> Step[Word]:
        """Run the play and tell how it ended for this host."""
        if self.play.gather_facts:
            self.host.counts["ok"] += 1
            self.host.scope.facts = self.host.scope.facts or None  # a play before this one may have wanted none
        elif self.host.scope.facts is None:
            self.host.scope.facts = Data()
        if self.host.looks_ahead and (looks := look_ahead(self.state, self.play)) is not None:
            yield looks
        word: Word = "on"
        for section in self.play.sections:
            word = yield from self.entries(section)
            if word == "on":
                word = yield from self.flush()
            if word != "on":
                break
        if word == "failed" and self.play.force_handlers:
            yield from self.flush()
        return word

    def entries(self, entries: tuple[Entry, ...]) -> Step[Word]:
        """Run tasks and blocks in their order, until one ends the list."""
        for entry in entries:
            word: Word = yield from self._entry(entry)
            if word != "on":
                return word
        return "on"

    def _entry(self, entry: Entry) -> Step[Word]:
        if isinstance(entry, Block):
            return (yield from self._block(entry))
        return (yield from TaskRun(self.state, _task_of(entry)).step(entry))

    def _block(self, block: Block) -> Step[Word]:
        """Run a block; a task that fails in it leads into its rescue, and whatever happens, to `always`."""
        before = self.host.asked
        chance = self.state.chance
        word: Word = yield from self.entries(self._with_a_way_out(block))
        self.state.chance = chance
        if word == "failed" and block.rescue:
            if self.state.counted:
                self.host.counts["rescued"] += 1
            self.host.failure = None
            word = yield from self.entries(block.rescue)
        elif self.host.planning and block.rescue and word == "on" and self.host.asked > before:
            yield from self._what_if(block.rescue)
        if not block.always or word == "ended":
            return word
        failure = self.host.failure
        after: Word = yield from self.entries(block.always)
        self.host.failure = self.host.failure or failure
        return "failed" if word == "failed" else after

    def _with_a_way_out(self, block: Block) -> tuple[Entry, ...]:
        """In a plan, what stands behind the first task of a block with a rescue may not come up."""
        if self.host.planning and block.rescue and self.state.chance == "sure":
            self.state.chance = "unless"
        return block.tasks

    def _what_if(self, entries: tuple[Entry, ...]) -> Step[None]:
        """Plan what a rescue would do, for the case that a task of its block fails on the device."""
        found, failure, chance, counted = (
            Data(self.host.scope.found),
            self.host.failure,
            self.state.chance,
            self.state.counted,
        )
        ends, notified = list(self.host.ends), dict(self.state.notified)
        self.state.chance, self.state.counted = "maybe", False
        yield from self.entries(entries)
        self.state.chance, self.state.counted, self.host.failure = chance, counted, failure
        self.host.ends[:], self.host.scope.found = ends, found
        self.state.notified = {**dict.fromkeys(self.state.notified, "maybe"), **notified}

    # -- handlers

    def flush(self) -> Step[Word]:
        """Run every handler that was told, in the order in which they stand."""
        handlers = self._handlers()
        for _ in range(MAX_FLUSHES):
            if not any(self._heard(entry) for entry in handlers):
                break
            for number, entry in enumerate(handlers):
                heard = self._heard(entry)
                if heard is None:
                    continue
                self._forget(entry, handlers[number + 1 :])
                word = yield from self._handler(entry, heard)
                if word != "on":
                    return word
        return "on"

    def _handler(self, entry: Task | Include, heard: Chance) -> Step[Word]:
        chance, self.state.chance = self.state.chance, heard if heard != "sure" else self.state.chance
        word: Word = yield from TaskRun(self.state, _task_of(entry)).step(entry, told=True)
        self.state.chance = chance
        return word

    def _handlers(self) -> list[Task | Include]:
        flat: list[Task | Include] = []
        _flatten(self.play.handlers, flat)
        last = {_task_of(entry).name: entry for entry in flat}
        return [entry for entry in flat if not _task_of(entry).name or last[_task_of(entry).name] is entry]

    def _heard(self, entry: Task | Include) -> Chance | None:
        chances = [self.state.notified[name] for name in self._names_of(entry) if name in self.state.notified]
        return "sure" if "sure" in chances else chances[0] if chances else None

    def _names_of(self, entry: Task | Include) -> list[str]:
        task = _task_of(entry)
        return TaskRun(self.state, task).texts((task.name, *task.listen))

    def _forget(self, entry: Task | Include, later: list[Task | Include]) -> None:
        """Take back what one handler was told, except names that handlers behind it listen to as well."""
        kept = {name for other in later for name in self._names_of(other)}
        for name in self._names_of(entry):
            if name not in kept:
                self.state.notified.pop(name, None)


def _flatten(entries: tuple[Entry, ...], into: list[Task | Include]) -> None:
    for entry in entries:
        if isinstance(entry, Block):
            _flatten(entry.tasks, into)
        else:
            into.append(entry)


def _task_of(entry: Task | Include) -> Task:
    return entry.task if isinstance(entry, Include) else entry
