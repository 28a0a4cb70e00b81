"""A playbook as frozen values: what its files say, with the line of everything a complaint may be about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from storefleet.documents.nodes import Source
from storefleet.model.base import Json

Variables: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True)
class Role:
    """A role that a task belongs to: its folder, seen from the playbook's, and its variables."""

    name: str
    folder: str
    defaults: Variables = field(default_factory=dict)
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True)
class Loop:
    """What a task is repeated over; ``flat`` takes one level of lists away, ``pairs`` wants a mapping."""

    over: Json
    flat: bool = False
    pairs: bool = False
    variable: str = "item"
    index: str | None = None


@dataclass(frozen=True)
class Setting:
    """What holds for a task beside its module: said by itself, or by the blocks, files, roles and play around it.

    ``when`` holds bare expressions that must all be true, the outermost first. Of ``variables`` and ``params`` the last
    mapping wins; the latter are stronger than what tasks set. ``user`` is whom commands run as: root where it is empty,
    the account that logged in where it is ``-``. ``delegate_to`` names another host, which is only looked at.
    """

    when: tuple[str, ...] = ()
    variables: tuple[Variables, ...] = ()
    params: tuple[Variables, ...] = ()
    environment: tuple[Variables, ...] = ()
    tags: frozenset[str] = frozenset()
    user: str = ""
    ignore_errors: Json = False
    no_log: Json = False
    check_mode: bool | None = None
    run_once: bool = False
    timeout_s: float | None = None
    delegate_to: str = ""
    role: Role | None = None


@dataclass(frozen=True)
class Task:
    """One task, or one handler. ``position`` is its own in the whole playbook, so that a plan can name it."""

    name: str
    module: str
    arguments: Mapping[str, Json]
    source: Source
    setting: Setting = Setting()
    position: int = 0
    loop: Loop | None = None
    register: str | None = None
    notify: tuple[str, ...] = ()
    listen: tuple[str, ...] = ()
    changed_when: tuple[str, ...] | None = None
    failed_when: tuple[str, ...] | None = None
    until: tuple[str, ...] | None = None
    retries: Json = 3
    delay: Json = 5

    @property
    def shown(self) -> str:
        """Return what people call it."""
        return self.name or self.module

    @property
    def where(self) -> str:
        """Return its file and line."""
        return f"{self.source.path}:{self.source.line}"

    @property
    def changes_nothing(self) -> bool:
        """Tell whether its author says so, whatever comes: ``changed_when: false``."""
        return self.changed_when is not None and [word.lower() for word in self.changed_when] in (["false"], ["no"])


@dataclass(frozen=True)
class Block:
    """Tasks that share a way out: ``rescue`` runs where one of them fails, ``always`` in any case."""

    tasks: tuple[Entry, ...]
    rescue: tuple[Entry, ...] = ()
    always: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Include:
    """The tasks of another file or role, taken in where the task says so when its turn comes."""

    task: Task
    entries: tuple[Entry, ...]


Entry: TypeAlias = Task | Block | Include


@dataclass(frozen=True)
class Play:
    """One play. It counts stores or hosts; handlers are flushed after each of its ``sections``."""

    name: str
    hosts: str
    sections: tuple[tuple[Entry, ...], ...]
    handlers: tuple[Entry, ...]
    source: Source
    variables: Variables = field(default_factory=dict)
    defaults: Variables = field(default_factory=dict)
    role_variables: Variables = field(default_factory=dict)
    gather_facts: bool = True
    force_handlers: bool = False
    any_errors_fatal: bool = False
    serial_stores: int | None = None
    serial_hosts: tuple[int | str, ...] = ()
    max_fail_stores: int | None = None
    max_fail_percentage: float | None = None
    lanes_at_once: int | None = None


@dataclass(frozen=True)
class Playbook:
    """A whole playbook; ``shown`` is its path as a person would type it, ``digest`` the SHA-256 of all its files."""

    shown: str
    digest: str
    plays: tuple[Play, ...]


def heard_by(handlers: tuple[Entry, ...]) -> frozenset[str] | None:
    """Return the names to which handlers listen; ``None`` where one is a template, and so may be any."""
    names = {name for handler in tasks_of(handlers) for name in (handler.name, *handler.listen) if name}
    return None if any("{{" in name or "{%" in name for name in names) else frozenset(names)


def tasks_of(entries: tuple[Entry, ...]) -> Iterator[Task]:
    """Yield every task of a tree, includes among them."""
    for entry in entries:
        if isinstance(entry, Task):
            yield entry
        elif isinstance(entry, Include):
            yield entry.task
            yield from tasks_of(entry.entries)
        else:
            yield from tasks_of((*entry.tasks, *entry.rescue, *entry.always))
