"""Observed and required values as one line of text."""

from __future__ import annotations

import json
import re

import msgspec

from storefleet.model.base import Json
from storefleet.model.report import ReportedFinding
from storefleet.reports.escape import visible

_BARE = re.compile(r"[A-Za-z/_][A-Za-z0-9._:/+@%-]*")
_WORDS_OF_JSON = {"true", "false", "null", "absent", "version", "below", "at"}


def shown(value: Json) -> str:
    """Return a value as JSON; a plain word stands without quotes."""
    if isinstance(value, str) and _BARE.fullmatch(value) and value not in _WORDS_OF_JSON:
        return value
    return visible(json.dumps(value, ensure_ascii=False))


def observed(finding: ReportedFinding) -> str:
    """Return what was seen."""
    return shown(finding.actual) if finding.present else "absent"


def required(finding: ReportedFinding) -> str:
    """Return what is due: the rule in words, or the one value that passes where the words say no more than that."""
    words = visible(finding.expected.words)
    if finding.expected.value is msgspec.UNSET:
        return words
    value = finding.expected.value
    return shown(value) if words in {"", json.dumps(value, ensure_ascii=False), shown(value)} else words
