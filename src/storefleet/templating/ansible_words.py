"""The filters and tests that playbooks bring along from Ansible, with its meanings."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import math
import posixpath
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from storefleet.documents.yaml_text import from_yaml, to_yaml
from storefleet.errors import InputError
from storefleet.templating.filters import TemplateFault
from storefleet.templating.unknown import Unknown

_ANSIBLE = uuid.UUID("361E6D51-FAEC-444A-9079-341386DA8E2E")
"""The namespace in which Ansible's ``to_uuid`` makes its names."""

MAX_PRODUCT = 10_000

_YES = frozenset({"yes", "on", "1", "true", "y", "t"})


def to_bool(value: object) -> bool:
    """Return the truth of a value in any of Ansible's spellings."""
    word = str(value).lower()
    return value if isinstance(value, bool) else word in _YES


def dict2items(value: Mapping[str, object], key_name: str = "key", value_name: str = "value") -> list[object]:
    """Return a mapping as a list of pairs to loop over."""
    if not isinstance(value, Mapping):
        raise TemplateFault("dict2items: a mapping is due here")
    return [{key_name: key, value_name: part} for key, part in value.items()]


def items2dict(value: Iterable[Mapping[str, object]], key_name: str = "key", value_name: str = "value") -> object:
    """Return a mapping from a list of pairs."""
    return {str(pair[key_name]): pair[value_name] for pair in value}


def combine(*parts: Mapping[str, object], recursive: bool = False) -> dict[str, object]:
    """Return one mapping of several, in which the later win."""
    merged: dict[str, object] = {}
    for part in parts:
        for key, value in part.items():
            old = merged.get(key)
            deep = recursive and isinstance(old, Mapping) and isinstance(value, Mapping)
            merged[key] = combine(cast("Mapping[str, object]", old), value, recursive=True) if deep else value  # type: ignore[arg-type]  # deep says so
    return merged


def flatten(value: Iterable[object], levels: int | None = None) -> list[object]:
    """Return one list of nested ones."""
    flat: list[object] = []
    for item in value:
        if item in (None, "None", "null"):
            continue
        if isinstance(item, list | tuple) and levels != 0:
            flat += flatten(item, None if levels is None else levels - 1)
        else:
            flat.append(item)
    return flat


def ternary(value: object, yes: object, no: object) -> object:
    """Return one of two values."""
    return yes if value else no


def regex_replace(value: object, pattern: str = "", replacement: str = "", **flags: bool) -> str:
    """Return the text with every match replaced."""
    return _regex(pattern, flags).sub(replacement, str(value))


def regex_search(value: object, pattern: str, *groups: str, **flags: bool) -> object:
    """Return the first match, or the named groups of it; none where there is no match."""
    found = _regex(pattern, flags).search(str(value))
    if found is None:
        return None
    if not groups:
        return found.group()
    return [
        found.group(int(one[1:]) if one.startswith("\\") and not one.startswith("\\g") else one[3:-1]) for one in groups
    ]


def regex_findall(value: object, pattern: str, **flags: bool) -> list[object]:
    """Return all matches."""
    return list(_regex(pattern, flags).findall(str(value)))


def _regex(pattern: str, flags: Mapping[str, bool]) -> re.Pattern[str]:
    chosen = re.IGNORECASE if flags.get("ignorecase") else re.RegexFlag(0)
    chosen |= re.MULTILINE if flags.get("multiline") else re.RegexFlag(0)
    try:
        return re.compile(pattern, chosen)
    except re.error as fault:
        raise TemplateFault(f"{pattern!r:.60} is not a regular expression: {fault}") from None


def _digest(value: object, kind: str = "sha1") -> str:
    if kind not in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
        raise TemplateFault(f"hash: {kind!r:.20} is no kind of digest here")
    return hashlib.new(kind, str(value).encode(), usedforsecurity=False).hexdigest()


def _json(value: object, indent: int | None = None) -> str:
    _known(value)
    return json.dumps(value, indent=indent, sort_keys=indent is not None)


def _known(value: object) -> None:
    """Meet every part, so that one which is not known yet says so."""
    if isinstance(value, Unknown):
        str(value)
    for part in value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ():
        _known(part)


def _from_json(value: str) -> object:
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as fault:
        raise TemplateFault(f"from_json: {fault}") from None


def _quote(value: object) -> str:
    text = str(value)
    return text if re.fullmatch(r"[\w@%+=:,./-]+", text, re.ASCII) else "'" + text.replace("'", "'\"'\"'") + "'"


