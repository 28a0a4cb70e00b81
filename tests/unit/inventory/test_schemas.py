"""The published schemas are those of the types, and the worked example fits them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from storefleet.documents.published import problems, schema
from storefleet.inventory.schemas import SCHEMAS

CASES = Path(__file__).parent / "cases"
FILES = {
    "worked/inventory/blueprints.yaml": "blueprints-1",
    "worked/inventory/credentials.yaml": "credentials-1",
    "worked/inventory/calendars.yaml": "calendars-1",
    "worked/inventory/stores/S0777.yaml": "store-override-1",
    "worked/inventory/hosts.yaml": "groups-1",
    "base/inventory/blueprints.yaml": "blueprints-1",
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_published_schema_is_current_and_valid(name: str):
    assert schema(name) == json.loads(json.dumps(SCHEMAS[name]())), "run: make schemas"
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize(("file", "name"), FILES.items())
def test_a_file_that_is_read_fits_its_schema(file: str, name: str):
    document = json.loads(json.dumps(yaml.safe_load((CASES / file).read_text()), default=str))
    assert problems(document, name) == []


def test_a_misspelt_field_does_not_fit():
    document = {"devices": {"till": {"role": "till", "lable": "x"}}}
    assert not jsonschema.Draft202012Validator(schema("blueprints-1")).is_valid(document)
