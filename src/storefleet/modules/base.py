"""What every module shares: its outcome, the reading of its arguments, and the words in which it refuses."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from storefleet.compliance.golden import Rendered
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.effects import Step

TRUE = frozenset({"yes", "true", "on", "1", "y", "t"})
FALSE = frozenset({"no", "false", "off", "0", "n", "f"})


@dataclass(frozen=True)
class Done:
    """How a module ended: whether it changed the host, why not where it did not, and what ``register`` keeps.

    ``failed`` says why it is a failure whose values are worth keeping (``rc``, ``stdout``); ``skipped`` that the module
    itself saw nothing to do, as Ansible counts it; ``unknown`` that only the device will show how it ends. ``notes``
    are what people must hear of it beside, ``said`` is what its author wants them to read.
    """

    changed: bool
    why: str = ""
    values: Mapping[str, Json] | None = None
    failed: str = ""
    skipped: bool = False
    unknown: bool = False
    notes: tuple[str, ...] = ()
    said: str = ""


Arguments = Mapping[str, Json]
ReadLocal = Callable[[str, str], bytes]
"""Gives a file of the fleet folder: its kind (``files``, ``templates``, ``scripts``) and its name."""

ListLocal = Callable[[str, str], tuple[str, ...]]
"""Gives the files below a folder of the fleet folder, relative and sorted; nothing where the name is no folder."""


def _no_folder(_kind: str, _name: str) -> tuple[str, ...]:
    return ()


def _no_mode(_kind: str, name: str) -> int:
    raise TaskFailed(f"mode: that of {name} is not known here; write it in digits")


def _no_expression(expression: str) -> bool:
    raise TaskFailed(f"{expression!r:.60} cannot be judged here")


def no_golden(name: str) -> Rendered:
    """Say that no golden configuration is known where a module is called without a fleet."""
    raise TaskFailed(f"golden: {name!r:.60} is not known here")


@dataclass(frozen=True)
class Request:
    """One module call on one host: rendered arguments, what it may read of ours, and how a template is rendered.

    ``user`` is whom a command runs as: root where it is empty, the account that logged in where it is ``-``.
    ``question`` says that the task only asks (``check_mode: false`` and ``changed_when: false``), so that it may run
    while a plan is made. ``harmless`` says that its author calls it no change, whatever comes. ``local_mode`` gives the
    permission bits of a file of ours, ``holds`` judges an expression, ``golden`` gives a golden configuration of the
    fleet by its name, rendered for this host.
    """

    arguments: Arguments
    read_local: ReadLocal
    render: Callable[[str], str]
    list_local: ListLocal = _no_folder
    local_mode: Callable[[str, str], int] = _no_mode
    holds: Callable[[str], bool] = _no_expression
    golden: Callable[[str], Rendered] = no_golden
    host: str = ""
    user: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 300.0
    question: bool = False
    harmless: bool = False

    def text(self, *names: str, default: str | None = None) -> str:
        """Return the first of these arguments as text; raises :class:`TaskFailed` where a due one is missing."""
        for name in names:
            value = self.arguments.get(name)
            if value is not None:
                if isinstance(value, str | int | float) and not isinstance(value, bool):
                    return str(value)
                raise TaskFailed(f"{name}: text is due here, not {value!r:.60}")
        if default is None:
            raise TaskFailed(f"{' or '.join(names)} is due here")
        return default

    def has(self, name: str) -> bool:
        """Tell whether an argument was given."""
        return self.arguments.get(name) is not None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean in any of Ansible's spellings."""
        value = self.arguments.get(name)
        if value is None:
            return default
        word = str(value).lower()
        if isinstance(value, bool) or word in TRUE | FALSE:
            return word in TRUE
        raise TaskFailed(f"{name}: yes or no is due here, not {value!r:.60}")

    def number(self, name: str, default: int) -> int:
        """Return a whole number, which may be written as text."""
        value = self.arguments.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not str(value).lstrip("-").isdecimal():
            raise TaskFailed(f"{name}: a whole number is due here, not {value!r:.60}")
        return int(str(value))

    def texts(self, name: str) -> list[str]:
        """Return a list of texts, which may be written as one text with commas."""
        value = self.arguments.get(name)
        if value is None:
            return []
        parts = value if isinstance(value, list) else str(value).split(",")
        if any(isinstance(part, bool | list | dict) or part is None for part in parts):
            raise TaskFailed(f"{name}: a list of texts is due here, not {value!r:.60}")
        return [str(part).strip() for part in parts if str(part).strip()]

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """Return one of a few words."""
        value = self.text(name, default=default)
        if value not in allowed:
            raise TaskFailed(f"{name}: one of {', '.join(allowed)} is due here, not {value!r:.60}")
        return value

    def path(self, *names: str) -> str:
        """Return an absolute path in its shortest spelling."""
        value = self.text(*names)
        if not value.startswith("/") or "\0" in value or not value.isprintable():
            raise TaskFailed(f"{names[0]}: an absolute path is due here, not {value!r:.60}")
        short = posixpath.normpath(value)
        return short[1:] if short.startswith("//") else short

    def mode(self, default: int) -> int:
        """Return ``mode``: octal text, or the number that YAML made of an unquoted ``0644``."""
        value = self.arguments.get("mode")
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0o7777:
            return value
        if isinstance(value, str) and value.isdecimal() and len(value) <= 5 and set(value) <= set("01234567"):
            return int(value, 8)
        raise TaskFailed(f"mode: octal digits are due here, as in '0644', not {value!r:.60}")


Module = Callable[[Request], Step[Done]]
