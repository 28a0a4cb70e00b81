"""Places in a state document: JSON Pointer steps, ``*``, filters ``[field=value,value]`` and keys ``[tcp,0.0.0.0,22]``.

Parsed once; a template inside a step is rendered after parsing, so that no text of the inventory can change the shape
of a path. Names take JSON Pointer's ``~0`` and ``~1``; inside brackets a JSON string carries any character.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from storefleet.audit.shape import name_step, token


class PointerFault(ValueError):
    """The text is not a path; the message says why in the user's words."""


@dataclass(frozen=True, slots=True)
class Name:
    """A property or map key."""

    text: str


@dataclass(frozen=True, slots=True)
class Keyed:
    """One element of a list by its key fields, or one entry of a map; ``None`` stands for an absent key field."""

    values: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """A field whose text is one of the values."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Select:
    """Every element that meets all conditions; ``star`` also walks the entries of a map."""

    conditions: tuple[Condition, ...]
    star: bool = False


Step: TypeAlias = Name | Keyed | Select

_TEMPLATE = r"\{\{(?:(?!\}\}).)*\}\}"
_NAME = re.compile(rf"/((?>{_TEMPLATE}|[^/\[\]\"])*+)", re.DOTALL)
_FLAT_NAME = re.compile(r"/([A-Za-z0-9_.@+-]++)")
_FIELD = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_.-]*)=")
_TOKEN = re.compile(rf"""\s*("(?:[^"\\]|\\.)*+"|(?>{_TEMPLATE}|[^\[\]",])*+)\s*""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pointer:
    """A parsed path."""

    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return "".join(map(step_text, self.steps))

    def map_text(self, change: Callable[[str], str]) -> Pointer:
        """Return the path with every name and value changed, for rendering templates step by step."""
        return Pointer(tuple(_changed(step, change) for step in self.steps))

    def texts(self) -> list[str]:
        """Return every name and value, for looking at the templates in them."""
        found: list[str] = []
        self.map_text(lambda text: found.append(text) or text)  # type: ignore[func-returns-value]  # append gives None
        return found


def parse(text: str) -> Pointer:
    """Parse a whole path; raises :class:`PointerFault`."""
    steps, end = scan(text)
    if end != len(text) or not steps:
        rest = text[end : end + 20]
        raise PointerFault(f"{text!r} is not a path: {rest!r} does not fit; write /part/name, /list[key] or /list[f=v]")
    return Pointer(steps)


def scan(text: str, *, flat: bool = False) -> tuple[tuple[Step, ...], int]:
    """Read as many steps as stand there and return them with the place where they end.

    ``flat`` reads the path of a fact, whose names hold plain characters only, so that `` = `` ends it.
    """
    steps: list[Step] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            step, at = _bracket(text, at)
            steps.append(step)
        elif match := (_FLAT_NAME if flat else _NAME).match(text, at):
            steps.append(_name(match[1], text))
            at = match.end()
        else:
            break
    return _merged(steps), at


def _name(raw: str, text: str) -> Step:
    if raw == "":
        raise PointerFault(f'{text!r}: a step is empty; a key that is the empty text is written [""]')
    if raw == "*":
        return Select((), star=True)
    plain = re.sub(_TEMPLATE, "", raw, flags=re.DOTALL)
    if re.search(r"~(?![01])", plain):
        raise PointerFault(f"{text!r}: ~ in a name is written ~0, and / is written ~1")
    return Name(raw.replace("~1", "/").replace("~0", "~") if plain == raw else raw)


def _bracket(text: str, start: int) -> tuple[Step, int]:
    field = _FIELD.match(text, start + 1)
    at = field.end() if field else start + 1
    values: list[str | None] = []
    while True:
        match = _TOKEN.match(text, at)
        assert match is not None
        values.append(_token(match[1], text))
        at = match.end()
        if at < len(text) and text[at] == ",":
            at += 1
            continue
        if at < len(text) and text[at] == "]":
            break
        raise PointerFault(f"{text!r}: a bracket is not closed, or holds a bracket or quote that must stand in quotes")
    if field:
        return Select((Condition(field[1], tuple(value or "" for value in values)),)), at + 1
    return Keyed(tuple(values)), at + 1


def _token(raw: str, text: str) -> str | None:
    if not raw.startswith('"'):
        return raw.rstrip() or None
    try:
        return str(json.loads(raw))
    except ValueError:
        raise PointerFault(f"{text!r}: {raw} is not a JSON string") from None


def _merged(steps: list[Step]) -> tuple[Step, ...]:
    """Join ``*`` or a filter with the filters right behind it: all of them must hold."""
    joined: list[Step] = []
    for step in steps:
        last = joined[-1] if joined else None
        if isinstance(step, Select) and not step.star and isinstance(last, Select):
            joined[-1] = replace(last, conditions=last.conditions + step.conditions)
        else:
            joined.append(step)
    return tuple(joined)


def _changed(step: Step, change: Callable[[str], str]) -> Step:
    if isinstance(step, Name):
        return Name(change(step.text))
    if isinstance(step, Keyed):
        return Keyed(tuple(None if value is None else change(value) for value in step.values))
    conditions = tuple(Condition(part.field, tuple(map(change, part.values))) for part in step.conditions)
    return Select(conditions, step.star)


def step_text(step: Step) -> str:
    """Return one step as it is written."""
    if isinstance(step, Name):
        return name_step(step.text)
    if isinstance(step, Keyed):
        return "[" + ",".join("" if value is None else token(value) for value in step.values) + "]"
    filters = "".join(f"[{part.field}={','.join(map(token, part.values))}]" for part in step.conditions)
    return ("/*" if step.star else "") + filters
