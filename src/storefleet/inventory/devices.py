"""``devices.csv``: the asset register, which says what piece of hardware stands in a host's place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec

from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Source
from storefleet.documents.tables import Row, Table
from storefleet.inventory.stores import is_date
from storefleet.inventory.texts import suggestion
from storefleet.model.store import Host, HostStatus

REQUIRED = ("host",)
_FIELDS = ("serial", "mac", "model", "ticket")
_STATUSES = get_args(HostStatus)
_MAC = re.compile(r"[0-9a-f]{12}")
_SEPARATORS = re.compile(r"[:.-]")


def apply_devices(table: Table, hosts: dict[str, Host], in_broken_store: Callable[[str], bool], notes: Decoder) -> None:
    """Put the register's facts into the hosts; a ``replaced`` row is history and changes only the serial to come.

    A host whose store could not be built is unknown for that reason, and not complained about again.
    """
    current: dict[str, Source] = {}
    seen: dict[tuple[str, str], tuple[str, int]] = {}
    replaced: dict[str, str] = {}
    for row in table.rows:
        name = row.cells["host"]
        if name not in hosts:
            if in_broken_store(name):
                continue
            notes.complain(row.source, f"host: there is no host {name!r}{suggestion(name, hosts)}")
            continue
        if not _row_stands(row, notes):
            continue
        if row.cells.get("status") == "replaced":
            replaced[name] = row.cells.get("replaced_by", "")
            continue
        if name in current:
            notes.complain(row.source, f"host: {name!r} has two devices; the first is in line {current[name].line}")
            continue
        current[name] = row.source
        _unique(row, seen, notes)
        hosts[name] = _with_row(hosts[name], row)
    for name, serial in replaced.items():
        if name not in current and serial:
            hosts[name] = msgspec.structs.replace(hosts[name], serial=serial)


def _row_stands(row: Row, notes: Decoder) -> bool:
    before = len(notes.complaints)
    status, mac, installed = (row.cells.get(name, "") for name in ("status", "mac", "installed_on"))
    if status and status not in _STATUSES:
        notes.complain(row.source, f"status: {status!r} is not one of {', '.join(_STATUSES)}")
    if mac and not _MAC.fullmatch(_SEPARATORS.sub("", mac.lower())):
        notes.complain(row.source, f"mac: {mac!r} is not a MAC address; write 52:54:00:aa:bb:02")
    if installed and not is_date(installed):
        notes.complain(row.source, f"installed_on: a date as 2026-11-22 is due here, not {installed!r}")
    return len(notes.complaints) == before


def _unique(row: Row, seen: dict[tuple[str, str], tuple[str, int]], notes: Decoder) -> None:
    for column in ("serial", "mac", "asset"):
        cell = row.cells.get(column, "").lower()
        if column == "mac":
            cell = _SEPARATORS.sub("", cell)
        if cell:
            host, line = seen.setdefault((column, cell), (row.cells["host"], row.source.line))
            if line != row.source.line:
                notes.complain(row.source, f"{column}: {row.cells[column]!r} is also {host!r} in line {line}")


def _with_row(host: Host, row: Row) -> Host:
    changes: dict[str, Any] = {name: row.cells[name] for name in _FIELDS if row.cells.get(name)}
    if "mac" in changes:
        bare = _SEPARATORS.sub("", str(changes["mac"]).lower())
        changes["mac"] = ":".join(bare[index : index + 2] for index in range(0, 12, 2))
    if row.cells.get("status") and host.status == "in_service":
        changes["status"] = row.cells["status"]
    used: Mapping[str, str] = dict.fromkeys(("host", "status", "replaced_by", *_FIELDS), "")
    extra = {name: cell for name, cell in row.cells.items() if cell and name not in used}
    return msgspec.structs.replace(host, data={**host.data, **extra}, **changes)
