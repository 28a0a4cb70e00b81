"""Reading a playbook: what runs here is taken, everything else is refused at its line with what to do instead."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable
from pathlib import Path

from storefleet.documents import yaml11
from storefleet.documents.nodes import Mapping, Node, Scalar, Sequence, Source
from storefleet.documents.reader import parse, read_text
from storefleet.errors import Complaint, InputError
from storefleet.model.base import Json
from storefleet.modules.catalogue import CATALOGUE, plain_name
from storefleet.playbook.language import Play, Playbook, Task
from storefleet.templating.engine import compile_expression, template_names
from storefleet.templating.filters import TemplateFault

PLAY_WORDS = ("name", "hosts", "gather_facts", "become", "vars", "tasks", "handlers", "serial", "max_fail")
TASK_WORDS = (
    *("name", "when", "loop", "with_items", "register", "notify", "listen", "vars", "become"),
    *("ignore_errors", "no_log", "tags"),
)


class _Loader:
    """Reads one file and gathers every complaint."""

    def __init__(self) -> None:
        self.complaints: list[Complaint] = []

    def complain(self, source: Source, message: str) -> None:
        self.complaints.append(Complaint(source.path, source.line, message))

    def playbook(self, node: Node | None, shown: str, digest: str) -> Playbook:
        if not isinstance(node, Sequence) or not node.items:
            self.complain(node.source if node else Source(shown, 1), "a playbook is a list of plays: `- hosts: …`")
            return Playbook(shown, digest, ())
        plays = [play for item in node.items if (play := self._play(item)) is not None]
        return Playbook(shown, digest, tuple(plays))

    def _words(self, node: Mapping, known: Iterable[str], what: str) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for key, part in node.entries:
            if key.text in known:
                found[key.text] = part
            else:
                self.complain(key.source, f"{what} has no `{key.text}` here{_near(key.text, known)}")
        return found

    def _play(self, node: Node) -> Play | None:
        if not isinstance(node, Mapping):
            self.complain(node.source, "a play is a mapping that begins with `hosts:`")
            return None
        words = self._words(node, PLAY_WORDS, "a play")
        hosts = self._text(words.get("hosts"))
        if not hosts:
            self.complain(node.source, "a play needs `hosts:`, as in `hosts: role=till`")
        if self._flag(words.get("gather_facts"), default=True):
            self.complain(node.source, "facts are not gathered here yet; write `gather_facts: false`")
        if not self._flag(words.get("become"), default=True):
            self.complain(words["become"].source, "tasks run as root here; leave `become` out")
        serial, most = self._stores(words.get("serial"), "serial"), self._stores(words.get("max_fail"), "max_fail")
        return Play(
            name=self._text(words.get("name")) or hosts,
            hosts=hosts,
            tasks=self._tasks(words.get("tasks")),
            handlers=self._tasks(words.get("handlers")),
            source=node.source,
            variables=self._mapping(words.get("vars"), "vars"),
            serial_stores=serial,
            max_fail_stores=most or 0,
        )

    def _stores(self, node: Node | None, word: str) -> int | None:
        """Return the number in ``{stores: 10}``; hosts are not counted here yet."""
        if node is None:
            return None
        count = yaml11.value(node)
        number = count.get("stores") if isinstance(count, dict) and set(count) == {"stores"} else None
        if isinstance(number, int) and not isinstance(number, bool) and number >= (word == "serial"):
            return number
        self.complain(node.source, f"`{word}` counts stores here: `{word}: {{stores: 1}}`")
        return None

    def _tasks(self, node: Node | None) -> tuple[Task, ...]:
        if node is None or (isinstance(node, Scalar) and yaml11.scalar(node) is None):
            return ()
        if not isinstance(node, Sequence):
            self.complain(node.source, "a list of tasks is due here")
            return ()
        return tuple(task for item in node.items if (task := self._task(item)) is not None)

    def _task(self, node: Node) -> Task | None:
        if not isinstance(node, Mapping):
            self.complain(node.source, "a task is a mapping with the name of a module")
            return None
        calls = [(key, part) for key, part in node.entries if key.text not in TASK_WORDS]
        known = [(key, part) for key, part in calls if plain_name(key.text) in CATALOGUE]
        for key, _ in calls:
            if plain_name(key.text) not in CATALOGUE:
                self.complain(
                    key.source, f"there is no module or word `{key.text}` here{_near(plain_name(key.text), _ALL)}"
                )
        if len(known) != 1:
            if known or not calls:
                self.complain(node.source, "exactly one module is due in a task")
            return None
        key, part = known[0]
        words = {one.text: rest for one, rest in node.entries if one.text in TASK_WORDS}
        if not self._flag(words.get("become"), default=True):
            self.complain(words["become"].source, "tasks run as root here; leave `become` out")
        loop = words.get("loop") or words.get("with_items")
        task = Task(
            name=self._text(words.get("name")),
            module=plain_name(key.text),
            arguments=self._arguments(plain_name(key.text), part),
            source=key.source,
            when=self._list(words.get("when")),
            loop=yaml11.value(loop) if loop else None,
            register=self._text(words.get("register")) or None,
            notify=self._list(words.get("notify")),
            listen=self._list(words.get("listen")),
            variables=self._mapping(words.get("vars"), "vars"),
            ignore_errors=self._flag(words.get("ignore_errors"), default=False),
            no_log=self._flag(words.get("no_log"), default=False),
        )
        self._templates(task)
        return task

    def _templates(self, task: Task) -> None:
        """Refuse a template or an expression that no host could ever render."""
        try:
            for expression in task.when:
                compile_expression(expression)
            for part in (dict(task.arguments), task.loop, dict(task.variables)):
                template_names(part)
        except TemplateFault as fault:
            self.complain(task.source, str(fault))

    def _arguments(self, module: str, node: Node) -> dict[str, Json]:
        entry = CATALOGUE[module]
        if not isinstance(node, Mapping):
            self.complain(node.source, f"{module}: write its arguments as a mapping, one a line")
            return {}
        for key, _ in node.entries:
            if entry.arguments is not None and key.text not in entry.arguments:
                self.complain(key.source, f"{module} takes no `{key.text}` here{_near(key.text, entry.arguments)}")
        return {key.text: yaml11.value(part) for key, part in node.entries}

    def _text(self, node: Node | None) -> str:
        if node is None:
            return ""
        if isinstance(node, Scalar):
            return node.text
        self.complain(node.source, "text is due here")
        return ""

    def _flag(self, node: Node | None, *, default: bool) -> bool:
        found = default if node is None else yaml11.value(node)
        if isinstance(found, bool):
            return found
        assert node is not None
        self.complain(node.source, "yes or no is due here")
        return default

    def _list(self, node: Node | None) -> tuple[str, ...]:
        if isinstance(node, Sequence):
            return tuple(self._text(item) for item in node.items)
        return (self._text(node),) if node is not None else ()

    def _mapping(self, node: Node | None, what: str) -> dict[str, Json]:
        found = yaml11.value(node) if node is not None else {}
        if isinstance(found, dict):
            return found
        assert node is not None
        self.complain(node.source, f"{what}: names and values are due here")
        return {}

    def notified(self, play: Play) -> None:
        """Refuse a notification that nobody hears."""
        heard = {name for handler in play.handlers for name in (handler.name, *handler.listen)}
        for task in (*play.tasks, *play.handlers):
            for name in task.notify:
                if name not in heard:
                    self.complain(task.source, f"no handler is called `{name}`{_near(name, heard)}")


_ALL = (*CATALOGUE, *TASK_WORDS)


def _near(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    return f"; did you mean `{close[0]}`?" if close else f"; there are: {', '.join(names)}"


def load_playbook(path: Path, shown: str) -> Playbook:
    """Read a playbook; raises :class:`InputError` with every complaint at its line."""
    text = read_text(path, shown)
    loader = _Loader()
    playbook = loader.playbook(parse(text, shown), shown, hashlib.sha256(text.encode()).hexdigest())
    for play in playbook.plays:
        loader.notified(play)
    if loader.complaints:
        raise InputError(loader.complaints)
    return playbook
