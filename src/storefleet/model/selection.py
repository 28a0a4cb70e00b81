"""The selector language: Ansible's expressions over names, and comparisons of fields.

``till:&north:!S0412`` is every till in the region north without the store S0412: first the union of the plain terms,
then every intersection (``&``), then every exclusion (``!``), wherever they stand. Without a plain term it starts from
all hosts.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from storefleet.errors import SelectorError
from storefleet.model.store import Host, Store
from storefleet.model.terms import (
    DATE,
    HOST_FIELDS,
    AnyOf,
    Comparison,
    Everything,
    Name,
    Pattern,
    Term,
    as_number,
    glob,
    guarded,
    names_of,
)

ReadFile = Callable[[str], str]
"""Gives the text of a file of names; the caller decides where ``@file`` may point."""

MAX_TEXT = 100_000
_COMPARISON = re.compile(r"(?P<field>[A-Za-z_][\w.]*)\s*(?P<operator>!=|=~|<=|>=|=|<|>)(?P<value>.*)", re.DOTALL)
_SUBSCRIPT = re.compile(r".+\[-?[0-9]*(:-?[0-9]*)?\]")
_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class Selector:
    """A parsed selection; hashable, and independent of any fleet."""

    text: str
    union: tuple[Term, ...]
    intersections: tuple[Term, ...] = ()
    exclusions: tuple[Term, ...] = ()

    def matches(self, host: Host, store: Store | None) -> bool:
        """Tell whether a host (with its store, where it has one) is selected."""
        if not any(term.matches(host, store) for term in self.union):
            return False
        if not all(term.matches(host, store) for term in self.intersections):
            return False
        return not any(term.matches(host, store) for term in self.exclusions)

    def terms(self) -> Iterator[Term]:
        """Yield every single term, those of files included."""
        for term in (*self.union, *self.intersections, *self.exclusions):
            yield from term.terms if isinstance(term, AnyOf) else (term,)

    def names(self) -> frozenset[str]:
        """Return the bare names that the selection uses."""
        return frozenset(term.text for term in self.terms() if isinstance(term, Name))

    def fields(self) -> frozenset[str]:
        """Return the fields that the selection compares."""
        return frozenset(term.field for term in self.terms() if isinstance(term, Comparison))


def parse(text: str, read_file: ReadFile | None = None) -> Selector:
    """Parse a selection; ``read_file`` resolves ``@file`` terms, which are refused without it."""
    return _parse(text, read_file) if "@" in text else _parse_plain(text)


@lru_cache(maxsize=1024)
def _parse_plain(text: str) -> Selector:
    return _parse(text, None)


def _parse(text: str, read_file: ReadFile | None) -> Selector:
    if len(text) > MAX_TEXT:
        raise SelectorError("the selection is too long; put the names into a file and write @file")
    chosen: dict[str, list[Term]] = {"": [], "&": [], "!": []}
    for part in _split(text):
        sign = part[0] if part[0] in "&!" else ""
        body = part[len(sign) :].strip()
        chosen[sign].append(_file(body[1:], read_file) if body.startswith("@") else _term(body))
    if not any(chosen.values()):
        raise SelectorError("the selection is empty; write all for every host")
    union = tuple(chosen[""]) or (Everything(),)
    return Selector(text, union, tuple(chosen["&"]), tuple(chosen["!"]))


def _split(text: str) -> Iterator[str]:
    """Yield the terms: ``:`` and ``,`` part them, except within quotes and brackets."""
    quote, depth, start = "", 0, 0
    for index, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "[]":
            depth = max(0, depth + (1 if character == "[" else -1))
        elif character in ":," and depth == 0:
            yield from _stripped(text[start:index])
            start = index + 1
    if quote:
        raise SelectorError(f"{text!r}: a quote is not closed")
    yield from _stripped(text[start:])


def _stripped(part: str) -> Iterator[str]:
    if part.strip():
        yield part.strip()


def _file(name: str, read_file: ReadFile | None) -> Term:
    if read_file is None:
        raise SelectorError(f"@{name}: a file of names is not read here; write the names, or use -l @{name}")
    lines = (line.partition("#")[0].strip() for line in read_file(name).splitlines())
    return AnyOf(tuple(_term(line) for line in lines if line))


def _term(text: str) -> Term:
    bare = _unquoted(text)
    if bare in {"all", "*"}:
        return Everything()
    if bare.startswith("~"):
        return Pattern(bare, guarded(bare[1:]))
    match = _COMPARISON.fullmatch(text)
    if match:
        return _comparison(match["field"], match["operator"], _unquoted(match["value"].strip()))
    if _SUBSCRIPT.fullmatch(bare):
        raise SelectorError(f"{bare!r}: positions such as [0] or [0:5] are not supported; write names or a glob")
    if any(character in bare for character in "*?["):
        return Pattern(bare, glob(bare))
    if not _NAME.fullmatch(bare):
        raise SelectorError(f"{bare!r} is neither a name nor field=value; quote a value that holds blanks")
    return Name(bare)


def _comparison(field: str, operator: str, value: str) -> Comparison:
    if operator == "=~":
        return Comparison(field, operator, value, guarded(value))
    if operator in {"<", "<=", ">", ">="} and as_number(value) is None and not DATE.fullmatch(value):
        raise SelectorError(f"{field}{operator}{value}: compare with a number, or a date as 2026-11-22")
    return Comparison(field, operator, value)


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def known_fields(hosts: Iterable[Host], stores: Mapping[str, Store]) -> frozenset[str]:
    """Return every field that a selection over these may compare."""
    columns: set[str] = set()
    for store in stores.values():
        columns.update(store.columns)
    data = {key for host in hosts for key in host.data}
    return HOST_FIELDS | data | columns | {f"store.{name}" for name in columns}


def check_fields(selector: Selector, known: Collection[str]) -> None:
    """Refuse a field that no host and no store has; raises :class:`SelectorError`."""
    for field in sorted(selector.fields() - set(known)):
        close = difflib.get_close_matches(field, known, 1)
        hint = f"did you mean {close[0]!r}?" if close else "use a column of stores.csv or a field of a host"
        raise SelectorError(f"{selector.text}: there is no field {field!r}; {hint}")


def select(
    text: str, hosts: Iterable[Host], stores: Mapping[str, Store], read_file: ReadFile | None = None
) -> list[Host]:
    """Return the hosts selected, in the order given.

    Raises :class:`SelectorError` when a field does not exist, a bare name means nothing, or nothing is selected.
    """
    selector = parse(text, read_file)
    given = list(hosts)
    check_fields(selector, known_fields(given, stores))
    unknown = selector.names() - {name for host in given for name in names_of(host, stores.get(host.store))}
    for name in sorted(unknown - set(stores)):
        known = {name for host in given for name in names_of(host, stores.get(host.store))} | set(stores)
        close = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise SelectorError(f"{text}: nothing is called {name!r}{hint}")
    found = [host for host in given if selector.matches(host, stores.get(host.store))]
    if not found:
        raise SelectorError(f"{text}: matches no host")
    return found
