"""The formats of the report of drift: ``--report FORMAT:PATH`` of ``drift``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec

from storefleet.documents.ownership import PRIVATE, Ownership
from storefleet.errors import InputError
from storefleet.model.drift import DriftDocument
from storefleet.reports.drift_markdown import drift_markdown
from storefleet.reports.drift_rows import drift_csv
from storefleet.reports.drift_text import drift_text
from storefleet.reports.escape import visible_lines
from storefleet.reports.html.drift import drift_page
from storefleet.reports.targets import Target, deliver, parse_targets


def _no_diff() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class DriftExtras:
    """What a report may use beside the document; ``diff`` makes the unified diff when a report wants it."""

    fleet: str = ""
    timezone: str = "store"
    whole_fleet: bool = False
    diff: Callable[[], str] = _no_diff


DriftWriter: TypeAlias = Callable[[DriftDocument, DriftExtras], str]


def drift_json(document: DriftDocument) -> str:
    """Return the document as one line of ASCII, ending with a newline."""
    return json.dumps(msgspec.to_builtins(document), ensure_ascii=True, separators=(",", ":"), allow_nan=False) + "\n"


def diff_text(diff: str) -> str:
    """Return a unified diff whose lines cannot drive a terminal; nothing where nothing differs."""
    return "".join(f"{line}\n" for line in visible_lines(diff.rstrip("\n"))) if diff.strip() else ""


DRIFT_FORMATS: Mapping[str, DriftWriter] = {
    "csv": lambda document, _extras: drift_csv(document),
    "diff": lambda _document, extras: diff_text(extras.diff()),
    "html": lambda document, extras: drift_page(
        document, fleet=extras.fleet, timezone=extras.timezone, whole_fleet=extras.whole_fleet
    ),
    "json": lambda document, _extras: drift_json(document),
    "markdown": lambda document, extras: drift_markdown(
        document, timezone=extras.timezone, whole_fleet=extras.whole_fleet
    ),
    "text": lambda document, extras: drift_text(document, extras.timezone, whole_fleet=extras.whole_fleet),
}
"""Every format enters here, ours and later ones alike."""


def drift_targets(specs: Sequence[str], *, whole_fleet: bool) -> tuple[Target, ...]:
    """Understand every ``--report`` before anything is compared; raises :class:`InputError`."""
    targets = parse_targets(specs, DRIFT_FORMATS, ())
    if whole_fleet and any(target.format == "diff" for target in targets):
        raise InputError("--report diff:… is about hosts: name the stores that are meant")
    return targets


def write_drift(
    targets: Sequence[Target],
    document: DriftDocument,
    extras: DriftExtras,
    owner_of: Callable[[Path], Ownership] = lambda _path: PRIVATE,
) -> None:
    """Write every report as those of an audit are: whole or not at all, and one that fails costs no other."""
    deliver(targets, lambda target: DRIFT_FORMATS[target.format](document, extras), owner_of)
