"""From nodes to frozen values: the type that is due decides how a text is read, and every complaint names its line.

Where a string is due the source text is taken (``0412``, ``12:30``, ``2.10``, ``NO`` stay as written); where a number,
a boolean or a date is due, another spelling is an error that shows both.
"""

from __future__ import annotations

import datetime
import difflib
import types
from collections import abc
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin

import msgspec

from storefleet.documents.nodes import (
    FALSE,
    INTEGER,
    TRUE,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Source,
    core_value,
    is_null,
)
from storefleet.errors import Complaint, InputError
from storefleet.model.base import Json

T = TypeVar("T")


class _Broken(Exception):
    """One value could not be read; its complaint is in the list."""


class Decoder:
    """Decodes one or more nodes and gathers every complaint, so that one pass over the files shows them all."""

    def __init__(self, leave: abc.Callable[[str], bool] = lambda _: False) -> None:
        """``leave`` tells which texts stay as written whatever is due: a template gets its type when it is rendered."""
        self.complaints: list[Complaint] = []
        self._leave = leave

    def complain(self, source: Source, message: str) -> None:
        """Note one complaint."""
        self.complaints.append(Complaint(source.path, source.line, message))

    def finish(self) -> None:
        """Raise :class:`InputError` when anything was wrong."""
        if self.complaints:
            raise InputError(self.complaints)

    def decode(self, node: Node, kind: type[T], what: str = "the document") -> T | None:
        """Return the value, or ``None`` when a complaint was noted; ``what`` names the place for a person."""
        try:
            value: T = self._value(node, kind, what)
        except _Broken:
            return None
        return value

    def plain(self, node: Node) -> Json:
        """Return the node as plain data; ``None`` also when a complaint was noted."""
        try:
            return self._plain(node)
        except _Broken:
            return None

    def _fail(self, node: Node, message: str) -> _Broken:
        self.complain(node.source, message)
        return _Broken()

    def _value(self, node: Node, kind: Any, what: str) -> Any:
        if kind is Any:
            return self._plain(node)
        if kind in (Node, Scalar | Sequence | Mapping):
            return node
        origin = get_origin(kind)
        if origin in (Union, types.UnionType):
            return self._union(node, get_args(kind), what)
        if origin is Literal:
            return self._literal(node, get_args(kind), what)
        if origin in (list, tuple, abc.Sequence):
            return self._sequence(node, kind, what)
        if origin in (dict, abc.Mapping):
            return self._mapping(node, get_args(kind)[1], what)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._struct(node, kind, what)
        return self._scalar(node, kind, what)

    def _plain(self, node: Node) -> Json:
        if isinstance(node, Sequence):
            return [self._plain(item) for item in node.items]
        if isinstance(node, Mapping):
            return {key.text: self._plain(value) for key, value in node.entries}
        try:
            return core_value(node)
        except ValueError as fault:
            raise self._fail(node, str(fault)) from None

    def _scalar(self, node: Node, kind: type, what: str) -> Any:
        if not isinstance(node, Scalar):
            raise self._fail(node, f"{what}: one value is due here, not a {_shape(node)}")
        if self._leave(node.text):
            return node.text
        readers: dict[type, Any] = {str: _text, bool: _boolean, int: _integer, float: _number, datetime.date: _date}
        try:
            return readers[kind](node)
        except ValueError as fault:
            raise self._fail(node, f"{what}: {fault}") from None

    def _literal(self, node: Node, allowed: tuple[Any, ...], what: str) -> Any:
        text = node.text if isinstance(node, Scalar) else None
        for choice in allowed:
            if text == str(choice):
                return choice
        if text is not None and self._leave(text):
            return text
        listed = ", ".join(map(str, allowed))
        given = repr(text) if text is not None else f"a {_shape(node)}"
        raise self._fail(node, f"{what}: {given} is not one of {listed}")

    def _sequence(self, node: Node, kind: Any, what: str) -> Any:
        if not isinstance(node, Sequence):
            raise self._fail(node, f"{what}: a list is due here, not a {_shape(node)}")
        item_kind = get_args(kind)[0]
        items = self._each((f"{what}[{index}]", item, item_kind) for index, item in enumerate(node.items))
        return items if get_origin(kind) is list else tuple(items)

    def _mapping(self, node: Node, value_kind: Any, what: str) -> dict[str, Any]:
        if not isinstance(node, Mapping):
            raise self._fail(node, f"{what}: a mapping is due here, not a {_shape(node)}")
        values = self._each((f"{what}.{key.text}", value, value_kind) for key, value in node.entries)
        return {key.text: value for (key, _), value in zip(node.entries, values, strict=True)}

    def _each(self, parts: abc.Iterable[tuple[str, Node, Any]]) -> list[Any]:
        """Decode every part before giving up, so that two mistakes in one list are two complaints."""
        values: list[Any] = []
        broken = False
        for what, node, kind in parts:
            try:
                values.append(self._value(node, kind, what))
            except _Broken:
                broken = True
        if broken:
            raise _Broken
        return values

    def _struct(self, node: Node, kind: type[msgspec.Struct], what: str) -> Any:
        if not isinstance(node, Mapping):
            raise self._fail(node, f"{what}: a mapping is due here, not a {_shape(node)}")
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind) if field.type is not Source}
        known = [(key, value) for key, value in node.entries if key.text in fields]
        before = len(self.complaints)
        for key, _ in node.entries:
            if key.text not in fields:
                self.complain(key.source, _unknown_key(what, key.text, list(fields)))
        given = {key.text for key, _ in known}
        for name, field in fields.items():
            if field.required and name not in given:
                self.complain(node.source, f"{what}: the key {name!r} is missing")
        try:
            values = self._each((f"{what}: {key.text}", value, fields[key.text].type) for key, value in known)
        except _Broken:
            values = []
        if len(self.complaints) > before:
            raise _Broken
        arguments = {fields[key.text].name: value for (key, _), value in zip(known, values, strict=True)}
        for field in msgspec.structs.fields(kind):
            if field.type is Source:
                arguments[field.name] = node.source
        return kind(**arguments)

    def _union(self, node: Node, kinds: tuple[Any, ...], what: str) -> Any:
        if type(None) in kinds:
            if is_null(node):
                return None
            kinds = tuple(kind for kind in kinds if kind is not type(None))
        if len(kinds) == 1:
            return self._value(node, kinds[0], what)
        for kind in kinds:
            if _fits(node, kind):
                return self._value(node, kind, what)
        listed = " or ".join(_kind_name(kind) for kind in kinds)
        raise self._fail(node, f"{what}: {listed} is due here, not a {_shape(node)}")


