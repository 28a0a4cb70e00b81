"""The typed check of one fragment: what plain JSON Schema would let pass in silence is a complaint with its line.

A misspelt property or keyword, a keyword for another type, a value that cannot occur, an expectation that cannot fail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from storefleet.audit.contradictions import contradiction
from storefleet.audit.decode import TEXT_KEYWORDS, fragment, place_below, place_named
from storefleet.audit.literals import Literals
from storefleet.audit.places import PlaceFault, known, named, place_of, suggestion
from storefleet.audit.pointer import PointerFault, Select, parse
from storefleet.audit.rules import REMARKS, RULES, Rule
from storefleet.audit.shape import Node, may_be, state_schema, types_of
from storefleet.audit.words import type_words
from storefleet.documents import nodes
from storefleet.documents.nodes import Node as Yaml
from storefleet.documents.nodes import Scalar
from storefleet.model.base import Json
from storefleet.templating.engine import is_template

Complain = Callable[[Yaml, str], None]


class FragmentCheck:
    """Checks one fragment at one place; ``place`` names it in complaints."""

    def __init__(self, complain: Complain, place: str, literals: Literals | None = None) -> None:
        self._place = place
        self._literals = Literals(complain) if literals is None else literals
        self._complain = self._literals.say

    def check(self, node: Yaml, shape: Node, *, top: bool = True) -> None:
        """Complain about everything that is wrong with the fragment and with those inside it."""
        if isinstance(node, Scalar):
            self._boolean(node)
            return
        if not isinstance(node, nodes.Mapping):
            self._complain(node, "a fragment of JSON Schema is due here, or `false` for: must not exist")
            return
        before = self._literals.count
        keywords = [key.text for key, _ in node.entries if key.text not in REMARKS]
        asserting = [key.text for key, value in node.entries if self._keyword(key, value, shape, top=top)]
        self._conditional(node, keywords)
        if self._literals.count > before:
            return
        if not set(asserting) - {"if", "then", "else"} - REMARKS and "if" not in asserting:
            self._complain(node, f"this cannot fail at {self._place}: {_remedy(shape)}")
        elif clash := contradiction(_json(node, shape)):
            self._complain(node, f"this can never pass at {self._place}: {clash}")

    def _say(self, node: Yaml, message: str) -> bool:
        self._literals.say(node, message)
        return True

    def _boolean(self, node: Scalar) -> None:
        if node.plain and node.text == "false":
            return
        if node.plain and node.text == "true":
            self._complain(node, f"`true` cannot fail at {self._place}; write what must hold there")
        elif not is_template(node.text):
            self._complain(node, f"a fragment of JSON Schema is due here, not {node.text!r}")

    def _conditional(self, node: nodes.Mapping, keywords: Sequence[str]) -> None:
        if "if" in keywords and not {"then", "else"} & set(keywords):
            self._say(node, "`if` without `then` or `else` cannot fail")
        if "if" not in keywords and {"then", "else"} & set(keywords):
            self._say(node, "`then` and `else` do nothing without `if`")
        if {"minContains", "maxContains"} & set(keywords) and "contains" not in keywords:
            self._say(node, "`minContains` and `maxContains` do nothing without `contains`")

    def _keyword(self, key: Scalar, value: Yaml, shape: Node, *, top: bool) -> bool:
        """Check one keyword; returns whether it can fail there."""
        name = key.text
        if name in REMARKS:
            return False
        rule = RULES.get(name)
        if rule is None:
            return self._say(key, f"unknown keyword {name!r} at {self._place}; {suggestion(name, RULES)}")
        if rule.applies and not any(may_be(shape, kind) for kind in rule.applies):
            due = type_words(sorted(types_of(shape)))
            fits = known(other for other, part in RULES.items() if part.applies & types_of(shape))
            fits = fits.replace("known here", "there apply")
            return self._say(key, f"`{name}` cannot apply at {self._place}: the value there is {due}; {fits}")
        if isinstance(value, Scalar) and is_template(value.text):
            return True
        fault = rule.check(_value(name, value)) if rule.holds != "one" else None
        if fault:
            return self._say(value, f"{name}: {fault}")
        return self._inside(name, rule, value, shape, top=top)

    def _inside(self, name: str, rule: Rule, value: Yaml, shape: Node, *, top: bool) -> bool:
        if rule.holds == "one":
            self._child(name).check(value, place_below(name, shape), top=False)
        elif rule.holds == "many":
            assert isinstance(value, nodes.Sequence)
            for part in value.items:
                self._child(name).check(part, place_below(name, shape), top=False)
        elif rule.holds == "named":
            return self._named(name, value, shape)
        elif name == "required":
            self._required(value, shape)
        elif name in {"equalTo", "uniqueInFleet"}:
            self._of_documents(name, value, shape, top=top)
        else:
            return self._literals.asserts(name, value, shape, self._place)
        return True

    def _child(self, name: str) -> FragmentCheck:
        place = f"an entry of {self._place}" if name in {"items", "contains", "prefixItems"} else self._place
        return FragmentCheck(self._complain, place, self._literals)

    def _named(self, keyword: str, value: Yaml, shape: Node) -> bool:
        if not isinstance(value, nodes.Mapping):
            return self._say(value, f"{keyword}: names with fragments are due here")
        for key, part in value.entries:
            if keyword == "properties":
                self._exists(key, key.text, shape)
            elif fault := RULES["pattern"].check(key.text):
                self._say(key, f"{keyword}: {fault}")
            inner = FragmentCheck(self._complain, f"{self._place}/{key.text}", self._literals)
            inner.check(part, place_named(keyword, shape, key.text), top=False)
        return bool(value.entries)

    def _required(self, value: Yaml, shape: Node) -> None:
        assert isinstance(value, nodes.Sequence)
        for item in value.items:
            if isinstance(item, Scalar):
                self._exists(item, item.text, shape)

    def _exists(self, at: Yaml, name: str, shape: Node) -> None:
        if is_template(name):
            return
        try:
            named(shape, name, self._place)
        except PlaceFault as fault:
            self._say(at, str(fault))

    def _of_documents(self, name: str, value: Yaml, shape: Node, *, top: bool) -> None:
        if name == "uniqueInFleet":
            if not top:
                self._say(value, "uniqueInFleet: give it a control of its own, whose `at` is the value itself")
            return
        assert isinstance(value, Scalar)
        try:
            pointer = parse(value.text)
            if any(isinstance(step, Select) for step in pointer.steps):
                self._say(value, "equalTo: name one place; `*` and filters may give several")
                return
            other = place_of(pointer, state_schema(), as_list=False)
        except (PointerFault, PlaceFault) as fault:
            self._say(value, f"equalTo: {fault}")
            return
        ours, theirs = types_of(shape), types_of(other)
        if ours and theirs and not ours & theirs:
            self._say(
                value, f"equalTo: {value.text} is {type_words(sorted(theirs))}, here is {type_words(sorted(ours))}"
            )


def _value(name: str, node: Yaml) -> Json:
    """Return the keyword's own value as JSON; a number that YAML would change is complained of elsewhere."""
    if name in TEXT_KEYWORDS and isinstance(node, Scalar):
        return node.text
    try:
        found: Any = fragment(nodes.Mapping(((Scalar(name, plain=True, source=node.source), node),), node.source), {})
    except ValueError:
        return None
    return found[name]  # type: ignore[no-any-return]  # JSON by construction


def _json(node: Yaml, shape: Node) -> Json:
    try:
        return fragment(node, shape)
    except ValueError:
        return None


def _remedy(shape: Node) -> str:
    if may_be(shape, "object") and types_of(shape):
        return "say what its `properties` must be, or which are `required`"
    return "say what the value must be; that it exists is asked by `required` one level up"
