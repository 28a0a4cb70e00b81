"""The JSON Schemas of what planning and applying print, from their types."""

from __future__ import annotations

from collections.abc import Callable

from storefleet.documents.type_schema import Schema, schema_of
from storefleet.model.plan import AppliedDocument, Plan

SCHEMAS: dict[str, Callable[[], Schema]] = {
    "plan-1": lambda: schema_of("storefleet.plan/1", Plan),
    "applied-1": lambda: schema_of("storefleet.applied/1", AppliedDocument),
}
