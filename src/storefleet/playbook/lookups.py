"""``lookup('file', …)`` and its few likes: what a template may fetch on our side."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Protocol

from storefleet.templating.filters import TemplateFault


class _Names(Protocol):
    def value(self, name: str) -> object: ...

    def file(self, text: str) -> str: ...


class Lookups:
    """The lookups that one task may use."""

    def __init__(self, names: _Names, read_local: Callable[[str, str], bytes] | None) -> None:
        self._names, self._read = names, read_local
        self._kinds: Mapping[str, Callable[[object], list[object]]] = {
            "file": self._file,
            "template": self._template,
            "vars": self._variable,
            "env": lambda name: [os.environ.get(str(name), "")],
            "dict": _pairs,
            "list": lambda value: list(value) if isinstance(value, list) else [value],
            "items": lambda value: list(value) if isinstance(value, list) else [value],
        }

    def query(self, kind: str, *terms: object, **options: object) -> list[object]:
        """Return all that is found, as a list."""
        name = kind.rpartition(".")[2]
        if name not in self._kinds:
            raise TemplateFault(f"lookup: there is no {kind!r} here; there are: {', '.join(sorted(self._kinds))}")
        if name == "vars" and "default" in options:
            return [self._variable(terms[0], options["default"])[0]]
        return [found for term in terms for found in self._kinds[name](term)]

    def lookup(self, kind: str, *terms: object, wantlist: bool = False, **options: object) -> object:
        """Return what is found: the one, or several as text with commas."""
        found = self.query(kind, *terms, **options)
        if wantlist:
            return found
        return found[0] if len(found) == 1 else ",".join(map(str, found))

    def _file(self, name: object) -> list[object]:
        return [self._text("files", name).rstrip()]

    def _template(self, name: object) -> list[object]:
        return [self._names.file(self._text("templates", name))]

    def _text(self, kind: str, name: object) -> str:
        if self._read is None:
            raise TemplateFault(f"lookup: {name} cannot be read here")
        try:
            return self._read(kind, str(name)).decode()
        except UnicodeDecodeError as fault:
            raise TemplateFault(f"lookup: {name} is not UTF-8 text: byte {fault.start}") from None

    def _variable(self, name: object, *default: object) -> list[object]:
        try:
            return [self._names.value(str(name))]
        except KeyError:
            if default:
                return [default[0]]
            raise TemplateFault(f"there is no {name!r} here") from None


def _pairs(value: object) -> list[object]:
    if not isinstance(value, Mapping):
        raise TemplateFault("lookup: a mapping is due for dict")
    return [{"key": key, "value": part} for key, part in value.items()]
