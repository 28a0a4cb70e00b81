"""Disks and what is plugged in."""

from __future__ import annotations

from storefleet.collect.facts import Fact, Findings, in_order, pointer
from storefleet.collect.text import Records, integer
from storefleet.model.base import Json
from storefleet.model.state import Missing

_USB = {"idVendor": "vendor", "idProduct": "product", "product": "name"}


def storage(text: str) -> Findings:
    """Read the probe ``storage``: the last file system mounted at a place is the one that is seen there."""
    records = Records(text)
    reason = records.failed("df")
    used, inodes = _df(records.lines("df")), _df(records.lines("inodes"))
    if reason and not used:
        yield Missing("/hardware/storage", reason)
        return
    found: dict[str, dict[str, Json]] = {}
    for mount, device, kind, options in records.fields("mount", 4):
        entry: dict[str, Json] = {"mount": mount, "device": device, "type": kind}
        entry["read_only"] = "ro" in options.split(",")
        size, use = used.get(mount, (None, None))
        if size is not None:
            entry["size_kib"] = size
        if use is not None:
            entry["use_pct"] = use
        of_inodes = inodes.get(mount, (None, None))[1]
        if of_inodes is not None:
            entry["inode_pct"] = of_inodes
        found[mount] = entry
    rows = [found[mount] for mount in sorted(found)]
    for index, row in enumerate(rows):
        if "use_pct" not in row:
            yield Missing(f"/hardware/storage/{index}/use_pct", "df gives no figure")
    yield Fact("/hardware/storage", list(rows))


def _df(lines: list[str]) -> dict[str, tuple[int | None, int | None]]:
    """Return mount → (blocks, percent used) of ``df -P``; the mount is the last word, the percentage the one before."""
    found: dict[str, tuple[int | None, int | None]] = {}
    for line in lines:
        words = line.split()
        if len(words) >= 6:
            found[words[-1]] = (integer(words[-5]), integer(words[-2].rstrip("%")))
    return found


def devices(text: str) -> Findings:
    """Read the probe ``devices``: USB, serial ports, printers, temperatures."""
    records = Records(text)
    usb: dict[str, dict[str, Json]] = {}
    for port, key, value in records.fields("usb", 3):
        if key in _USB:
            usb.setdefault(port, {"port": port})[_USB[key]] = value.strip()
    yield Fact("/hardware/usb", [usb[port] for port in sorted(usb)])
    yield Fact("/hardware/serial", in_order(records.lines("serial")))
    yield Fact("/hardware/printers", [{"name": name} for name in sorted(set(records.lines("printer")))])
    zones: dict[str, dict[str, str]] = {}
    for zone, key, value in records.fields("zone", 3):
        zones.setdefault(zone, {})[key] = value
    for zone, values in zones.items():
        heat = integer(values.get("temp", ""))
        if heat is not None:
            yield Fact(pointer("hardware", "temperature", values.get("type", zone)), heat / 1000)
    if not zones:
        yield Missing("/hardware/temperature", "the kernel shows no sensor")
