"""What a play will look at first, as far as that shows before it runs: a host is then asked once, not task by task.

Nothing here decides anything. What is named needlessly is a look too many; what is missed, a script of its own.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from storefleet.errors import HostError
from storefleet.model.changes import Inquire, LookAhead, ReadFile, ReadText, ReadUnit
from storefleet.model.effects import Effect
from storefleet.modules.catalogue import CATALOGUE
from storefleet.playbook.language import Block, Entry, Include, Play, Task
from storefleet.playbook.scope import Data
from storefleet.playbook.state import PlayState
from storefleet.playbook.task import TaskRun
from storefleet.templating.filters import TemplateFault

_PLAIN = frozenset({"file", "user", "group", "sysctl"})
"""Subjects whose looks are cheap: they may be for nothing."""

_MOST = 200
"""Looks in one script; a play that needs more asks for the rest task by task."""


def look_ahead(within: PlayState, play: Play) -> LookAhead | None:
    """Return the first looks of the tasks of a play whose conditions and arguments are known now."""
    found: dict[Effect[Any], None] = {}
    for task in _tasks(within, tuple(entry for section in play.sections for entry in section)):
        for item in _items(within, task):
            first = _first(TaskRun(within, task), item)
            if first is None:
                continue
            found[first] = None
            if isinstance(first, ReadFile) and not CATALOGUE[task.module].looks and first.path != "/":
                found[ReadFile(posixpath.dirname(first.path))] = None  # which must be there where the file is to be
        if len(found) >= _MOST:
            break
    return LookAhead(tuple(found)[:_MOST]) if len(found) > 1 else None


def _tasks(within: PlayState, entries: tuple[Entry, ...]) -> Iterator[Task]:
    """Yield the tasks that may run: of a block not its rescue, of an include those of one that is sure to be."""
    for entry in entries:
        if isinstance(entry, Block):
            yield from _tasks(within, (*entry.tasks, *entry.always))
        elif isinstance(entry, Include):
            if entry.task.loop is None and _is_due(TaskRun(within, entry.task), Data()):
                yield from _tasks(within, entry.entries)
        elif entry.module in CATALOGUE and not entry.setting.delegate_to:
            yield entry


def _items(within: PlayState, task: Task) -> list[Data]:
    if task.loop is None:
        return [Data()]
    step = TaskRun(within, task).items()
    try:
        while True:
            next(step)
    except StopIteration as end:
        items: list[Data] = end.value
        return items
    except (TemplateFault, HostError):
        return []


def _is_due(run: TaskRun, item: Data) -> bool:
    try:
        return run.is_selected and run.chance(run.names(item)) == "sure"
    except TemplateFault:
        return False


def _first(run: TaskRun, item: Data) -> Effect[Any] | None:
    """Return what a task asks first, where that is a look which costs little; its module is not run any further."""
    if not _is_due(run, item):
        return None
    try:
        step = CATALOGUE[run.task.module].module(run.request(run.names(item)))
        effect = next(step, None)
        step.close()
    except (TemplateFault, HostError):
        return None
    if isinstance(effect, ReadFile | ReadUnit):
        return effect
    plain = isinstance(effect, ReadText | Inquire) and effect.subject.partition(":")[0] in _PLAIN
    return effect if plain and not (isinstance(effect, Inquire) and not effect.privileged) else None
