"""Values that are not there yet: what only the device will show, and what must be read first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from storefleet.templating.filters import TemplateFault


class NotYetKnown(TemplateFault):
    """A template needs a value that is not known before the tasks before it have run."""


class FactsDue(NotYetKnown):
    """A template needs facts of the host, which have not been read yet."""


class Unknown:
    """Stands for what a task will register: every use of it as a value raises :class:`NotYetKnown`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _unknown(self, *_others: object) -> NoReturn:
        raise NotYetKnown(f"{self._name} is known only when its task has run")

    def __iter__(self) -> Iterator[object]:
        self._unknown()

    __str__ = __bool__ = __len__ = __hash__ = __int__ = __float__ = _unknown
    __contains__ = __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = _unknown
    __add__ = __radd__ = __sub__ = __mod__ = __mul__ = _unknown
