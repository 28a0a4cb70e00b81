"""Local references of a fragment, replaced by what they mean; nothing outside the fragment is ever fetched."""

from __future__ import annotations

from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Mapping, Node, Scalar, Sequence

_PREFIX = "#/$defs/"


def inlined(node: Node, decoder: Decoder) -> Node:
    """Return the fragment with every ``$ref`` replaced and ``$defs`` gone; complaints go to the decoder."""
    definitions: dict[str, Node] = {}
    if isinstance(node, Mapping):
        for key, value in node.entries:
            if key.text == "$defs" and isinstance(value, Mapping):
                definitions = {name.text: part for name, part in value.entries}
    return _inlined(node, definitions, (), decoder)


def _inlined(node: Node, definitions: dict[str, Node], within: tuple[str, ...], decoder: Decoder) -> Node:
    if isinstance(node, Sequence):
        return Sequence(tuple(_inlined(item, definitions, within, decoder) for item in node.items), node.source)
    if not isinstance(node, Mapping):
        return node
    entries: list[tuple[Scalar, Node]] = []
    meant: list[Node] = []
    for key, value in node.entries:
        if key.text in {"$ref", "$dynamicRef"}:
            target = _target(key, value, definitions, within, decoder)
            if target is not None:
                meant.append(_inlined(target[1], definitions, (*within, target[0]), decoder))
        elif key.text != "$defs":
            entries.append((key, _inlined(value, definitions, within, decoder)))
    if meant and not entries:
        return meant[0]
    rest = Mapping(tuple(entries), node.source)
    if not meant:
        return rest
    both = Sequence((*meant, rest), node.source)
    return Mapping(((Scalar("allOf", plain=True, source=node.source), both),), node.source)


def _target(
    key: Scalar, value: Node, definitions: dict[str, Node], within: tuple[str, ...], decoder: Decoder
) -> tuple[str, Node] | None:
    text = value.text if isinstance(value, Scalar) else ""
    name = text.removeprefix(_PREFIX)
    if key.text != "$ref" or not text.startswith(_PREFIX):
        decoder.complain(
            value.source, f"{key.text} {text!r}: only {_PREFIX}NAME of the same fragment may be referred to"
        )
    elif name not in definitions:
        decoder.complain(value.source, f"$ref {text!r}: the fragment's $defs has no {name!r}")
    elif name in within:
        decoder.complain(value.source, f"$ref {text!r} refers to itself; a control must end")
    else:
        return name, definitions[name]
    return None
