"""The JSON Schemas of what `leases` and `freeze status` print, from their types."""

from __future__ import annotations

from collections.abc import Callable

from storefleet.documents.type_schema import Schema, schema_of
from storefleet.model.leases import FREEZE_FORMAT, LEASES_FORMAT, FreezeDocument, LeasesDocument

SCHEMAS: dict[str, Callable[[], Schema]] = {
    "leases-1": lambda: schema_of(LEASES_FORMAT, LeasesDocument),
    "freeze-1": lambda: schema_of(FREEZE_FORMAT, FreezeDocument),
}
