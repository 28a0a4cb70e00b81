"""Reading a playbook: what runs here is taken, everything else is refused at its line with what to do instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from storefleet.documents import yaml11
from storefleet.documents.nodes import Mapping, Node, Sequence, Source
from storefleet.documents.reader import parse
from storefleet.errors import InputError
from storefleet.model.base import Json
from storefleet.playbook.language import Block, Entry, Play, Playbook, Role, Setting, Task, heard_by, tasks_of
from storefleet.playbook.sources import Sources, sources_of
from storefleet.playbook.tasks import Tasks
from storefleet.playbook.undefined import undefined_names
from storefleet.playbook.words import PLAY, near
from storefleet.templating.engine import is_template

_PERCENT = re.compile(r"(100|[1-9]?[0-9])%")


class _Loader(Tasks):
    """Reads the plays of one file."""

    def playbook(self, node: Node | None, shown: str) -> tuple[Play, ...]:
        if not isinstance(node, Sequence) or not node.items:
            self.complain(node.source if node else Source(shown, 1), "a playbook is a list of plays: `- hosts: …`")
            return ()
        return tuple(play for item in node.items if (play := self._play(item)) is not None)

    def _play(self, node: Node) -> Play | None:
        if not isinstance(node, Mapping):
            self.complain(node.source, "a play is a mapping that begins with `hosts:`")
            return None
        words = self.words(node, PLAY, "a play")
        hosts = words.get("hosts")
        chosen = ":".join(self.texts(hosts))
        if not chosen:
            self.complain(node.source, "a play needs `hosts:`, as in `hosts: role=till`")
        outer = {word: part for word, part in words.items() if word not in ("vars", "name")}
        around = self.setting(outer, Setting())
        self._done.clear()
        roles = self._roles(words.get("roles"), around)
        sections = (
            self.entries(words.get("pre_tasks"), around),
            (*roles, *self.entries(words.get("tasks"), around)),
            self.entries(words.get("post_tasks"), around),
        )
        public = _roles_of(tuple(entry for section in sections for entry in _static(section)))
        play = Play(
            name=self.text(words.get("name")) or chosen,
            hosts=chosen,
            sections=sections,
            handlers=(*self._role_handlers(sections, around), *self.entries(words.get("handlers"), around)),
            source=node.source,
            variables={**self.mapping(words.get("vars"), "vars"), **self._files(words.get("vars_files"))},
            defaults={name: value for role in public for name, value in role.defaults.items()},
            role_variables={name: value for role in public for name, value in role.variables.items()},
            gather_facts=self.flag(words.get("gather_facts"), default=True),
            force_handlers=self.flag(words.get("force_handlers"), default=False),
            any_errors_fatal=self.flag(words.get("any_errors_fatal"), default=False),
            serial_stores=self._stores(words.get("serial"), "serial"),
            serial_hosts=self._serial(words.get("serial")),
            max_fail_stores=self._stores(words.get("max_fail"), "max_fail"),
            max_fail_percentage=self._percentage(words.get("max_fail_percentage")),
            lanes_at_once=self._lanes(words.get("lanes_at_once")),
        )
        self._notified(play)
        return play

    def _roles(self, node: Node | None, around: Setting) -> tuple[Entry, ...]:
        """Return the tasks of the roles of a play."""
        entries: list[Entry] = []
        for item in node.items if isinstance(node, Sequence) else ():
            if (found := self.role_entry(item, around)) is not None:
                entries += self.role(found[0], item.source, found[1], {}, once=True)
        return tuple(entries)

    def _role_handlers(self, sections: tuple[tuple[Entry, ...], ...], around: Setting) -> tuple[Entry, ...]:
        roles = _roles_of(tuple(entry for section in sections for entry in section))
        return tuple(handler for role in roles for handler in self.role_handlers(role, around))

    def _files(self, node: Node | None) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for name in self.texts(node):
            path = None if is_template(name) else self.sources.find(name, f"vars/{name}")
            if path is None or not path.is_file():
                assert node is not None
                self.complain(node.source, f"vars_files: there is no file {name} beside the playbook")
                continue
            found |= self.mapping(self.parsed(path), name)
        return found

    def _stores(self, node: Node | None, word: str) -> int | None:
        """Return the number in ``{stores: 10}``, ``None`` where hosts are counted."""
        count = yaml11.value(node) if node is not None else None
        if node is None or (word == "serial" and not isinstance(count, dict)):
            return None
        number = count.get("stores") if isinstance(count, dict) and set(count) == {"stores"} else None
        if isinstance(number, int) and not isinstance(number, bool) and number >= (word == "serial"):
            return number
        self.complain(node.source, f"`{word}` counts stores as `{word}: {{stores: 1}}`")
        return None

    def _serial(self, node: Node | None) -> tuple[int | str, ...]:
        """Return how many hosts are one batch, batch by batch: numbers, or parts of all as ``30%``."""
        count = yaml11.value(node) if node is not None else None
        if node is None or isinstance(count, dict):
            return ()
        steps: list[int | str] = []
        for step in count if isinstance(count, list) else [count]:
            if isinstance(step, int) and not isinstance(step, bool) and step >= 1:
                steps.append(step)
            elif isinstance(step, str) and (step.isdecimal() or _PERCENT.fullmatch(step)) and step.strip("%0"):
                steps.append(int(step) if step.isdecimal() else step)
            else:
                self.complain(node.source, "serial: a number of hosts, a part as 30%, or {stores: 10} is due here")
        return tuple(steps)

    def _percentage(self, node: Node | None) -> float | None:
        if node is None:
            return None
        value = yaml11.value(node)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100:
            return float(value)
        self.complain(node.source, "max_fail_percentage: a number from 0 to 100 is due here")
        return None

    def _lanes(self, node: Node | None) -> int | None:
        value = self.count(node, "lanes_at_once")
        if node is not None and (not isinstance(value, int) or value < 1):
            self.complain(node.source, "lanes_at_once: how many hosts of a store are changed at a time is due here")
            return None
        return value if isinstance(value, int) else None

    def _notified(self, play: Play) -> None:
        """Refuse a notification that nobody hears."""
        heard = heard_by(play.handlers)
        if heard is None:
            return
        for task in (*(task for section in play.sections for task in tasks_of(section)), *tasks_of(play.handlers)):
            for name in task.notify:
                if not is_template(name) and name not in heard:
                    self.complain(task.source, f"no handler is called `{name}`{near(name, heard)}")


def _static(entries: tuple[Entry, ...]) -> Iterator[Entry]:
    """Yield the tasks that are there from the start: what `roles` and `import_role` bring, and no include."""
    for entry in entries:
        if isinstance(entry, Block):
            yield from _static((*entry.tasks, *entry.rescue, *entry.always))
        elif isinstance(entry, Task):
            yield entry


def _roles_of(entries: tuple[Entry, ...]) -> list[Role]:
    """Return every role whose tasks are among these, each once, in the order of its first task."""
    roles = {task.setting.role.name: task.setting.role for task in tasks_of(entries) if task.setting.role}
    return list(roles.values())


def load_playbook(
    path: Path, shown: str, sources: Sources | None = None, first: int = 0, *, names: bool = True
) -> Playbook:
    """Read a playbook and all that it takes in; raises :class:`InputError` with every complaint at its line.

    ``first`` is the place behind which its tasks are counted, where it is one of several. Without ``names`` variables
    that nothing defines are no complaint: an inventory that is not here may define them.
    """
    sources = sources or sources_of(path)
    loader = _Loader(sources, first)
    plays = loader.playbook(parse(sources.text(path, shown), shown), shown)
    complaints = loader.complaints or (undefined_names(plays, sources) if names else [])
    if complaints:
        raise InputError(complaints)
    return Playbook(shown, sources.digest, plays)
