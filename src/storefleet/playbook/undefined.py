"""Names that nobody defines, found before any host is asked: a misspelt variable must not wait for the night."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from storefleet.errors import Complaint, InputError, TaskFailed
from storefleet.model.base import Json
from storefleet.playbook.inventory_vars import read_variables, variables_below
from storefleet.playbook.language import Entry, Play, Task, tasks_of
from storefleet.playbook.sources import Sources
from storefleet.playbook.words import near
from storefleet.templating.engine import compile_expression, template_names

_GIVEN = frozenset(
    {"store", "host", "intended", "lists", "facts", "inventory_hostname", "inventory_hostname_short", "group_names"}
    | {"groups", "hostvars", "playbook_dir", "role_names", "role_name", "omit", "lookup", "query", "q", "range", "vars"}
    | {"item", "environment"}
)
_GUARD = re.compile(r"\bdefault\b|\bdefined\b|\bundefined\b|\bmandatory\b|\bd\(")
_OWN_FILES = 500
"""Files of host_vars beyond which they are not read for this."""


def undefined_names(plays: tuple[Play, ...], sources: Sources) -> list[Complaint]:
    """Return a complaint for every name that a task uses and nothing defines."""
    known = _known(plays, sources)
    return [] if known is None else [found for play in plays for found in _of_play(play, known)]


def _of_play(play: Play, known: frozenset[str]) -> Iterator[Complaint]:
    for task in _tasks(play):
        if task.setting.ignore_errors is not False:
            continue
        parts: list[Json] = [dict(task.arguments), task.loop.over if task.loop else None]
        used = set[str]().union(*(template_names(part) for part in parts), *_expressions(task))
        for name in sorted(used - known - _guarded(task)):
            if not name.startswith("ansible_"):
                hint = near(name, known)
                yield Complaint(
                    task.source.path, task.source.line, f"nothing defines the variable `{name}`{_short(hint)}"
                )


def _short(hint: str) -> str:
    return hint if "did you mean" in hint else ""


def _expressions(task: Task) -> Iterator[frozenset[str]]:
    for group in (task.setting.when, task.changed_when, task.failed_when, task.until):
        for expression in group or ():
            yield compile_expression(expression).names


def _guarded(task: Task) -> frozenset[str]:
    """Return the names for which the task provides: what stands beside `default` or `is defined` may be missing."""
    names: frozenset[str] = frozenset()
    for expression in task.setting.when:
        if _GUARD.search(expression):
            names |= compile_expression(expression).names
    for text in _texts([dict(task.arguments), task.loop.over if task.loop else None]):
        if _GUARD.search(text):
            names |= template_names(text)
    return names


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _tasks(play: Play) -> Iterator[Task]:
    entries: tuple[Entry, ...] = tuple(entry for section in play.sections for entry in section)
    yield from tasks_of((*entries, *play.handlers))


def _known(plays: tuple[Play, ...], sources: Sources) -> frozenset[str] | None:
    """Return every name that anything defines; ``None`` where that cannot be told beforehand."""
    names = set(_GIVEN)
    below = variables_below(sources, _OWN_FILES)
    if below is None:
        return None
    names |= below
    for play in plays:
        names |= {*play.variables, *play.defaults, *play.role_variables}
        for task in _tasks(play):
            setting = task.setting
            for layer in (*setting.variables, *setting.params):
                names |= set(layer)
            if setting.role:
                names |= {*setting.role.defaults, *setting.role.variables}
            if task.loop:
                names |= {task.loop.variable, *([task.loop.index] if task.loop.index else [])}
            names |= {task.register} if task.register else set()
            if task.module == "set_fact":
                names |= set(task.arguments)
            if task.module == "include_vars":
                found = _loaded(task, sources)
                if found is None:
                    return None
                names |= found
    return frozenset(names)


def _loaded(task: Task, sources: Sources) -> set[str] | None:
    name = str(task.arguments.get("file") or "")
    if task.arguments.get("name"):
        return {str(task.arguments["name"])}
    try:
        return set(read_variables(sources, name, task.setting.role.folder if task.setting.role else ""))
    except (TaskFailed, InputError):
        return None
