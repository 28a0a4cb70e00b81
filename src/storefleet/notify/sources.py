"""Where an Apprise URL comes from: never the URL itself, and no complaint repeats one that somebody pasted."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence

from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Mapping, Node, Scalar, Source, is_null
from storefleet.model.credentials import SecretSource

_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REMEDY = "say where it comes from: {env: NAME}, {file: /path} or {command: [...]}"


def without_urls(node: Node, decoder: Decoder) -> Node:
    """Complain about every URL that stands where its source is due, and return the file without them."""
    return _changed(node, ("channels", None, "apprise"), lambda value: _source(value, decoder))


def source_fault(source: SecretSource) -> str | None:
    """Return what is wrong with a source, or ``None``."""
    given = [name for name in ("env", "file", "command") if getattr(source, name) is not None]
    if len(given) != 1:
        return f"apprise: name exactly one of env, file and command, not {' and '.join(given) or 'none'}"
    return "apprise: command is empty; write the program and its arguments" if source.command == () else None


def _changed(node: Node, path: Sequence[str | None], change: Callable[[Node], Node]) -> Node:
    """Return the node with what stands at a path changed; ``None`` in the path is every key."""
    if not path:
        return change(node)
    if not isinstance(node, Mapping):
        return node
    entries = (
        (key, _changed(value, path[1:], change) if path[0] in (None, key.text) else value)
        for key, value in node.entries
    )
    return dataclasses.replace(node, entries=tuple(entries))


def _source(value: Node, decoder: Decoder) -> Node:
    if isinstance(value, Scalar):
        if is_null(value):
            return value
        decoder.complain(value.source, f"apprise: a URL holds a secret and does not stand here; {_REMEDY}")
        return _nothing(value.source)
    for key, part in value.entries if isinstance(value, Mapping) else ():
        if not isinstance(part, Scalar):
            continue
        if "://" in part.text or (key.text == "env" and not _ENV.fullmatch(part.text)):
            due = "the name of an environment variable" if key.text == "env" else "a path"
            decoder.complain(part.source, f"apprise: {key.text}: {due} is due here, and never the URL itself")
            return _nothing(value.source)
    return value


def _nothing(source: Source) -> Node:
    """Return what can be read on, so that all other mistakes of the file are told too."""
    return Mapping(((Scalar("env", plain=True, source=source), Scalar("NAME", plain=True, source=source)),), source)
