"""Reading tasks, blocks and what they take in from other files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from storefleet.documents import yaml11
from storefleet.documents.nodes import Mapping, Node, Scalar, Sequence, Source
from storefleet.documents.reader import parse
from storefleet.errors import InputError
from storefleet.model.base import Json
from storefleet.modules.catalogue import CATALOGUE, plain_name
from storefleet.playbook import freeform
from storefleet.playbook.language import Block, Entry, Include, Loop, Role, Setting, Task
from storefleet.playbook.nodes import Values, is_nothing
from storefleet.playbook.sources import Sources
from storefleet.playbook.words import BLOCK, LOOP_CONTROL, LOOPS, TASK, near
from storefleet.templating.engine import is_template

MAX_DEPTH, MAX_TAKEN = 20, 5_000
"""How deep files may take in files, and how often in all: two that take in each other twice are soon a million."""

INCLUDES = ("include_tasks", "import_tasks", "include_role", "import_role")
_INCLUDE_ARGUMENTS = {
    "include_tasks": frozenset({"file", "apply"}),
    "import_tasks": frozenset({"file"}),
    "include_role": frozenset(
        {"name", "tasks_from", "vars_from", "defaults_from", "apply", "public", "allow_duplicates"}
    ),
    "import_role": frozenset({"name", "tasks_from", "vars_from", "defaults_from", "allow_duplicates"}),
}
META = ("flush_handlers", "noop", "end_host", "end_play", "end_batch", "end_role")
LANGUAGE = {
    "meta": frozenset({"free_form"}),
    "include_vars": frozenset({"file", "name"}),
    "setup": frozenset({"filter", "gather_subset", "gather_timeout"}),
    "gather_facts": frozenset[str](),
    **_INCLUDE_ARGUMENTS,
}
"""What is called like a module, and is done by the language itself; the arguments that each takes."""

_FREE = {"include_tasks": "file", "import_tasks": "file", "include_vars": "file", "meta": "free_form"}
_AS_WHO_LIKES = frozenset({"command", "shell", "script", "raw", "debug", "set_fact", "assert", "fail", "ping", "pause"})
"""Modules for which ``become: false`` and ``become_user`` mean something here, or make no difference."""


class Tasks(Values):
    """Reads lists of tasks; every task gets a place of its own."""

    def __init__(self, sources: Sources, first: int = 0) -> None:
        super().__init__()
        self.sources = sources
        self._position = first
        self._depth = 0
        self._done: set[tuple[str, str]] = set()
        self._taken, self._stopped = 0, False
        self._dependents: list[str] = []

    def entries(self, node: Node | None, around: Setting) -> tuple[Entry, ...]:
        """Return a list of tasks and blocks."""
        if node is None or is_nothing(node):
            return ()
        if not isinstance(node, Sequence):
            self.complain(node.source, "a list of tasks is due here")
            return ()
        return tuple(entry for item in node.items for entry in self._entry(item, around))

    def _entry(self, node: Node, around: Setting) -> tuple[Entry, ...]:
        if not isinstance(node, Mapping):
            self.complain(node.source, "a task is a mapping with the name of a module")
            return ()
        if any(key.text == "block" for key, _ in node.entries):
            words = self.words(node, BLOCK, "a block")
            inner = self.setting(words, around)
            block, rescue, always = (self.entries(words.get(word), inner) for word in ("block", "rescue", "always"))
            return (Block(block, rescue, always),)
        return self._task(node, around)

    def setting(self, words: dict[str, Node], around: Setting) -> Setting:
        """Return what holds for a task or a block, with what holds around it."""
        environment, own = words.get("environment"), words.get("vars")
        no_log, ignore = words.get("no_log"), words.get("ignore_errors")
        check_mode = words.get("check_mode")
        timeout = self.count(words.get("timeout"), "timeout")
        return dataclasses.replace(
            around,
            when=(*around.when, *(self.expressions(words.get("when")) or ())),
            variables=(*around.variables, *([self.mapping(own, "vars")] if own else [])),
            environment=(*around.environment, *([self.mapping(environment, "environment")] if environment else [])),
            tags=around.tags | {tag.strip() for text in self.texts(words.get("tags")) for tag in text.split(",")},
            user=self._user(words, around.user),
            no_log=self.flag_or_template(no_log, default=around.no_log),
            ignore_errors=self.flag_or_template(ignore, default=around.ignore_errors),
            check_mode=self.flag(check_mode, default=True) if check_mode else around.check_mode,
            run_once=self.flag(words.get("run_once"), default=around.run_once),
            delegate_to=self.text(words["delegate_to"]) if "delegate_to" in words else around.delegate_to,
            timeout_s=float(timeout) if isinstance(timeout, int | float) else around.timeout_s,
        )

    def _user(self, words: dict[str, Node], around: str) -> str:
        if "become_method" in words and self.text(words["become_method"]) not in ("sudo", "su"):
            self.complain(words["become_method"].source, "become_method: credentials.yaml says how root is had")
        if "become" in words:
            return self.text(words.get("become_user")) if self.flag(words["become"], default=True) else "-"
        return self.text(words["become_user"]) if "become_user" in words else around

    def _task(self, node: Mapping, around: Setting) -> tuple[Entry, ...]:
        calls = [(key, part) for key, part in node.entries if key.text not in TASK]
        known = [(key, part) for key, part in calls if self._module(key.text) is not None]
        for key, _ in calls:
            if self._module(key.text) is None:
                names = (name for name in (*CATALOGUE, *LANGUAGE, *TASK) if " " not in name)
                hint = near(plain_name(key.text), names)
                self.complain(key.source, f"there is no module or word `{key.text}` here{hint}")
        if len(known) != 1:
            if known or not calls:
                self.complain(node.source, "exactly one module is due in a task")
            return ()
        key, part = known[0]
        words = {one.text: rest for one, rest in node.entries if one.text in TASK}
        module = plain_name(key.text)
        self._position += 1
        task = Task(
            name=self.text(words.get("name")),
            module=module,
            arguments=self._arguments(module, part, words.get("args")),
            source=node.source,
            setting=self.setting(words, around),
            position=self._position,
            loop=self._loop(words),
            register=self.text(words.get("register")) or None,
            notify=self.texts(words.get("notify")),
            listen=self.texts(words.get("listen")),
            changed_when=self.expressions(words.get("changed_when")),
            failed_when=self.expressions(words.get("failed_when")),
            until=self.expressions(words.get("until")) if "until" in words or "retries" not in words else (),
            retries=self.count(words["retries"], "retries") if "retries" in words else 3,
            delay=self.count(words["delay"], "delay") if "delay" in words else 5,
        )
        self._agreed(task, words)
        self.templates(task.source, dict(task.arguments), task.loop.over if task.loop else None)
        return self._taken_in(task, words, around) if module in INCLUDES else (task,)

    @staticmethod
    def _module(word: str) -> str | None:
        name = plain_name(word)
        return name if name in CATALOGUE or name in LANGUAGE else None

    def _agreed(self, task: Task, words: dict[str, Node]) -> None:
        """Refuse words that do not go together, or that would not mean here what they say."""
        known = CATALOGUE.get(task.module)
        writes = known is not None and not known.looks and task.module not in _AS_WHO_LIKES
        if task.setting.user and writes:
            self.complain(
                task.source, f"{task.module} works as root here; leave `become` out, and say `owner` if it is due"
            )
        asks = known is None or known.looks or (task.setting.check_mode is False and task.changes_nothing)
        if task.setting.delegate_to and not asks:
            self.complain(
                task.source,
                f"delegate_to: another host is only looked at, and {task.module} may change it; write a play for that "
                "host, or `check_mode: false` and `changed_when: false` where a command only asks",
            )
        if task.setting.run_once and (task.register or task.module == "set_fact"):
            self.complain(task.source, "run_once: what one host finds out is not told to the others here")
        if task.loop is not None and task.module in ("meta", "import_tasks", "import_role"):
            self.complain(words["name"].source if "name" in words else task.source, f"{task.module} takes no loop")
        if task.module == "meta" and str(task.arguments.get("free_form")) not in META:
            self.complain(task.source, f"meta: one of {', '.join(META)} is due here")

    def _loop(self, words: dict[str, Node]) -> Loop | None:
        used = [word for word in LOOPS if word in words]
        if not used:
            return None
        if len(used) > 1:
            self.complain(words[used[1]].source, f"{used[0]} and {used[1]} exclude each other")
        control = words.get("loop_control")
        named = {}
        if isinstance(control, Mapping):
            named = {word: self.text(part) for word, part in self.words(control, LOOP_CONTROL, "loop_control").items()}
        return Loop(
            over=yaml11.value(words[used[0]]),
            flat=used[0] == "with_items",
            pairs=used[0] == "with_dict",
            variable=named.get("loop_var", "item"),
            index=named.get("index_var"),
        )

    def _arguments(self, module: str, node: Node, more: Node | None) -> dict[str, Json]:
        found: dict[str, Json] = {}
        entry = CATALOGUE.get(module)
        allowed = LANGUAGE[module] if entry is None else entry.arguments
        if isinstance(node, Mapping):
            found = {key.text: yaml11.value(part) for key, part in node.entries}
        elif isinstance(node, Scalar) and not is_nothing(node):
            found = dict(self._line(module, node))
        elif not is_nothing(node):
            self.complain(node.source, f"{module}: write its arguments as a mapping, one a line")
        found |= self.mapping(more, "args")
        for name in found:
            if allowed is not None and name not in allowed:
                self.complain(node.source, f"{module} takes no `{name}` here{near(name, allowed)}")
        return found

    def _line(self, module: str, node: Scalar) -> dict[str, str]:
        """Return the arguments of a module that were written in one line."""
        entry = CATALOGUE.get(module)
        if entry is not None and entry.options is not None:
            return freeform.command(node.text, entry.options)
        if module in _FREE and (freeform.pairs(node.text) is None):
            return {_FREE[module]: node.text}
        found = freeform.pairs(node.text)
        if found is None:
            self.complain(node.source, f"{module}: write its arguments as a mapping, one a line")
        return found or {}

    # -- other files

    def _taken_in(self, task: Task, words: dict[str, Node], around: Setting) -> tuple[Entry, ...]:
        """Return what an include or import brings; a name must be there to read before any host is asked."""
        name = str(task.arguments.get("name" if task.module.endswith("role") else "file") or "")
        if not name or is_template(name):
            self.complain(
                task.source, f"{task.module}: a name that stands as it is is due here, with `when` where it varies"
            )
            return ()
        if self._depth >= MAX_DEPTH or self._taken >= MAX_TAKEN:
            if not self._stopped:
                deep = self._depth >= MAX_DEPTH
                most = f"more than {MAX_DEPTH} files deep" if deep else f"after {MAX_TAKEN:,} others"
                self.complain(task.source, f"{name} is taken in {most}; does it take in itself?")
            self._stopped = True
        if self._stopped:
            return ()
        self._depth += 1
        self._taken += 1
        try:
            if task.module.startswith("import"):
                return self._imported(task, name)
            own = self._included(task, around)
            if task.module == "include_role":
                return (Include(task, self.role(name, task.source, own, self._from(task))),)
            return (Include(task, self.file(name, task.source, own)),)
        finally:
            self._depth -= 1

    def _imported(self, task: Task, name: str) -> tuple[Entry, ...]:
        if task.module == "import_tasks":
            return self.file(name, task.source, task.setting)
        setting = dataclasses.replace(
            task.setting, variables=(), params=(*task.setting.params, *task.setting.variables)
        )
        return self.role(name, task.source, setting, self._from(task))

    def _included(self, task: Task, around: Setting) -> Setting:
        """Return what holds inside an include: its conditions are its own, its variables are params."""
        own = task.setting.variables[len(around.variables) :]
        apply = task.arguments.get("apply")
        tags = apply.get("tags", []) if isinstance(apply, dict) else []
        more = sorted({*(apply if isinstance(apply, dict) else {})} - {"tags"})
        if more:
            self.complain(task.source, f"apply: `{more[0]}` does not reach what is taken in; write it there")
        if task.arguments.get("public") not in (None, False):
            self.complain(task.source, "public: a role's variables stay its own here; use import_role or `roles`")
        return dataclasses.replace(
            task.setting,
            when=around.when,
            variables=around.variables,
            params=(*around.params, *own),
            ignore_errors=around.ignore_errors,
            tags=around.tags | {part.strip() for tag in _list(tags) for part in str(tag).split(",")},
        )

    @staticmethod
    def _from(task: Task) -> dict[str, str]:
        return {
            word: str(task.arguments[word])
            for word in ("tasks_from", "vars_from", "defaults_from")
            if word in task.arguments
        }

    def file(self, name: str, source: Source, setting: Setting) -> tuple[Entry, ...]:
        """Return the tasks of a file."""
        places = [f"tasks/{name}", name]
        if setting.role is not None:
            places = [f"{setting.role.folder}/tasks/{name}", f"{setting.role.folder}/{name}", *places]
        else:
            places = [name, f"tasks/{name}"]
        path = self.sources.find(*places)
        if path is None or not path.is_file():
            self.complain(source, f"there is no file {name} beside the playbook")
            return ()
        return self.entries(self.parsed(path), setting)

    def parsed(self, path: Path) -> Node | None:
        """Return a file of the language as nodes; what is wrong with it is gathered."""
        shown = self.sources.shown(path)
        try:
            return parse(self.sources.text(path, shown), shown)
        except InputError as fault:
            self.complaints.extend(fault.complaints)
            return None

    def role(
        self, name: str, source: Source, setting: Setting, parts: dict[str, str], *, once: bool = False
    ) -> tuple[Entry, ...]:
        """Return the tasks of a role, those of the roles that it depends on first."""
        folder = f"roles/{name}"
        found = self.sources.find(folder)
        if found is None or not found.is_dir() or "/" in name or name.startswith("."):
            self.complain(source, f"there is no role {name} in roles/ beside the playbook")
            return ()
        role = Role(
            name,
            folder,
            self._role_part(folder, "defaults", parts.get("defaults_from", "main")),
            self._role_part(folder, "vars", parts.get("vars_from", "main")),
        )
        if name in self._dependents:
            self.complain(source, f"role {name} depends on itself: {' -> '.join((*self._dependents, name))}")
            return ()
        entries: list[Entry] = []
        self._dependents.append(name)
        for dependency, own in self._dependencies(folder, setting):
            entries += self.role(dependency, source, own, {}, once=True)
        self._dependents.pop()
        again = (name, repr((setting.params[-1:], setting.when, parts)))
        if once and again in self._done:
            return tuple(entries)
        self._done.add(again)
        tasks = self._role_file(folder, "tasks", parts.get("tasks_from", "main"))
        if tasks is None and "tasks_from" in parts:
            self.complain(source, f"role {name} has no tasks/{parts['tasks_from']}")
        inner = dataclasses.replace(setting, role=role)
        return (*entries, *(self.entries(self.parsed(tasks), inner) if tasks else ()))

    def role_handlers(self, role: Role, setting: Setting) -> tuple[Entry, ...]:
        """Return the handlers of a role."""
        path = self._role_file(role.folder, "handlers", "main")
        inner = dataclasses.replace(setting, role=role)
        return self.entries(self.parsed(path), inner) if path else ()

    def _role_file(self, folder: str, part: str, name: str) -> Path | None:
        names = (
            [f"{folder}/{part}/{name}"] if "." in name else [f"{folder}/{part}/{name}.{end}" for end in ("yaml", "yml")]
        )
        return self.sources.find(*names)

    def _role_part(self, folder: str, part: str, name: str) -> dict[str, Json]:
        path = self._role_file(folder, part, name)
        return self.mapping(self.parsed(path), f"{part} of the role") if path else {}

    def _dependencies(self, folder: str, setting: Setting) -> list[tuple[str, Setting]]:
        path = self._role_file(folder, "meta", "main")
        meta = self.parsed(path) if path else None
        listed = (
            next((part for key, part in meta.entries if key.text == "dependencies"), None)
            if isinstance(meta, Mapping)
            else None
        )
        if not isinstance(listed, Sequence):
            return []
        return [found for item in listed.items if (found := self.role_entry(item, setting)) is not None]

    def role_entry(self, node: Node, around: Setting) -> tuple[str, Setting] | None:
        """Return the name and the setting of one line of `roles:`; whatever is no word of ours is a variable of it."""
        if isinstance(node, Scalar):
            return node.text, around
        if not isinstance(node, Mapping):
            self.complain(node.source, "the name of a role is due here")
            return None
        words = {key.text: part for key, part in node.entries}
        name = self.text(words.pop("role", None) or words.pop("name", None))
        kept: dict[str, Node] = {
            word: words.pop(word) for word in ("when", "tags", "become", "become_user", "environment") if word in words
        }
        own = self.mapping(words.pop("vars", None), "vars")
        params = {word: yaml11.value(part) for word, part in words.items()}
        setting = self.setting(kept, around)
        return name, dataclasses.replace(setting, params=(*setting.params, {**own, **params}))


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]
