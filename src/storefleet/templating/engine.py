"""One Jinja environment for the whole product, and values whose leaves may be templates.

A string that is exactly one expression (``"{{ intended.dns }}"``) keeps the type of its value; anything else renders to
text. ``NativeEnvironment`` would evaluate text as Python (``"2.10"`` becomes 2.1), so it is never used.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import jinja2
from jinja2 import meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from storefleet.model.base import Json
from storefleet.templating import ansible_words
from storefleet.templating.filters import FILTERS, TemplateFault, UndefinedName
from storefleet.templating.unknown import NotYetKnown, Unknown

Roots = Mapping[str, object]
MAX_RENDERED = 1_000_000
"""Characters that one rendered leaf may have: a loop in a fleet file must not eat the machine."""

MAX_REPEATED = 10_000
MAX_BITS = 1024
"""How far ``*`` and ``**`` may go: what a numbering plan needs, far below what would eat the machine."""

_REFUSED_FILTERS = ("center", "batch", "slice", "format", "indent", "wordwrap", "random")
_REFUSED_METHODS = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs", "format", "format_map", "translate"})
"""A width makes text of any size; ``random`` would make two readings of one folder differ."""

_ONE_EXPRESSION = re.compile(r"\s*\{\{(?P<expression>(?:(?!\{\{|\}\}|\{%).)*)\}\}\s*", re.DOTALL)


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, without ``range`` bombs and without Jinja's global helpers."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=_Undefined, autoescape=False, keep_trailing_newline=True)
        for name in _REFUSED_FILTERS:
            del self.filters[name]
        self.filters.update(ansible_words.FILTERS)
        self.filters.update(FILTERS)
        self.tests.update(ansible_words.TESTS)
        self.globals.clear()
        self.finalize = _printable

    def getattr(self, obj: object, attribute: str) -> object:
        """Prefer what the data says: a column named ``items`` must not give a method of the mapping."""
        if isinstance(obj, Unknown):
            return obj
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        _refuse_method(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: object, argument: object) -> object:
        """Refuse under brackets what is refused after a dot."""
        if isinstance(obj, Unknown):
            return obj
        _refuse_method(obj, argument)
        return super().getitem(obj, argument)

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse an operation whose result would not fit into memory, before it is tried."""
        if operator == "%" and isinstance(left, str):
            raise TemplateFault("% on text is not allowed here; write ~ between the parts")
        if operator == "**" and _bits(left) * max(_size(right), 1) > MAX_BITS:
            raise TemplateFault("the number grows too large")
        if operator == "*" and not _product_fits(left, right):
            raise TemplateFault("the product grows too large")
        return super().call_binop(context, operator, left, right)


def _refuse_method(obj: object, name: object) -> None:
    if isinstance(obj, str) and name in _REFUSED_METHODS:
        raise TemplateFault(f"the method {name!r} of text is not allowed here")


def _size(value: object) -> int:
    return abs(value) if isinstance(value, int) else 1


def _bits(value: object) -> int:
    return max(value.bit_length(), 1) if isinstance(value, int) else 1


def _product_fits(left: object, right: object) -> bool:
    for text, times in ((left, right), (right, left)):
        if isinstance(text, str | list | tuple) and isinstance(times, int):
            return len(text) * times <= MAX_REPEATED
    return _bits(left) + _bits(right) <= MAX_BITS


def _printable(value: object) -> object:
    if callable(value) and not isinstance(value, jinja2.Undefined):
        raise TemplateFault("a method without its brackets cannot be printed")
    return value


