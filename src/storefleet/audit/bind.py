"""Putting beside each keyword what it needs to know of the host: the instant, the package system, other values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storefleet.audit.durations import duration
from storefleet.audit.fleet_index import SharedValues
from storefleet.audit.fragments import changed, keywords_in
from storefleet.audit.pointer import parse
from storefleet.audit.resolve import resolve
from storefleet.audit.shape import Node
from storefleet.model.base import Json

BOUND = frozenset({"version", "equalTo", "uniqueInFleet", "notOlderThan", "expiresAfter"})
_LIST = re.compile(r"\{\{\s*lists\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Setting:
    """What one host's judgement may know beside the document."""

    now: datetime
    host: str
    facts: Mapping[str, Json]
    shape: Node
    index: SharedValues


def list_name(value: Json) -> str | None:
    """Return the name of the list that a keyword's value is, when it is exactly one."""
    match = _LIST.fullmatch(value.strip()) if isinstance(value, str) else None
    return match[1] if match else None


def bound(fragment: Json, setting: Setting, place: str) -> Json:
    """Return a rendered fragment with what its keywords need; ``place`` is the control's path, for the fleet."""
    if not BOUND & keywords_in(fragment):
        return fragment
    return changed(fragment, lambda part: {name: _bind(name, value, setting, place) for name, value in part.items()})


def _bind(name: str, value: Any, setting: Setting, place: str) -> Any:
    if name == "version":
        software = setting.facts.get("software")
        system = software.get("package_system") if isinstance(software, dict) else None
        return {"range": value, "system": system if isinstance(system, str) else "none"}
    if name == "equalTo":
        target = resolve(parse(value), dict(setting.facts), setting.shape, as_list=True)[0]
        return {"path": value, "value": target.value, "present": target.present}
    if name == "notOlderThan":
        return {"span": value, "limit": setting.now - duration(value)}
    if name == "expiresAfter":
        return {"span": value, "limit": setting.now + duration(value)}
    if name == "uniqueInFleet":
        return {"others": setting.index.others(place, setting.host)}
    return value
