"""When systemd's timers run, out of their unit files and what was put over them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from storefleet.collect.facts import in_order
from storefleet.collect.text import Records
from storefleet.model.base import Json

_LINE = re.compile(r"(?P<path>/[^:]*(?::[^:/]*)*?\.(?:timer|conf)):\s*(?P<name>[A-Za-z]+)\s*=\s*(?P<value>.*)")
_FOLDER = re.compile(r"(?P<unit>[^/]+\.timer)(?:\.d/(?P<over>[^/]+))?")


def timers(records: Records) -> dict[str, dict[str, Json]]:
    """Return timer → what its files say of when it runs (``when``), and of what if not of its namesake (``starts``).

    As systemd reads them: one file of a name hides those in later folders, files over it follow in the order of their
    names, and an empty setting takes back the earlier ones.
    """
    found: dict[str, dict[str, Json]] = {}
    for unit, name, value in _settings(records):
        entry = found.setdefault(unit, {})
        if name == "Unit":
            entry["starts"] = value
        elif value:
            known = entry.get("when")
            entry["when"] = in_order([*(map(str, known) if isinstance(known, list) else ()), f"{name}={value}"])
        else:
            entry.pop("when", None)
    return found


def _settings(records: Records) -> Iterator[tuple[str, str, str]]:
    """Yield unit, name and value, those of the unit's own file first."""
    own: dict[tuple[str, str], str] = {}
    rows: list[tuple[str, str, str, str]] = []
    for line in map(_LINE.fullmatch, records.lines("timer")):
        place = _FOLDER.search(line["path"].removeprefix("/")) if line else None
        if line is None or place is None:
            continue
        unit, over = place["unit"], place["over"] or ""
        if own.setdefault((unit, over), line["path"]) == line["path"]:
            rows.append((unit, over, line["name"], line["value"].strip()))
    rows.sort(key=lambda row: row[:2])
    return ((unit, name, value) for unit, _, name, value in rows)
