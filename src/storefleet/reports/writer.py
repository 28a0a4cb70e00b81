"""``--report FORMAT:PATH``: the formats there are, and writing reports that are whole or not there.

A format is a function of the document; those whose libraries are slow to load are imported when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from storefleet.documents.files import write_atomically
from storefleet.errors import Complaint, InputError, StorageError
from storefleet.model.report import AuditDocument
from storefleet.reports.csv_report import audit_csv
from storefleet.reports.json_report import audit_json
from storefleet.reports.junit_report import audit_junit
from storefleet.reports.markdown_report import audit_markdown
from storefleet.reports.message import message_text
from storefleet.reports.sarif_report import audit_sarif
from storefleet.reports.terminal import audit_text

REPORT_MODE = 0o640


@dataclass(frozen=True, slots=True)
class Extras:
    """What a report may use beside the document: compliance diffs by host, and the zone of printed times."""

    diffs: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "store"


Writer: TypeAlias = Callable[[AuditDocument, Extras], str | bytes]
"""Text is written as UTF-8."""


def _text(document: AuditDocument, extras: Extras) -> str:
    """Return the terminal report in full and without colours: a file has room."""
    return audit_text(document, everything=True, timezone=extras.timezone, diffs=extras.diffs)


def _json(document: AuditDocument, _extras: Extras) -> str:
    return audit_json(document)


def _csv(document: AuditDocument, _extras: Extras) -> str:
    return audit_csv(document)


def _junit(document: AuditDocument, _extras: Extras) -> str:
    return audit_junit(document)


def _markdown(document: AuditDocument, extras: Extras) -> str:
    return audit_markdown(document, timezone=extras.timezone)


def _message(document: AuditDocument, extras: Extras) -> str:
    return message_text(document, timezone=extras.timezone)


def _prometheus(document: AuditDocument, _extras: Extras) -> str:
    from storefleet.reports.prometheus_report import audit_prometheus  # noqa: PLC0415 - a tenth of a second of imports

    return audit_prometheus(document)


def _sarif(document: AuditDocument, _extras: Extras) -> str:
    return audit_sarif(document)


def _xlsx(document: AuditDocument, _extras: Extras) -> bytes:
    from storefleet.reports.xlsx_report import audit_xlsx  # noqa: PLC0415 - a tenth of a second of imports

    return audit_xlsx(document)


FORMATS: Mapping[str, Writer] = {
    "csv": _csv,
    "json": _json,
    "junit": _junit,
    "markdown": _markdown,
    "message": _message,
    "prometheus": _prometheus,
    "sarif": _sarif,
    "text": _text,
    "xlsx": _xlsx,
}
"""Every format enters here, ours and later ones alike."""

NEEDS_ALL_RESULTS = frozenset({"junit"})
"""Formats that show each pass: whoever runs an audit for one of them must keep the passes."""


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


def needs_all_results(targets: Iterable[Target]) -> bool:
    """Tell whether any of these reports shows each pass."""
    return any(target.format in NEEDS_ALL_RESULTS for target in targets)


def write_report(target: Target, document: AuditDocument, extras: Extras | None = None) -> None:
    """Write one report atomically with mode 0640; raises :class:`StorageError` when the disk refuses."""
    write_reports([target], document, extras)


def write_reports(
    targets: Sequence[Target],
    document: AuditDocument,
    extras: Extras | None = None,
    *,
    full: AuditDocument | None = None,
) -> None:
    """Render every report, then write each atomically with mode 0640; one that fails does not lose the others.

    ``full`` is the document with every pass, for the formats of :data:`NEEDS_ALL_RESULTS`. Raises
    :class:`StorageError` with all that could not be written, or the bug of a writer, after the others are written.
    """
    faults: list[Exception] = []
    rendered: list[tuple[Target, str | bytes]] = []
    for target in targets:
        shown = full if full is not None and target.format in NEEDS_ALL_RESULTS else document
        try:
            rendered.append((target, FORMATS[target.format](shown, extras or Extras())))
        except Exception as fault:  # noqa: BLE001 - raised below: the bug of one writer must not lose the others
            faults.append(fault)
    for target, content in rendered:
        try:
            write_atomically(target.path, content, REPORT_MODE)
        except StorageError as fault:
            faults.append(fault)
    bugs = [fault for fault in faults if not isinstance(fault, StorageError)]
    if bugs:
        raise bugs[0]
    if faults:
        raise StorageError("; ".join(map(str, faults)))
