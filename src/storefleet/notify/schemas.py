"""The JSON Schema of ``notify.yaml``, from the types that read it: an editor can complete the file."""

from __future__ import annotations

from collections.abc import Callable

from storefleet.documents.type_schema import Schema, schema_of
from storefleet.notify.config import NotifyFile

SCHEMAS: dict[str, Callable[[], Schema]] = {
    "notify-1": lambda: schema_of("storefleet notify.yaml", NotifyFile),
}
