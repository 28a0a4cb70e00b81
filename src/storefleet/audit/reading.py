"""What a control reads, known once when it is loaded: compared on every host with what could not be read there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from storefleet.audit.fragments import changed, reads
from storefleet.audit.pointer import Name, PointerFault, Step, parse
from storefleet.model.base import Json
from storefleet.templating.engine import is_template

Steps = tuple[Step, ...]
_FACTS = re.compile(r"\bfacts((?:\.[A-Za-z_][A-Za-z0-9_]*|\[(?:'[^']*'|\"[^\"]*\")\])+)")
_PART = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[['\"]([^'\"]*)['\"]\]")


class Reads(msgspec.Struct, frozen=True):
    """``below`` are paths under the control's place, ``elsewhere`` paths of the document that it reads beside them.

    ``templated`` says that the fragment must be rendered for each host; most need not.
    """

    below: tuple[Steps, ...] = ((),)
    elsewhere: tuple[Steps, ...] = ()
    templated: bool = True


def reads_of(fragment: Json, texts: Iterable[str]) -> Reads:
    """Return what a fragment, and the texts of its control's path, read."""
    elsewhere = [steps for text in (*texts, *strings(fragment)) for steps in facts_read(text)]

    def look(part: dict[str, Any]) -> dict[str, Any]:
        if "version" in part:
            elsewhere.append(steps_of("/software/package_system"))
        if isinstance(part.get("equalTo"), str):
            elsewhere.append(steps_of(part["equalTo"]))
        return part

    changed(fragment, look)
    return Reads(tuple(reads(fragment)), tuple(elsewhere), any(map(is_template, strings(fragment))))


def strings(value: Json) -> list[str]:
    """Return every text in a value, names included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in strings(part)]
    return [text for part in value for text in strings(part)] if isinstance(value, list) else []


def facts_read(text: str) -> list[Steps]:
    """Return the parts of ``facts`` that a template or a ``when`` looks at: those too may be missing."""
    return [
        tuple(Name(dotted or quoted) for dotted, quoted in _PART.findall(match[1])) for match in _FACTS.finditer(text)
    ]


def steps_of(path: str) -> Steps:
    """Return the steps of a path; one that only plain JSON Pointer explains is split at its slashes."""
    try:
        return parse(path).steps
    except PointerFault:
        return tuple(Name(part) for part in path.split("/") if part)