def decode(node: Node | None, kind: type[T], what: str = "the document", path: str = "") -> T:
    """Decode one whole document; raises :class:`InputError` with every complaint."""
    decoder = Decoder()
    if node is None:
        raise InputError([Complaint(path, 0, f"{what} is empty")])
    value = decoder.decode(node, kind, what)
    decoder.finish()
    return cast("T", value)


def _shape(node: Node) -> str:
    if isinstance(node, Scalar):
        return f"value ({node.text!r})" if node.text else "value"
    return "list" if isinstance(node, Sequence) else "mapping"


def _kind_name(kind: Any) -> str:
    if get_origin(kind) in (list, tuple, abc.Sequence):
        return "a list"
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false", datetime.date: "a date"}
    return names.get(kind, "a mapping")


def _fits(node: Node, kind: Any) -> bool:
    origin = get_origin(kind) or kind
    if isinstance(node, Mapping):
        return origin in (dict, abc.Mapping) or (isinstance(origin, type) and issubclass(origin, msgspec.Struct))
    if isinstance(node, Sequence):
        return origin in (list, tuple, abc.Sequence)
    if kind is bool:
        return node.plain and bool(TRUE.fullmatch(node.text) or FALSE.fullmatch(node.text))
    if kind in (int, float):
        try:
            number = core_value(node)
        except ValueError:
            return kind is float
        return isinstance(number, kind) and not isinstance(number, bool)
    if origin is Literal:
        return node.text in {str(choice) for choice in get_args(kind)}
    return kind is str


def _unknown_key(what: str, key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, 1)
    hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(sorted(known))}"
    return f"{what}: unknown key {key!r}; {hint}"


def _text(node: Scalar) -> str:
    if is_null(node):
        message = "text is due here, and there is none"
        raise ValueError(message)
    return node.text


def _boolean(node: Scalar) -> bool:
    if node.plain and TRUE.fullmatch(node.text):
        return True
    if node.plain and FALSE.fullmatch(node.text):
        return False
    message = f"true or false is due here, not {node.text!r}"
    raise ValueError(message)


def _integer(node: Scalar) -> int:
    if node.plain and INTEGER.fullmatch(node.text):
        return int(node.text, 0)
    meant = node.text.lstrip("+-0") or "0"
    hint = f": write {meant}" if meant.isdecimal() else ""
    message = f"a whole number is due here, not {node.text!r}{hint}"
    raise ValueError(message)


def _number(node: Scalar) -> float:
    value = core_value(node)
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"a number is due here, not {node.text!r}"
        raise ValueError(message)  # noqa: TRY004 - a spelling in the user's file, caught where its line is known
    return float(value)


def _date(node: Scalar) -> datetime.date:
    try:
        day = datetime.date.fromisoformat(node.text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != node.text:
        message = f"a date as 2026-11-22 is due here, not {node.text!r}"
        raise ValueError(message)
    return day
