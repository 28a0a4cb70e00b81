"""Which devices a store has: the lines of its format, counted over its lanes, and what its override changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from storefleet.documents.decode import Decoder
from storefleet.inventory.blueprint import DeviceRow, Format, merged_fields
from storefleet.inventory.faults import Faults
from storefleet.inventory.lanes import MAX_LANE
from storefleet.inventory.lines import DeviceLine
from storefleet.inventory.overrides import Override
from storefleet.inventory.stores import StoreRow
from storefleet.model.base import Json
from storefleet.templating.filters import TemplateFault

Expanded: TypeAlias = tuple[str, DeviceRow, int | None]
"""A device key, the line that describes it, and its lane or running number."""

_TRAILING = re.compile(r"[0-9]{1,3}$")


@dataclass(frozen=True, slots=True)
class Expansion:
    """Lists the devices of one store after the other; ``broken`` gains the stores that miss some for a complaint."""

    kinds: Mapping[str, DeviceLine]
    notes: Decoder
    faults: Faults
    broken: set[str]

    def devices(
        self, row: StoreRow, format_: Format | None, override: Override | None, roots: Mapping[str, object]
    ) -> list[Expanded]:
        """Return the device keys of a store, with the line that describes each and its number."""
        found: dict[str, Expanded] = {}
        for line in format_.rows if format_ else ():
            for device, lane in self._counted(row, line, roots):
                if device in found:
                    message = f"{line.key.text!r} and {found[device][1].key.text!r} both make the device {device!r}"
                    self.faults.add(line.source, message, row.id, device)
                found[device] = (device, line, lane)
        if override:
            self._override(row.id, override, found)
        return list(found.values())

    def _counted(self, row: StoreRow, line: DeviceRow, roots: Mapping[str, object]) -> list[tuple[str, int | None]]:
        key = line.key
        if key.single:
            return [(key.base, _trailing_number(key.base))]
        if key.span is not None:
            return [(f"{key.base}{lane}", lane) for lane in key.span]
        assert key.lanes is not None
        try:
            value = key.lanes.render(roots)
        except TemplateFault as fault:
            self.faults.add(line.source, f"{key.text}: {fault}", row.id)
            return []
        lanes = _lane_list(value)
        if lanes is None:
            self.faults.add(line.source, f"{key.text}: is {value!r}, not a list of lanes or a number", row.id)
            return []
        return [(f"{key.base}{lane}", lane) for lane in lanes]

    def _override(self, store: str, override: Override, found: dict[str, Expanded]) -> None:
        for key, line, source in override.devices:
            present = found.get(key.base)
            if isinstance(line, str):
                if present is None:
                    self.notes.complain(source, f"{store} has no device {key.base!r}; remove the line")
                found.pop(key.base, None)
                continue
            fields = merged_fields(present[1].fields if present else {}, line, self.kinds, self.notes)
            if fields is None:
                self.broken.add(store)
                continue
            number = present[2] if present else _trailing_number(key.base)
            found[key.base] = (key.base, DeviceRow(key, fields, source), number)


def _trailing_number(device: str) -> int | None:
    match = _TRAILING.search(device)
    return int(match[0]) if match else None


def _lane_list(value: Json) -> list[int] | None:
    """Return the lanes of a list, or of a number that counts them; ``None`` for anything else."""
    count = _whole(value)
    if count is not None:
        return list(range(1, count + 1))
    if not isinstance(value, list):
        return None
    lanes = [lane for part in value if (lane := _whole(part))]
    return lanes if len(set(lanes)) == len(value) else None


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_LANE else None
