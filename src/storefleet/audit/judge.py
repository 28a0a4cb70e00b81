"""From one value and one fragment to findings: every offending element by its stable key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from storefleet.audit.fragments import NOTHING
from storefleet.audit.keywords import Offence, validator
from storefleet.audit.resolve import Target
from storefleet.audit.shape import OPEN, Node, child, element, element_step, name_step
from storefleet.audit.text import scalar_text
from storefleet.audit.values import NO_VALUE, passing_value, plain
from storefleet.audit.words import extra_words, fragment_words, rule_words
from storefleet.model.base import Json
from storefleet.model.findings import Expected, Finding


def judge(target: Target, fragment: Json) -> list[Finding]:
    """Return what is wrong at one place that is present; one finding per key, its rules joined."""
    if fragment is False:
        return [Finding(target.key, Expected("absent", remove=True), target.value)]
    found: dict[str, Finding] = {}
    for error in validator(fragment).iter_errors(target.value):
        for finding in _findings(error, target):
            known = found.get(finding.key)
            found[finding.key] = finding if known is None else _joined(known, finding)
    return list(found.values())


def absence(target: Target, fragment: Json) -> Finding:
    """Return the finding of a place that should be there."""
    return Finding(target.key, expected(fragment, fragment_words(fragment), None), None, present=False)


def expected(fragment: Json, words: str, actual: Json) -> Expected:
    """Return the required side: the rule, and a value that the whole fragment accepts where there is one."""
    value = passing_value(fragment, actual)
    return Expected(words) if value is NO_VALUE else Expected(words, value, has_value=True)


def _joined(first: Finding, second: Finding) -> Finding:
    """Two rules broken at one place are one finding; both fragments' words, and the first value that is named."""
    if first.expected.remove or second.expected.words in first.expected.words.split(" and "):
        return first
    words = f"{first.expected.words} and {second.expected.words}"
    return Finding(
        first.key,
        Expected(words, first.expected.value, has_value=first.expected.has_value and _agree(first, second)),
        first.actual,
        first.present,
    )


def _agree(first: Finding, second: Finding) -> bool:
    return second.expected.has_value and scalar_text(first.expected.value) == scalar_text(second.expected.value)


def _findings(error: Any, target: Target) -> Iterator[Finding]:
    key, node = _key(error, target)
    fragment: Any = error.schema
    if error.validator is None or fragment == NOTHING:
        yield Finding(key, Expected("absent", remove=True), error.instance)
    elif isinstance(error, Offence) and error.extra:
        item = _at(target.value, list(error.absolute_path))
        yield Finding(key, Expected(extra_words(fragment), remove=True), item)
    elif isinstance(error, Offence) and error.lacks:
        lacking = plain(error.lacking)
        wanted = Expected("present", lacking, has_value=True)
        yield Finding(key + element_step(node, lacking), wanted, None, present=False)
    elif error.validator == "required":
        yield from _lacking_names(fragment, error.instance, key, node)
    elif error.validator in {"additionalProperties", "unevaluatedProperties"}:
        yield from _extra_names(fragment, error.instance, key, node)
    else:
        words = rule_words(error.validator, fragment)
        if error.validator == "uniqueInFleet":
            others = error.validator_value["others"].get(scalar_text(error.instance))
            words += f" (also on {', '.join(others[:3])}{' …' if len(others) > 3 else ''})"
        yield Finding(key, expected(fragment, words, error.instance), error.instance)


def _lacking_names(fragment: Mapping[str, Any], value: Json, key: str, node: Node) -> Iterator[Finding]:
    parts = fragment.get("properties", {})
    for name in fragment["required"]:
        if isinstance(value, dict) and name not in value:
            part = parts.get(name, True)
            words = fragment_words(part) if isinstance(part, dict) else "present"
            yield Finding(key + name_step(name), expected(part, words, None), None, present=False)


def _extra_names(fragment: Mapping[str, Any], value: Json, key: str, node: Node) -> Iterator[Finding]:
    known = fragment.get("properties", {})
    patterns = fragment.get("patternProperties", {})
    for name, part in value.items() if isinstance(value, dict) else ():
        if name not in known and not any(re.search(pattern, name) for pattern in patterns):
            yield Finding(key + name_step(name), Expected("absent (not allowed here)", remove=True), part)


def _key(error: Any, target: Target) -> tuple[str, Node]:
    """Walk the validator's path, whose list steps are indexes, and name every step by its stable key."""
    key, node = target.key, target.node
    value: Any = target.value
    for step in error.absolute_path:
        if isinstance(value, list):
            key += element_step(node, value[step])
            value, node = value[step], element(node) or OPEN
        else:
            key += name_step(step)
            value, node = value[step], child(node, step) or OPEN
    return key, node


def _at(value: Any, path: list[Any]) -> Any:
    for step in path:
        value = value[step]
    return value