class _Undefined(jinja2.StrictUndefined):
    """Says what is missing in the words of the fleet's files, not of Python's."""

    @property
    def _undefined_message(self) -> str:
        owner = self._undefined_obj
        if self._undefined_hint or not isinstance(owner, Mapping):
            return super()._undefined_message
        close = difflib.get_close_matches(str(self._undefined_name), map(str, owner), 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"there is no {self._undefined_name!r} here{hint}"


def undefined(why: str) -> object:
    """Return what stands for a name whose own template names what nobody defines."""
    return _Undefined(hint=why)


_ENVIRONMENT = _Environment()
FILES = _Environment()
FILES.trim_blocks = True
"""For whole files, as Ansible renders those of `template`."""


@dataclass(frozen=True, slots=True)
class Template:
    """One compiled leaf: ``names`` are the roots it uses (``store``, ``intended``)."""

    text: str
    names: frozenset[str]
    _render: Callable[[Roots], Json]

    def render(self, roots: Roots) -> Json:
        """Return the value; raises :class:`TemplateFault` on an undefined name or a failing expression."""
        try:
            value = self._render(roots)
        except NotYetKnown:
            raise
        except TemplateFault as fault:
            raise TemplateFault(f"{self.text}: {fault}") from None
        except jinja2.UndefinedError as fault:
            raise UndefinedName(f"{self.text}: {fault.message}") from None
        except Exception as fault:  # noqa: BLE001 - an operator or filter may raise anything on the user's values
            raise TemplateFault(f"{self.text}: {type(fault).__name__}: {fault}") from None
        if isinstance(value, str) and len(value) > MAX_RENDERED:
            raise TemplateFault(f"{self.text}: renders to more than {MAX_RENDERED:,} characters")
        return value


def is_template(text: str) -> bool:
    """Tell whether the text holds any template syntax."""
    return "{{" in text or "{%" in text or "{#" in text


@lru_cache(maxsize=4096)
def compile_text(text: str, *, exact: bool = False) -> Template:
    """Compile one leaf that holds template syntax; ``exact`` is how Ansible takes what a playbook says.

    Then blanks around an expression make it text, and a line end behind a statement goes with it.
    """
    match = _ONE_EXPRESSION.fullmatch(text)
    if match and not (exact and text != text.strip()):
        return compile_expression(match["expression"].strip(), shown=text)
    environment = FILES if exact else _ENVIRONMENT
    try:
        names = meta.find_undeclared_variables(environment.parse(text))
        template = environment.from_string(text)
    except jinja2.TemplateSyntaxError as fault:
        raise TemplateFault(f"{text}: {fault.message}") from None
    return Template(text, frozenset(names), template.render)


@lru_cache(maxsize=4096)
def compile_expression(expression: str, shown: str | None = None) -> Template:
    """Compile a bare expression (``when:``), whose value keeps its type."""
    text = shown if shown is not None else expression
    try:
        names = meta.find_undeclared_variables(_ENVIRONMENT.parse("{{ " + expression + " }}"))
        compiled = _ENVIRONMENT.compile_expression(expression, undefined_to_none=False)
    except jinja2.TemplateSyntaxError as fault:
        raise TemplateFault(f"{text}: {fault.message}") from None

    def render(roots: Roots) -> Json:
        value = compiled(**roots)
        if isinstance(value, jinja2.Undefined):
            value._fail_with_undefined_error()  # noqa: SLF001 - Jinja's documented way to raise for an Undefined
        return _plain(value)

    return Template(text, frozenset(names), render)


def _plain(value: object) -> Json:
    """Turn tuples, mappings and lazy sequences of the sandbox into plain JSON data."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, jinja2.Undefined):
        value._fail_with_undefined_error()  # noqa: SLF001 - as above
    if isinstance(value, Unknown):
        str(value)
    try:
        return [_plain(item) for item in cast("list[object]", value)]
    except TypeError:
        raise TemplateFault(f"a {type(value).__name__} cannot be a value here") from None


def template_names(value: Json) -> frozenset[str]:
    """Return the roots that any leaf (or key) of the value uses; raises :class:`TemplateFault` on bad syntax."""
    if isinstance(value, str):
        return compile_text(value).names if is_template(value) else frozenset()
    if isinstance(value, Mapping):
        parts = [template_names(part) for pair in value.items() for part in pair]
    elif isinstance(value, list | tuple):
        parts = [template_names(part) for part in value]
    else:
        return frozenset()
    return frozenset().union(*parts)


def render_value(value: Json, roots: Roots) -> Json:
    """Return the value with every template leaf rendered; keys may be templates too, and then must give text."""
    if isinstance(value, str):
        return compile_text(value).render(roots) if is_template(value) else value
    if isinstance(value, Mapping):
        return {str(render_value(key, roots)): render_value(part, roots) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [render_value(part, roots) for part in value]
    return value
