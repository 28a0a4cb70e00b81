"""The published schemas of every document that leaves the process, and checking a document against its own."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import jsonschema

from storefleet.model.base import Json


@cache
def schema(name: str) -> dict[str, Any]:
    """Return one published schema by its file name without ending, such as ``state-1``."""
    text = resources.files("storefleet.documents").joinpath("schemas", f"{name}.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema(name), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def problems(document: Json, name: str) -> list[str]:
    """Return what is wrong with a document, one line each with its place; empty when it fits."""
    found = sorted(_validator(name).iter_errors(document), key=lambda error: list(map(str, error.absolute_path)))
    return [f"/{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in found]
