"""systemd's units: what init says of those it has loaded, and what the folders of unit files say of all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from storefleet.collect.facts import Fact, Findings
from storefleet.collect.linux.timers import timers
from storefleet.collect.text import Records, integer
from storefleet.model.base import Json
from storefleet.model.state import Missing

_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]+\.(service|socket|timer)")
_INSTANCE = re.compile(r"@.+\.")


def units(records: Records) -> Findings:
    """Give every unit that is loaded, and every unit file that is not: installed, inactive."""
    for tag in ("units", "show", "folder"):
        reason = records.failed(tag)
        if reason:
            yield Missing("/services", reason)
            return
    links = _links(records)
    files, starts = _unit_files(records, links), _started(records, links)
    found = {name: _entry("inactive", "dead", name, files, starts) for name in files if "@." not in name}
    for line in records.lines("units"):
        name, load, active, sub = [*line.split(None, 4), "", "", "", ""][:4]
        if _UNIT.fullmatch(name) and sub and load != "not-found":
            found[name] = _entry(active, sub, name, files, starts)
    when = timers(records)
    for name, entry in found.items():
        if entry.get("enabled") != "masked":
            found[name] = {**entry, **(when.get(name) or when.get(_INSTANCE.sub("@.", name), {}))}
    for block in _blocks(records.lines("show")):
        name = block.get("Id", "")
        if name in found:
            found[name] |= _shown(block)
    yield Fact("/services", dict(found))


def _entry(active: str, sub: str, name: str, files: dict[str, str], starts: dict[str, str]) -> dict[str, Json]:
    state = files.get(name) or files.get(_INSTANCE.sub("@.", name))
    enabled = state if state == "masked" else starts.get(name, state)
    return {"active": active, "sub": sub, **({"enabled": enabled} if enabled else {})}


def _links(records: Records) -> dict[str, str]:
    """Return link → target of the links among the unit files that somebody made."""
    made = (row for row in records.fields("folder", 4) if row[0].startswith(("/etc/", "/run/")))
    names = [name for _, _, linked, _ in made for name in linked.split()]
    return dict(zip(names, records.lines("alias"), strict=False))


def _started(records: Records, links: Mapping[str, str]) -> dict[str, str]:
    """Return what starts by itself: a link in a folder of wants has its name, or a link with its alias leads to it."""
    found = {name: "enabled-runtime" for line in records.lines("wanted-runtime") for name in line.split()}
    found |= {name: "enabled" for line in records.lines("wanted") for name in line.split()}
    leads = ((link, target.rpartition("/")[2]) for link, target in links.items())
    return found | {name: "enabled" for link, name in leads if name != link}


def _unit_files(records: Records, links: Mapping[str, str]) -> dict[str, str]:
    """Return unit file → state, as systemd.unit(5) ranks them: an earlier folder's hides its namesakes in later ones.

    A link is another unit's alias and no second service, unless it leads to a file of its own name elsewhere.
    """
    startable = set(records.lines("startable"))
    found: dict[str, str] = {
        link: "linked"
        for link, target in links.items()
        if target.endswith(f"/{link}") and "/systemd/system/" not in target
    }
    for folder, masked, _, here in records.fields("folder", 4):
        for name in masked.split():
            found.setdefault(name, "masked")
        for name in here.split():
            found.setdefault(name, "disabled" if f"{folder}/{name}" in startable else "static")
    return {name: state for name, state in found.items() if _UNIT.fullmatch(name)}


def _blocks(lines: list[str]) -> Iterator[dict[str, str]]:
    """Yield the units of ``systemctl show``: lines ``Key=value``, an empty line between two units."""
    block: dict[str, str] = {}
    for line in [*lines, ""]:
        key, equals, value = line.partition("=")
        if equals:
            block[key] = value
        elif block:
            yield block
            block = {}


def _shown(block: dict[str, str]) -> dict[str, Json]:
    unit: dict[str, Json] = {}
    if block.get("UnitFileState"):
        unit["enabled"] = block["UnitFileState"]
    for key, place in (("NRestarts", "restarts"), ("MainPID", "pid")):
        count = integer(block.get(key, ""))
        if count is not None and (count or place == "restarts"):
            unit[place] = count
    return unit
