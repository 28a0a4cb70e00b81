"""A playbook as frozen values: what a file says, with the line of everything a complaint may be about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from storefleet.documents.nodes import Source
from storefleet.model.base import Json


@dataclass(frozen=True)
class Task:
    """One task, or one handler. ``when`` holds bare expressions that must all be true."""

    name: str
    module: str
    arguments: Mapping[str, Json]
    source: Source
    when: tuple[str, ...] = ()
    loop: Json = None
    register: str | None = None
    notify: tuple[str, ...] = ()
    listen: tuple[str, ...] = ()
    variables: Mapping[str, Json] = field(default_factory=dict)
    ignore_errors: bool = False
    no_log: bool = False

    @property
    def shown(self) -> str:
        """Return what people call it."""
        return self.name or self.module


@dataclass(frozen=True)
class Play:
    """One play. ``max_fail_stores`` is how many stores may fail before no further one is begun."""

    name: str
    hosts: str
    tasks: tuple[Task, ...]
    handlers: tuple[Task, ...]
    source: Source
    variables: Mapping[str, Json] = field(default_factory=dict)
    serial_stores: int | None = None
    max_fail_stores: int = 0


@dataclass(frozen=True)
class Playbook:
    """A whole file; ``shown`` is its path as a person would type it, ``digest`` the SHA-256 of its text."""

    shown: str
    digest: str
    plays: tuple[Play, ...]
