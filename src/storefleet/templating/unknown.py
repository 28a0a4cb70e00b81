"""A value that only the device will show: it may be handed on and looked into, and whoever needs it is told so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from storefleet.templating.filters import TemplateFault


class NotYetKnown(TemplateFault):
    """A template needs a value that is not known before the tasks before it have run."""


class Unknown:
    """Stands for what a task will register: every use of it as a value raises :class:`NotYetKnown`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _unknown(self) -> NoReturn:
        raise NotYetKnown(f"{self._name} is known only when its task has run")

    def __str__(self) -> str:
        self._unknown()

    def __bool__(self) -> bool:
        self._unknown()

    def __len__(self) -> int:
        self._unknown()

    def __iter__(self) -> Iterator[object]:
        self._unknown()

    def __contains__(self, item: object) -> bool:
        self._unknown()

    def __eq__(self, other: object) -> bool:
        self._unknown()

    def __hash__(self) -> int:
        self._unknown()

    def __lt__(self, other: object) -> bool:
        self._unknown()

    __gt__ = __le__ = __ge__ = __lt__

    def __add__(self, other: object) -> object:
        self._unknown()

    __radd__ = __sub__ = __mod__ = __mul__ = __add__

    def __int__(self) -> int:
        self._unknown()

    def __float__(self) -> float:
        self._unknown()
