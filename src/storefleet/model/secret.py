"""A secret is a type, so that nothing leaks by being printed, logged, pickled or put into a report."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Text that shows itself as ``***`` everywhere and is revealed only on request, at the door to the device."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text; only ``connections`` has a reason to call this."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        msg = "a Secret is never pickled"
        raise TypeError(msg)
