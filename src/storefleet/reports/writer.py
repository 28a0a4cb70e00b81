"""``--report FORMAT:PATH``: the formats there are, and writing a report that is whole or not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from storefleet.documents.files import write_atomically
from storefleet.errors import Complaint, InputError
from storefleet.model.report import AuditDocument
from storefleet.reports.json_report import audit_json
from storefleet.reports.terminal import audit_text

REPORT_MODE = 0o640


@dataclass(frozen=True, slots=True)
class Extras:
    """What a report may use beside the document: compliance diffs by host, and the zone of printed times."""

    diffs: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "store"


Writer: TypeAlias = Callable[[AuditDocument, Extras], str]


def _text(document: AuditDocument, extras: Extras) -> str:
    """Return the terminal report in full and without colours: a file has room."""
    return audit_text(document, everything=True, timezone=extras.timezone, diffs=extras.diffs)


def _json(document: AuditDocument, _extras: Extras) -> str:
    return audit_json(document)


FORMATS: Mapping[str, Writer] = {"text": _text, "json": _json}
"""Every format enters here, ours and later ones alike."""


@dataclass(frozen=True, slots=True)
class Target:
    """One ``--report`` as understood."""

    format: str
    path: Path


def parse_targets(specs: Iterable[str]) -> tuple[Target, ...]:
    """Understand every ``FORMAT:PATH`` before the run starts; raises :class:`InputError` with all complaints."""
    targets: list[Target] = []
    complaints: list[Complaint] = []
    for spec in specs:
        name, colon, path = spec.partition(":")
        fault = _fault(name, bool(colon), path, {target.path for target in targets})
        if fault:
            complaints.append(Complaint(f"--report {spec}", 0, fault))
        else:
            targets.append(Target(name, Path(path)))
    if complaints:
        raise InputError(complaints)
    return tuple(targets)


def _fault(name: str, has_path: bool, path: str, taken: set[Path]) -> str | None:  # noqa: FBT001 - one private caller
    if not has_path or not path or name not in FORMATS:
        return f"write FORMAT:PATH, where FORMAT is one of {', '.join(sorted(FORMATS))}"
    if "\0" in path:
        return "a path cannot hold a NUL"
    target = Path(path)
    if target.is_dir():
        return "this is a folder; name a file in it"
    if not target.parent.is_dir():
        return f"the folder {target.parent} does not exist; make it first"
    return "another --report writes to the same file" if target in taken else None


def write_report(target: Target, document: AuditDocument, extras: Extras | None = None) -> None:
    """Write one report atomically with mode 0640; raises :class:`StorageError` when the disk refuses."""
    content = FORMATS[target.format](document, extras or Extras())
    write_atomically(target.path, content, REPORT_MODE)
