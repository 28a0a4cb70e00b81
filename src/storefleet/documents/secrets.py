"""Literal secrets in the fleet's files: refused at their line, and never repeated in the complaint."""

from __future__ import annotations

import re
from collections.abc import Iterator

from storefleet.documents import nodes
from storefleet.documents.nodes import Node, Scalar, Source, is_null
from storefleet.documents.tables import Table
from storefleet.errors import Complaint

REMEDY = "name its source in credentials.yaml: {env: NAME}, {file: /path} or {command: [...]}"
_WORDS = frozenset(
    {"password", "passwords", "passwd", "pwd", "pass", "passphrase", "secret", "secrets", "token", "tokens", "psk",
     "community", "enable"}
)  # fmt: skip
_PAIRS = re.compile(r"(api|private|auth|shared|pre_?shared|access|ssh)_?key")
_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\$ANSIBLE_VAULT;")
_IN_URL = re.compile(
    r"[a-z][a-z0-9+.-]*://([^/\s:@{]*:[^/\s@{]+@|\S*[?&;](ssl)?pass(word|wd|phrase)?=[^\s&;{])", re.IGNORECASE
)


def is_secret_name(key: str) -> bool:
    """Tell whether a key names a secret by its last word: ``enable_password`` does, ``password_max_age`` does not."""
    words = [word.lower() for word in _SPLIT.split(key) if word]
    return bool(words) and (words[-1] in _WORDS or _PAIRS.fullmatch("_".join(words[-2:])) is not None)


def literal_secrets(node: Node) -> list[Complaint]:
    """Return a complaint for every literal secret; a mapping that names a source is none."""
    return [Complaint(source.path, source.line, message) for source, message in _found(node)]


def _found(node: Node) -> Iterator[tuple[Source, str]]:
    if isinstance(node, nodes.Mapping):
        for key, value in node.entries:
            if is_secret_name(key.text) and _has_text(value):
                yield key.source, f"{key.text!r} holds a literal secret; {REMEDY}"
            else:
                yield from _found(value)
    elif isinstance(node, nodes.Sequence):
        for item in node.items:
            yield from _found(item)
    elif _PRIVATE_KEY.search(node.text) or _IN_URL.search(node.text):
        yield node.source, f"a literal secret stands here; {REMEDY}"


def _has_text(value: Node) -> bool:
    if isinstance(value, Scalar):
        return not is_null(value) and bool(value.text)
    return isinstance(value, nodes.Sequence) and any(map(_has_text, value.items))


def secret_cells(table: Table) -> list[Complaint]:
    """Return a complaint for every column of a table that is named for a secret and filled."""
    found: list[Complaint] = []
    for column in table.columns:
        row = next((row for row in table.rows if row.cells[column]), None) if is_secret_name(column) else None
        if row is not None:
            message = f"the column {column!r} holds literal secrets; remove it, and {REMEDY}"
            found.append(Complaint(row.source.path, row.source.line, message))
    return found
