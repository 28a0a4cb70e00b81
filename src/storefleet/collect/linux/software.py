"""What is installed, and what runs."""

from __future__ import annotations

import re

from storefleet.collect.facts import Fact, Findings, in_order
from storefleet.collect.linux.units import units
from storefleet.collect.text import Records, integer
from storefleet.model.base import Json
from storefleet.model.state import Missing

_SYSTEMS = ("dpkg", "rpm", "apk", "opkg", "busybox", "none")
_APK = re.compile(r"(.+)-([0-9][^-]*-r[0-9]+)")
_BUSYBOX = re.compile(r"BusyBox v(\S+)")
_DROPBEAR = re.compile(r"Dropbear v(\S+)")


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
        yield from units(records)
    elif manager == "none":
        yield from _processes(records)


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
