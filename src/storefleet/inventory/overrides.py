"""``inventory/stores/<store>.yaml``: what one odd store has otherwise, with why, and until when someone looks again."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from storefleet.documents import nodes, reader
from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node, Source
from storefleet.documents.secrets import literal_secrets
from storefleet.errors import Complaint, InputError
from storefleet.inventory.lines import DeviceLine, RowKey, parse_row_key, read_line
from storefleet.inventory.plan import PlanLine, read_plan
from storefleet.model.base import Value

WARN_BEFORE = datetime.timedelta(days=30)
_NOTHING = nodes.Mapping((), Source("", 0))


class OverrideFile(Value, frozen=True):
    """The file as written."""

    source: Source
    because: str
    review_by: datetime.date
    ticket: str | None = None
    intended: Node = _NOTHING
    devices: Node = _NOTHING


@dataclass(frozen=True, slots=True)
class Override:
    """The changes of one store: plan lines and devices, each with its place."""

    store: str
    source: Source
    plan: tuple[PlanLine, ...]
    devices: tuple[tuple[RowKey, DeviceLine | str, Source], ...]
    sound: bool = True


def read_overrides(
    folder: Path, today: datetime.date, notes: Decoder, warnings: list[Complaint]
) -> dict[str, Override]:
    """Read every file of the folder, keyed by the store that its name says."""
    found: dict[str, Override] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = f"inventory/stores/{path.name}"
        if path.suffix != ".yaml" or path.name.startswith("."):
            if not path.name.startswith("."):
                notes.complain(Source(name, 0), "is not read; an override is named <store>.yaml")
            continue
        try:
            node = reader.read(path, name)
        except InputError as fault:
            notes.complaints.extend(fault.complaints)
            continue
        override = _read(node, name, path.stem, today, notes, warnings)
        if override:
            found[path.stem] = override
    return found


def _read(
    node: Node | None, name: str, store: str, today: datetime.date, notes: Decoder, warnings: list[Complaint]
) -> Override | None:
    if node is None:
        notes.complain(Source(name, 0), "is empty; write because: and review_by:, or remove the file")
        return None
    secrets = literal_secrets(node)
    notes.complaints.extend(secrets)
    file = None if secrets else notes.decode(node, OverrideFile, store)
    if file is None:
        return None
    if file.review_by < today:
        message = (
            f"review_by: {file.review_by} has passed; look again whether {store} still needs this, and set a new day"
        )
        notes.complain(entry_source(node, "review_by"), message)
    elif file.review_by - WARN_BEFORE <= today:
        source = entry_source(node, "review_by")
        warnings.append(
            Complaint(source.path, source.line, f"review_by: {file.review_by} is near; after it check refuses")
        )
    before = len(notes.complaints)
    plan = tuple(read_plan(file.intended, "intended", notes))
    devices = tuple(_devices(file.devices, notes))
    return Override(store, file.source, plan, devices, len(notes.complaints) == before)


def _devices(node: Node, notes: Decoder) -> list[tuple[RowKey, DeviceLine | str, Source]]:
    found: list[tuple[RowKey, DeviceLine | str, Source]] = []
    if not isinstance(node, nodes.Mapping):
        notes.complain(node.source, "devices: a mapping of devices is due here")
        return found
    for key, part in node.entries:
        row_key = parse_row_key(key, notes)
        if row_key and not row_key.single:
            notes.complain(key.source, f"devices: {key.text!r} counts lanes; name one device of this store, as pos2")
            continue
        line = read_line(part, f"devices.{key.text}", notes)
        if row_key and line is not None:
            found.append((row_key, line, key.source))
    return found


def entry_source(node: Node, key: str) -> Source:
    """Return the line of a key in a mapping, or that of the mapping."""
    if isinstance(node, nodes.Mapping):
        for name, _ in node.entries:
            if name.text == key:
                return name.source
    return node.source


def unknown_stores(overrides: Mapping[str, Override], known: Collection[str], notes: Decoder) -> None:
    """Complain about files whose name is no store: a misspelt one would change nothing, silently."""
    for name, override in overrides.items():
        if name not in known:
            notes.complain(
                Source(override.source.path, 0), f"stores.csv has no store {name!r}; rename or remove the file"
            )
