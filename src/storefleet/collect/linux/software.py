"""What is installed, and what runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from storefleet.collect.facts import Fact, Findings, in_order
from storefleet.collect.text import Records, integer
from storefleet.model.base import Json
from storefleet.model.state import Missing

_SYSTEMS = ("dpkg", "rpm", "apk", "opkg", "busybox", "none")
_APK = re.compile(r"(.+)-([0-9][^-]*-r[0-9]+)")
_BUSYBOX = re.compile(r"BusyBox v(\S+)")
_DROPBEAR = re.compile(r"Dropbear v(\S+)")
_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]+\.(service|socket|timer)")


def packages(text: str) -> Findings:
    """Read the probe ``packages``; a package manager that failed leaves a gap, never an empty list."""
    records = Records(text)
    system = records.first("system")
    if system not in _SYSTEMS:
        return
    yield Fact("/software/package_system", system)
    reason = records.failed(system)
    if reason:
        for part in ("packages", "broken", "held"):
            yield Missing(f"/software/{part}", reason)
        return
    found: dict[str, Json] = dict(_installed(records, system))
    for tag, pattern in (("busybox", _BUSYBOX), ("dropbear", _DROPBEAR)):
        match = pattern.search(records.first(tag) or "")
        if match and system in ("busybox", "none"):
            found[tag] = match[1].rstrip(".")
    yield Fact("/software/packages", found)
    if system == "dpkg":
        yield from _dpkg_states(records)


def _installed(records: Records, system: str) -> list[tuple[str, str]]:
    if system == "dpkg":
        return [(name, version) for state, name, version in records.fields("dpkg", 3) if state[1:2] not in ("n", "c")]
    if system == "rpm":
        return [(name, version.removeprefix("0:")) for name, version in records.fields("rpm", 2)]
    if system == "apk":
        return [(match[1], match[2]) for line in records.lines("apk") if (match := _APK.fullmatch(line.strip()))]
    rows = (line.split(" - ") for line in records.lines("opkg"))
    return [(row[0].strip(), row[1].strip()) for row in rows if len(row) > 1]


def _dpkg_states(records: Records) -> Findings:
    """dpkg's three letters: wanted, state, error; anything but installed (or removed with its files kept) is broken."""
    rows = list(records.fields("dpkg", 3))
    broken = [name for state, name, _ in rows if state[1:2] not in ("i", "n", "c") or state[2:3].strip()]
    yield Fact("/software/broken", in_order(broken))
    yield Fact("/software/held", in_order(name for state, name, _ in rows if state[:1] == "h"))


def services(text: str) -> Findings:
    """Read the probe ``services``: systemd's units, or the running processes of a system without it."""
    records = Records(text)
    manager = records.first("manager")
    if manager == "systemd":
        yield from _systemd(records)
    elif manager == "none":
        yield from _processes(records)


def _systemd(records: Records) -> Findings:
    """Units that are loaded, and unit files that are not: installed, inactive. An alias is not a second service."""
    for tag in ("units", "show", "folder"):
        reason = records.failed(tag)
        if reason:
            yield Missing("/services", reason)
            return
    wanted = _wanted(records)
    files = _unit_files(records, wanted)
    found = {name: _entry("inactive", "dead", state) for name, state in files.items() if "@." not in name}
    for line in records.lines("units"):
        name, load, active, sub = [*line.split(None, 4), "", "", "", ""][:4]
        if _UNIT.fullmatch(name) and sub and load != "not-found":
            template = re.sub(r"@.*\.", "@.", name)
            found[name] = _entry(active, sub, "enabled" if name in wanted else files.get(template))
    for block in _blocks(records.lines("show")):
        name = block.get("Id", "")
        if name in found:
            found[name] |= _unit(block)
    yield Fact("/services", dict(found))


def _entry(active: str, sub: str, enabled: str | None) -> dict[str, Json]:
    return {"active": active, "sub": sub, **({"enabled": enabled} if enabled else {})}


def _wanted(records: Records) -> set[str]:
    """Return what starts by itself: a link in a folder of wants has its name, or a link with its alias leads to it."""
    wanted = {name for line in records.lines("wanted") for name in line.split()}
    return wanted | {path.rpartition("/")[2] for path in records.lines("alias")}


def _unit_files(records: Records, wanted: set[str]) -> dict[str, str]:
    """Return unit file → state as systemd.unit(5) ranks them: an earlier folder's hides its namesakes in later ones.

    What is itself a link is another's alias, or comes from outside of the folders; only systemd says what it is.
    """
    startable = set(records.lines("startable"))
    found: dict[str, str | None] = {}
    for folder, masked, linked, here in records.fields("folder", 4):
        for name in masked.split():
            found.setdefault(name, "masked")
        for name in linked.split():
            found.setdefault(name, None)
        for name in here.split():
            can_start = f"{folder}/{name}" in startable
            found.setdefault(name, "enabled" if name in wanted else "disabled" if can_start else "static")
    return {name: state for name, state in found.items() if state and _UNIT.fullmatch(name)}


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


def _unit(block: dict[str, str]) -> dict[str, Json]:
    unit: dict[str, Json] = {}
    if block.get("UnitFileState"):
        unit["enabled"] = block["UnitFileState"]
    for key, place in (("NRestarts", "restarts"), ("MainPID", "pid")):
        count = integer(block.get(key, ""))
        if count is not None and (count or place == "restarts"):
            unit[place] = count
    return unit


def _processes(records: Records) -> Findings:
    """Name → active for what runs; what init should start and is not there is inactive, not absent."""
    found: dict[str, dict[str, Json]] = {}
    for name in _started(records):
        found[name] = {"active": "inactive", "sub": "dead", "enabled": "enabled"}
    for pid, name in records.fields("process", 2):
        number = integer(pid)
        running: dict[str, Json] = {"active": "active", "sub": "running"}
        if number is not None:
            running["pid"] = number
        found[name] = {
            **running,
            **{key: found[name][key] for key in ("enabled",) if name in found and key in found[name]},
        }
    yield Fact("/services", dict(found))


def _started(records: Records) -> set[str]:
    """Return the programs that inittab keeps running."""
    names: set[str] = set()
    for line in records.lines("inittab"):
        parts = line.split("#")[0].split(":", 3)
        words = parts[3].split() if len(parts) == 4 and parts[2] == "respawn" else []
        if words:
            names.add(words[0].lstrip("-").rpartition("/")[2])
    return names
