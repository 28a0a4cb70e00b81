"""Who the host is: names, system, hardware identity, clock, load."""

from __future__ import annotations

from storefleet.collect.facts import Fact, Findings
from storefleet.collect.text import NEEDS_ROOT, Records, integer, number
from storefleet.model.state import Missing

ALWAYS = (
    "hostname", "kernel", "arch", "boot_id", "uptime_s", "load", "memory", "os", "reboot_required",
    "model", "serial", "timezone", "machine_id",
)  # fmt: skip
"""What the probe answers for: the parser gives each of the last four or says why it is not there."""

_PLACEHOLDERS = {
    "", "0", "none", "n/a", "default string", "not specified", "not applicable", "system serial number",
    "to be filled by o.e.m.", "to be filled by oem", "system product name", "unknown", "123456789",
}  # fmt: skip
"""What firmware says when nobody filled the field in; such a serial would match every other machine's."""

_MEMORY = {
    "MemTotal": "total_kib",
    "MemAvailable": "available_kib",
    "SwapTotal": "swap_total_kib",
    "SwapFree": "swap_free_kib",
}


def system(text: str) -> Findings:
    """Read the probe ``system``."""
    records = Records(text)
    for tag in ("hostname", "kernel", "arch", "machine_id", "boot_id"):
        value = (records.first(tag) or "").strip()
        if value:
            yield Fact(f"/system/{tag}", value)
    yield from _numbers(records)
    yield from _os(records)
    yield from _identity(records)
    zone = _timezone(records)
    if zone:
        yield Fact("/system/timezone", zone)
    else:
        yield Missing("/system/timezone", "neither /etc/localtime nor /etc/timezone names one")
    if not records.first("machine_id"):
        yield Missing("/system/machine_id", "no such file")
    reboot = records.first("reboot")
    if reboot in ("yes", "no"):
        yield Fact("/system/reboot_required", reboot == "yes")


def _numbers(records: Records) -> Findings:
    uptime = number((records.first("uptime") or "").split(" ")[0])
    if uptime is not None:
        yield Fact("/system/uptime_s", uptime)
    load = [number(word) for word in (records.first("load") or "").split()[:3]]
    found = [value for value in load if value is not None]
    if len(found) == 3:
        yield Fact("/system/load", list(found))
    for line in records.lines("mem"):
        key, _, rest = line.partition(":")
        amount = integer(rest.replace("kB", ""))
        if key in _MEMORY and amount is not None:
            yield Fact(f"/system/memory/{_MEMORY[key]}", amount)


def _os(records: Records) -> Findings:
    values = assignments(records.lines("os"))
    for key, place in (("ID", "id"), ("VERSION_ID", "version"), ("PRETTY_NAME", "name")):
        if values.get(key):
            yield Fact(f"/system/os/{place}", values[key])


def _identity(records: Records) -> Findings:
    """Read model and serial: what a person wrote into /etc/machine-info, else what the firmware holds."""
    info = assignments(records.lines("info"))
    vendor = records.first("sys_vendor")
    product = _real(records.first("product_name")) or _real(records.first("model"))
    model = info.get("HARDWARE_MODEL") or " ".join(word for word in (_real(vendor), product) if word)
    if model:
        yield Fact("/system/model", model)
    else:
        yield Missing("/system/model", "the firmware names no model")
    serial = info.get("HARDWARE_SERIAL") or _real(records.first("product_serial"))
    serial = serial or _real(records.first("serial-number"))
    if serial:
        yield Fact("/system/serial", serial)
    else:
        denied = records.first("product_serial-denied") or records.first("serial-number-denied")
        yield Missing("/system/serial", NEEDS_ROOT if denied else "the firmware holds no serial")


def _real(text: str | None) -> str | None:
    cleaned = (text or "").replace("\x00", "").strip()
    return None if cleaned.lower() in _PLACEHOLDERS else cleaned


def _timezone(records: Records) -> str | None:
    """Return the zone's name: where /etc/localtime points is what the system uses, /etc/timezone is a note."""
    link = (records.first("localtime") or "").partition("zoneinfo/")[2]
    return link or (records.first("timezone") or "").strip() or None


def assignments(lines: list[str]) -> dict[str, str]:
    """Return ``KEY=value`` lines as os-release(5) has them, quotes taken off."""
    values: dict[str, str] = {}
    for line in lines:
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            values[key.strip()] = value.strip().strip("\"'")
    return values
