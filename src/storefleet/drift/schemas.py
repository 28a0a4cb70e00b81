"""The JSON Schema of what `drift` prints, from its types."""

from __future__ import annotations

from collections.abc import Callable

from storefleet.documents.type_schema import Schema, schema_of
from storefleet.model.drift import DRIFT_FORMAT, DriftDocument

SCHEMAS: dict[str, Callable[[], Schema]] = {"drift-1": lambda: schema_of(DRIFT_FORMAT, DriftDocument)}
