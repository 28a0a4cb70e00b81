"""The JSON Schemas of what a person writes, from the types that read it: an editor can complete the files."""

from __future__ import annotations

from collections.abc import Callable

from storefleet.documents.type_schema import DIALECT, Schema, schema_of
from storefleet.inventory.calendars import Calendars
from storefleet.inventory.lines import DeviceLine
from storefleet.inventory.nornir_files import Element
from storefleet.model.base import Value
from storefleet.model.credentials import Credentials
from storefleet.model.store import Host, Store
from storefleet.settings.table import SETTINGS


class Members(Value, frozen=True):
    """A group and the hosts in it."""

    name: str
    hosts: list[str]


class InventoryDocument(Value, frozen=True):
    """``storefleet.inventory/1`` as `storefleet inventory --format json` prints it."""

    format: str
    stores: list[Store]
    hosts: list[Host]
    groups: list[Members]


def _open(schema: Schema) -> Schema:
    """Let a template stand wherever a number or a word is due, as the blueprint does."""
    for definition in schema["$defs"].values():
        for name, value in definition.get("properties", {}).items():
            if value.get("type") != "string" and "description" not in value:
                definition["properties"][name] = {"anyOf": [value, {"type": "string", "pattern": r"\{\{"}]}
    return schema


def inventory_schema() -> Schema:
    """Return the schema of the inventory document; ``/1`` may gain fields, so readers must not refuse them."""
    schema = schema_of("storefleet.inventory/1", InventoryDocument)
    schema["$defs"]["InventoryDocument"]["properties"]["format"] = {"const": "storefleet.inventory/1"}
    for definition in schema["$defs"].values():
        definition.pop("additionalProperties", None)
    return schema


def blueprints_schema() -> Schema:
    """Return the schema of ``blueprints.yaml``."""
    schema = _open(schema_of("storefleet blueprints.yaml", DeviceLine))
    line: Schema = {"$ref": "#/$defs/DeviceLine"}
    plan: Schema = {"type": "object", "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}}
    format_: Schema = {
        "type": "object",
        "properties": {"extends": {"type": "string"}, "intended": plan},
        "additionalProperties": {"anyOf": [line, {"const": "absent"}]},
    }
    properties: Schema = {
        "intended": plan,
        "devices": {"type": "object", "additionalProperties": line},
        "formats": {"type": "object", "additionalProperties": format_},
    }
    schema.pop("$ref")
    return {**schema, "type": "object", "properties": properties, "additionalProperties": False}


def override_schema() -> Schema:
    """Return the schema of ``stores/<store>.yaml``."""
    schema = _open(schema_of("storefleet stores/<store>.yaml", DeviceLine))
    schema.pop("$ref")
    properties: Schema = {
        "because": {"type": "string"},
        "review_by": {"type": "string", "format": "date"},
        "ticket": {"type": "string"},
        "intended": {"type": "object"},
        "devices": {
            "type": "object",
            "additionalProperties": {"anyOf": [{"$ref": "#/$defs/DeviceLine"}, {"const": "absent"}]},
        },
    }
    required = ["because", "review_by"]
    return {**schema, "type": "object", "properties": properties, "required": required, "additionalProperties": False}


def settings_schema() -> Schema:
    """Return the schema of ``storefleet.yaml``, from the table of settings."""
    root: Schema = {"$schema": DIALECT, "title": "storefleet storefleet.yaml", "type": "object"}
    for setting in SETTINGS:
        place = root
        *above, name = setting.name.split(".")
        for section in above:
            sections = place.setdefault("properties", {})
            place = sections.setdefault(section, {"type": "object", "additionalProperties": False})
        place.setdefault("properties", {})[name] = {"type": ["string", "integer", "array"]}
    return {**root, "additionalProperties": False}


def _groups_schema() -> Schema:
    schema = schema_of("storefleet groups.yaml and hosts.yaml", Element)
    return {**{key: value for key, value in schema.items() if key != "$ref"}, "type": "object",
            "additionalProperties": {"$ref": "#/$defs/Element"}}  # fmt: skip


SCHEMAS: dict[str, Callable[[], Schema]] = {
    "inventory-1": inventory_schema,
    "blueprints-1": blueprints_schema,
    "store-override-1": override_schema,
    "credentials-1": lambda: schema_of("storefleet credentials.yaml", Credentials),
    "calendars-1": lambda: schema_of("storefleet calendars.yaml", Calendars),
    "groups-1": _groups_schema,
    "storefleet-1": settings_schema,
}