def _b64decode(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError as fault:
        raise TemplateFault(f"b64decode: {fault}") from None


def _mandatory(value: object, message: str = "") -> object:
    bool(value)
    return value


def _format(pattern: str, *values: object) -> str:
    """Return text with ``%s`` and its like filled in; a width may have two digits, so that no text fills the memory."""
    if re.search(r"%[^%a-zA-Z]*(\d{3}|\*)", pattern):
        raise TemplateFault("format: a width has at most two digits here")
    try:
        return pattern % values
    except (TypeError, ValueError) as fault:
        raise TemplateFault(f"format: {fault}") from None


def _product(*parts: Iterable[object]) -> list[object]:
    """Return every pair of several lists."""
    lists = [list(part) for part in parts]
    if math.prod(map(len, lists)) > MAX_PRODUCT:
        raise TemplateFault(f"product: more than {MAX_PRODUCT:,} pairs")
    return [list(pair) for pair in itertools.product(*lists)]


def _type(value: object) -> str:
    _known(value)
    return type(value).__name__


def _from_yaml(value: str) -> object:
    try:
        return from_yaml(value)
    except InputError as fault:
        raise TemplateFault(f"from_yaml: {fault}") from None


def _yaml(value: object, indent: int | None = None, *, nice: bool = False) -> str:
    _known(value)
    return to_yaml(value, indent, nice=nice)


FILTERS: dict[str, Callable[..., object]] = {
    "bool": to_bool,
    "dict2items": dict2items,
    "items2dict": items2dict,
    "combine": combine,
    "flatten": flatten,
    "ternary": ternary,
    "regex_replace": regex_replace,
    "regex_search": regex_search,
    "regex_findall": regex_findall,
    "regex_escape": lambda value: re.escape(str(value)),
    "hash": _digest,
    "to_json": _json,
    "to_nice_json": lambda value: _json(value, 4),
    "from_json": _from_json,
    "quote": _quote,
    "b64encode": lambda value: base64.b64encode(str(value).encode()).decode(),
    "b64decode": _b64decode,
    "basename": lambda value: posixpath.basename(str(value)),
    "dirname": lambda value: posixpath.dirname(str(value)),
    "mandatory": _mandatory,
    "split": lambda value, by=None, most=-1: str(value).split(by, most),
    "union": lambda one, other: [*dict.fromkeys([*one, *other])],
    "difference": lambda one, other: [part for part in dict.fromkeys(one) if part not in other],
    "intersect": lambda one, other: [part for part in dict.fromkeys(one) if part in other],
    "symmetric_difference": lambda one, other: [
        *(part for part in dict.fromkeys(one) if part not in other),
        *(part for part in dict.fromkeys(other) if part not in one),
    ],
    "product": _product,
    "format": _format,
    "type_debug": _type,
    "splitext": lambda value: list(posixpath.splitext(str(value))),
    "to_uuid": lambda value: str(uuid.uuid5(_ANSIBLE, str(value))),
    "to_yaml": _yaml,
    "to_nice_yaml": lambda value, indent=4: _yaml(value, indent, nice=True),
    "from_yaml": _from_yaml,
    "zip": lambda one, *others: [list(pair) for pair in zip(one, *others, strict=False)],
}


def _ended(word: str) -> Callable[[object], bool]:
    def holds(result: object) -> bool:
        if isinstance(result, Unknown):
            return bool(result)
        if not isinstance(result, Mapping):
            raise TemplateFault(f"is {word}: what a task registered is due here")
        return bool(result.get(word, False))

    return holds


def is_version(value: object, other: object, operator: str = "==", **_more: object) -> bool:
    """Compare two versions part by part, numbers as numbers."""
    one, two = _version(value), _version(other)
    results = {"==": one == two, "!=": one != two, "<": one < two, "<=": one <= two, ">": one > two, ">=": one >= two}
    words = {"eq": "==", "=": "==", "ne": "!=", "<>": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
    try:
        return results[words.get(operator, operator)]
    except KeyError:
        raise TemplateFault(f"version: {operator!r:.10} compares nothing") from None


def _version(value: object) -> list[tuple[int, int | str]]:
    parts = re.findall(r"\d+|[a-zA-Z]+", str(value))
    return [(1, int(part)) if part.isdigit() else (0, part) for part in parts]


def _contained(few: Sequence[object], many: Sequence[object]) -> bool:
    return all(part in many for part in few)


_FAILED = _ended("failed")
TESTS: dict[str, Callable[..., bool]] = {
    "changed": _ended("changed"),
    "change": _ended("changed"),
    "failed": _FAILED,
    "failure": _FAILED,
    "succeeded": lambda result: not _FAILED(result),
    "success": lambda result: not _FAILED(result),
    "successful": lambda result: not _FAILED(result),
    "skipped": _ended("skipped"),
    "skip": _ended("skipped"),
    "match": lambda value, pattern, **flags: bool(_regex(pattern, flags).match(str(value))),
    "search": lambda value, pattern, **flags: bool(_regex(pattern, flags).search(str(value))),
    "regex": lambda value, pattern, **flags: bool(_regex(pattern, flags).search(str(value))),
    "version": is_version,
    "version_compare": is_version,
    "subset": _contained,
    "superset": lambda many, few: _contained(few, many),
    "contains": lambda many, one: one in many,
    "any": any,
    "all": all,
    "truthy": bool,
    "falsy": lambda value: not value,
}
