"""Fragments that no value can satisfy: a control that fails for ever is as useless as one that cannot fail."""

from __future__ import annotations

from typing import Any

from storefleet.audit.bind import BOUND
from storefleet.audit.fragments import keywords_in
from storefleet.audit.keywords import validator
from storefleet.audit.text import json_text, same
from storefleet.model.base import Json
from storefleet.templating.engine import is_template

_PAIRS = (("minLength", "maxLength"), ("minItems", "maxItems"), ("minProperties", "maxProperties"))


def contradiction(fragment: Json) -> str | None:
    """Return why nothing satisfies the fragment, or ``None`` where that cannot be seen."""
    if not isinstance(fragment, dict):
        return None
    parts = [fragment, *(part for part in _all_of(fragment) if isinstance(part, dict))]
    merged: dict[str, Any] = {}
    for part in parts:
        if "const" in part and "const" in merged and not same(part["const"], merged["const"]):
            return f"it is to be {json_text(merged['const'])} and {json_text(part['const'])}"
        merged.update(part)
    return _numbers(merged) or _counts(merged) or _forbidden(merged) or _choices(fragment)


def _all_of(fragment: dict[str, Any]) -> list[Any]:
    found = fragment.get("allOf", [])
    return found if isinstance(found, list) else []


def _numbers(fragment: dict[str, Any]) -> str | None:
    for low, strict_low in (("minimum", False), ("exclusiveMinimum", True)):
        for high, strict_high in (("maximum", False), ("exclusiveMaximum", True)):
            bottom, top = fragment.get(low), fragment.get(high)
            if not isinstance(bottom, int | float) or not isinstance(top, int | float):
                continue
            if bottom > top or (bottom == top and (strict_low or strict_high)):
                return f"{low} {bottom} and {high} {top} leave no number"
    return None


def _counts(fragment: dict[str, Any]) -> str | None:
    for low, high in _PAIRS:
        bottom, top = fragment.get(low), fragment.get(high)
        if isinstance(bottom, int) and isinstance(top, int) and bottom > top:
            return f"{low} {bottom} is above {high} {top}"
    return None


def _forbidden(fragment: dict[str, Any]) -> str | None:
    named, required = fragment.get("properties"), fragment.get("required")
    if isinstance(named, dict) and isinstance(required, list):
        for name, part in named.items():
            if part is False and name in required:
                return f"{name!r} is required and must not exist"
    if "not" in fragment and fragment["not"] == {key: part for key, part in fragment.items() if key != "not"}:
        return "it must and must not be the same"
    return None


def _choices(fragment: dict[str, Any]) -> str | None:
    """Try the values that ``const`` and ``enum`` allow on the rest of the fragment."""
    if BOUND & keywords_in(fragment) or is_template(json_text(fragment)):
        return None
    allowed = [fragment["const"]] if "const" in fragment else fragment.get("enum")
    if not isinstance(allowed, list) or len(fragment) == 1:
        return None
    judge = validator(fragment)
    if any(judge.is_valid(value) for value in allowed):
        return None
    return f"none of {', '.join(map(json_text, allowed))} keeps the other rules"
