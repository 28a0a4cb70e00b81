"""The JSON Schema of what a person writes, from the types that read it."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema: TypeAlias = dict[str, Any]


def schema_of(title: str, kind: type) -> Schema:
    """Return a schema with everything named by ``$defs``; the place in a file, which nobody writes, is left out."""
    (root,), components = msgspec.json.schema_components((kind,), ref_template="#/$defs/{name}", schema_hook=_hook)
    definitions = {name: _written(part) for name, part in sorted(components.items())}
    definitions.pop("Source", None)
    return {"$schema": DIALECT, "title": title, **root, "$defs": definitions}


def _hook(kind: type) -> Schema:
    raise NotImplementedError


def _written(part: Schema) -> Schema:
    properties = {name: value for name, value in part.get("properties", {}).items() if name != "source"}
    required = [name for name in part.get("required", ()) if name != "source"]
    return {**part, **({"properties": properties, "required": required} if "properties" in part else {})}
