"""Values as Ansible reads them: YAML 1.1, where ``yes`` is true and ``0644`` is a number in octal.

The fleet's own documents are YAML 1.2 core (:mod:`storefleet.documents.decode`); this is for playbooks alone.
"""

from __future__ import annotations

import re

from storefleet.documents.nodes import Mapping, Node, Scalar, Sequence
from storefleet.model.base import Json

_TRUE = re.compile(r"yes|Yes|YES|true|True|TRUE|on|On|ON")
_FALSE = re.compile(r"no|No|NO|false|False|FALSE|off|Off|OFF")
_NULL = re.compile(r"~|null|Null|NULL|")
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_HEXADECIMAL = re.compile(r"[-+]?0x[0-9a-fA-F_]+")
_FLOAT = re.compile(r"[-+]?([0-9][0-9_]*)\.[0-9_]*([eE][-+][0-9]+)?|\.[0-9][0-9_]*([eE][-+][0-9]+)?")
_SEXAGESIMAL = re.compile(r"[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+")


def value(node: Node) -> Json:
    """Return a node as plain data, as PyYAML would give it to Ansible; a date stays the text that it is."""
    if isinstance(node, Sequence):
        return [value(item) for item in node.items]
    if isinstance(node, Mapping):
        return {_key(key): value(part) for key, part in node.entries}
    return scalar(node)


def _key(node: Scalar) -> str:
    """Return a key as Ansible's data shows it in JSON: an unquoted ``on`` is true there too."""
    found = scalar(node)
    return str(found).lower() if isinstance(found, bool) else node.text


def scalar(node: Scalar) -> Json:
    """Return one leaf; a quoted one is text."""
    text = node.text
    if not node.plain:
        return text
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return _TRUE.fullmatch(text) is not None
    digits = text.replace("_", "")
    if _OCTAL.fullmatch(text):
        return int(digits, 8)
    if _INTEGER.fullmatch(text):
        return int(digits)
    if _HEXADECIMAL.fullmatch(text):
        return int(digits, 16)
    if _SEXAGESIMAL.fullmatch(text):
        total = 0
        for part in digits.lstrip("+-").split(":"):
            total = total * 60 + int(part)
        return -total if digits.startswith("-") else total
    return float(digits) if _FLOAT.fullmatch(text) else text
