"""Reading the nodes of a playbook's files into plain values, with every complaint at its line."""

from __future__ import annotations

from collections.abc import Iterable

from storefleet.documents import yaml11
from storefleet.documents.nodes import Mapping, Node, Scalar, Sequence, Source
from storefleet.errors import Complaint
from storefleet.model.base import Json
from storefleet.playbook.words import near
from storefleet.templating.engine import compile_expression, is_template, template_names
from storefleet.templating.filters import TemplateFault


class Values:
    """Takes values out of nodes; what is wrong is gathered in ``complaints``."""

    def __init__(self) -> None:
        self.complaints: list[Complaint] = []

    def complain(self, source: Source, message: str) -> None:
        """Gather one complaint."""
        self.complaints.append(Complaint(source.path, source.line, message))

    def words(self, node: Mapping, known: Iterable[str], what: str) -> dict[str, Node]:
        """Return the parts of a mapping by their words; one that is not known is complained of."""
        found: dict[str, Node] = {}
        for key, part in node.entries:
            if key.text in known:
                found[key.text] = part
            else:
                self.complain(key.source, f"{what} has no `{key.text}` here{near(key.text, known)}")
        return found

    def text(self, node: Node | None) -> str:
        """Return a text; a number is one too."""
        if node is None:
            return ""
        if isinstance(node, Scalar):
            return node.text
        self.complain(node.source, "text is due here")
        return ""

    def flag(self, node: Node | None, *, default: bool) -> bool:
        """Return yes or no."""
        found = default if node is None else yaml11.value(node)
        if isinstance(found, bool):
            return found
        assert node is not None
        self.complain(node.source, "yes or no is due here")
        return default

    def flag_or_template(self, node: Node | None, *, default: Json) -> Json:
        """Return yes or no, or the template that gives it."""
        found = default if node is None else yaml11.value(node)
        if isinstance(found, bool) or (isinstance(found, str) and is_template(found)):
            return found
        assert node is not None
        self.complain(node.source, "yes or no is due here")
        return default

    def count(self, node: Node | None, word: str) -> Json:
        """Return a whole number that is not negative, or the template that gives it."""
        found = yaml11.value(node) if node is not None else None
        if node is None or (isinstance(found, str) and is_template(found)):
            return found
        if isinstance(found, int | float) and not isinstance(found, bool) and found >= 0:
            return found
        self.complain(node.source, f"{word}: a number is due here")
        return None

    def texts(self, node: Node | None) -> tuple[str, ...]:
        """Return one text or several."""
        if isinstance(node, Sequence):
            return tuple(self.text(item) for item in node.items)
        return (self.text(node),) if node is not None and not is_nothing(node) else ()

    def expressions(self, node: Node | None) -> tuple[str, ...] | None:
        """Return bare expressions that must all hold, ``None`` where the word is not there."""
        if node is None:
            return None
        found = tuple(_bare(text) for text in self.texts(node))
        for text in found:
            try:
                compile_expression(text)
            except TemplateFault as fault:
                self.complain(node.source, str(fault))
        return found

    def mapping(self, node: Node | None, what: str) -> dict[str, Json]:
        """Return names and values, whose templates can be compiled."""
        found = yaml11.value(node) if node is not None and not is_nothing(node) else {}
        if isinstance(found, dict):
            if node is not None:
                self.templates(node.source, found)
            return found
        assert node is not None
        self.complain(node.source, f"{what}: names and values are due here")
        return {}

    def templates(self, source: Source, *values: Json) -> None:
        """Refuse a template that no host could ever render."""
        for value in values:
            try:
                template_names(value)
            except TemplateFault as fault:
                self.complain(source, str(fault))


def _bare(text: str) -> str:
    """Return an expression without the braces that some write around it."""
    stripped = text.strip()
    inner = stripped[2:-2]
    whole = stripped.startswith("{{") and stripped.endswith("}}") and "{{" not in inner and "}}" not in inner
    return inner.strip() if whole else stripped


def is_nothing(node: Node) -> bool:
    """Tell whether a node is an empty value."""
    return isinstance(node, Scalar) and yaml11.scalar(node) is None
