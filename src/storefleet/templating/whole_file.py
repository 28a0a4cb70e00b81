"""Whole files as templates: rendered as Ansible's `template` does, and every fault at its line."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import jinja2
from jinja2 import meta

from storefleet.templating.engine import FILES, MAX_RENDERED, Roots
from storefleet.templating.filters import TemplateFault

_MARK = re.compile("\x1f([0-9]+)\x1f")


@lru_cache(maxsize=64)
def names_in(text: str) -> frozenset[str]:
    """Return the roots that a whole file uses; raises :class:`TemplateFault` on bad syntax."""
    try:
        return frozenset(meta.find_undeclared_variables(FILES.parse(text)))
    except jinja2.TemplateSyntaxError as fault:
        raise TemplateFault(f"line {fault.lineno}: {fault.message}").at(fault.lineno) from None


@lru_cache(maxsize=64)
def _file(text: str) -> jinja2.Template:
    """Compile a whole file, once for all the hosts that it is rendered for."""
    return FILES.from_string(text)


def render(text: str, roots: Roots) -> str:
    """Return a whole file rendered as Ansible's ``template`` does; raises :class:`TemplateFault`."""
    if text.startswith("#jinja2:"):
        said = "line 1: `#jinja2:` sets nothing here; take it out, and write {%- and -%} where it is due"
        raise TemplateFault(said).at(1)
    try:
        rendered: str = _file(text).render(roots)
    except (jinja2.TemplateSyntaxError, jinja2.UndefinedError) as fault:
        raise TemplateFault(f"{fault.message}").at(_line_of(fault)) from None
    except TemplateFault as fault:
        raise fault.at(_line_of(fault))  # noqa: B904 - the fault itself, with its line
    except Exception as fault:  # noqa: BLE001 - an operator or filter may raise anything on the user's values
        raise TemplateFault(f"{type(fault).__name__}: {fault}").at(_line_of(fault)) from None
    if len(rendered) > MAX_RENDERED:
        raise TemplateFault(f"it renders to more than {MAX_RENDERED:,} characters")
    return rendered


def _line_of(fault: Exception) -> int:
    """Return the line of the template that raised, which Jinja writes into the traceback; 0 where it did not."""
    line, step = 0, fault.__traceback__
    while step is not None:
        if "__jinja_exception__" in step.tb_frame.f_globals:
            line = step.tb_lineno
        step = step.tb_next
    return line


def source_line(text: str, rendered: str, number: int, again: Callable[[str], str]) -> int:
    """Return the line of a template from which a line of its text came; 0 where that cannot be told.

    The template is rendered once more, with each line saying its number; inside an expression over several lines that
    is no template any more.
    """
    marked = "\n".join(f"\x1f{line}\x1f{part}" for line, part in enumerate(text.split("\n"), start=1))
    try:
        found = [(_MARK.sub("", line), _MARK.findall(line)) for line in again(marked).split("\n")]
    except TemplateFault:
        return 0
    lines = rendered.split("\n")
    wanted = lines[number - 1]
    places = [int(marks[-1]) for line, marks in found if line == wanted and marks]
    before = lines[: number - 1].count(wanted)
    return places[before] if before < len(places) else 0
