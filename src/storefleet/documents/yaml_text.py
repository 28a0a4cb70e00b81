"""Plain data as YAML text and back, for the filters that playbooks bring along from Ansible."""

from __future__ import annotations

from typing import Any

import yaml

from storefleet.documents import yaml11
from storefleet.documents.reader import parse
from storefleet.errors import InputError
from storefleet.model.base import Json


class _Dumper(yaml.SafeDumper):
    """Sets lists in below their key, as Ansible does, and never writes an alias."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 - PyYAML calls it so
        super().increase_indent(flow=flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def to_yaml(value: object, indent: int | None = None, *, nice: bool = False) -> str:
    """Return a value as YAML; ``nice`` writes every part on a line of its own."""
    flow = False if nice else None
    text: str = yaml.dump(value, Dumper=_Dumper, indent=indent, allow_unicode=True, default_flow_style=flow)
    return text


def from_yaml(text: str) -> Json:
    """Return the value of a text as Ansible reads it; raises :class:`InputError`."""
    node = parse(text, "from_yaml")
    if node is None:
        return None
    try:
        return yaml11.value(node)
    except (ValueError, RecursionError) as fault:
        raise InputError(f"from_yaml: {fault}") from fault
