"""``--report FORMAT:PATH``: the formats there are, and writing a report that is whole or not there."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from storefleet.documents.files import write_atomically
from storefleet.documents.ownership import PRIVATE, Ownership
from storefleet.errors import Complaint, InputError, StorageError
from storefleet.model.report import AuditDocument
from storefleet.reports.html import folder_pages, single_page
from storefleet.reports.html.data import Builder
from storefleet.reports.json_report import audit_json
from storefleet.reports.terminal import audit_text
from storefleet.reports.trend import TrendPoint

REPORT_MODE = 0o640
FOLDER_MODE = 0o750


@dataclass(frozen=True, slots=True)
class Extras:
    """What a report may use beside the document: compliance diffs by host, the zone of printed times, past runs."""

    diffs: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "store"
    trend: Sequence[TrendPoint] = ()


Writer: TypeAlias = Callable[[AuditDocument, Extras], str]


def _text(document: AuditDocument, extras: Extras) -> str:
    """Return the terminal report in full and without colours: a file has room."""
    return audit_text(document, everything=True, timezone=extras.timezone, diffs=extras.diffs)


def _json(document: AuditDocument, _extras: Extras) -> str:
    return audit_json(document)


def _builder(document: AuditDocument, extras: Extras) -> Builder:
    return Builder(document, timezone=extras.timezone, diffs=extras.diffs, trend=extras.trend)


def _html(document: AuditDocument, extras: Extras) -> str:
    return single_page(document, _builder(document, extras))


def _html_pages(document: AuditDocument, extras: Extras) -> Iterator[tuple[str, str]]:
    return folder_pages(document, _builder(document, extras))


FORMATS: Mapping[str, Writer] = {"text": _text, "json": _json, "html": _html}
"""Every format enters here, ours and later ones alike."""

FolderWriter: TypeAlias = Callable[[AuditDocument, Extras], Iterator[tuple[str, str]]]

FOLDERS: Mapping[str, FolderWriter] = {"html": _html_pages}
"""Formats that can also be a folder of files, by name and content."""

WITH_DIFFS = frozenset({"text", "html"})
"""Formats that show compliance diffs, which are only made when somebody asks."""


@dataclass(frozen=True, slots=True)
class Target:
    """One ``--report`` as understood; a path that ends with a slash is a folder of pages."""

    format: str
    path: Path
    folder: bool = False


def parse_targets(specs: Iterable[str]) -> tuple[Target, ...]:
    """Understand every ``FORMAT:PATH`` before the run starts; raises :class:`InputError` with all complaints."""
    targets: list[Target] = []
    complaints: list[Complaint] = []
    for spec in specs:
        name, colon, path = spec.partition(":")
        target = Target(name, Path(path), folder=path.endswith("/") and name in FOLDERS)
        fault = _fault(target, bool(colon and path), {each.path for each in targets})
        if fault:
            complaints.append(Complaint(f"--report {spec}", 0, fault))
        else:
            targets.append(target)
    if complaints:
        raise InputError(complaints)
    return tuple(targets)


def _fault(target: Target, has_path: bool, taken: set[Path]) -> str | None:  # noqa: FBT001 - one private caller
    path = target.path
    if not has_path or target.format not in FORMATS:
        return f"write FORMAT:PATH, where FORMAT is one of {', '.join(sorted(FORMATS))}"
    if "\0" in str(path):
        return "a path cannot hold a NUL"
    if target.folder:
        foreign = path.exists() and not (path.is_dir() and _is_ours(path))
        if foreign:
            return "this holds something else than an earlier report; name a new folder, or an empty one"
    elif path.is_dir():
        slash = f", or write {target.format}:{path}/ for a folder of pages" if target.format in FOLDERS else ""
        return f"this is a folder; name a file in it{slash}"
    if not path.parent.is_dir():
        return f"the folder {path.parent} does not exist; make it first"
    return "another --report writes to the same place" if path in taken else None


def _is_ours(folder: Path) -> bool:
    """Tell whether a folder may be replaced: it is empty, or holds pages and nothing else."""
    names = {entry.name for entry in folder.iterdir()}
    return not names or ("index.html" in names and all(name.endswith(".html") for name in names))


def write_report(
    target: Target, document: AuditDocument, extras: Extras | None = None, owner: Ownership = PRIVATE
) -> None:
    """Write one report atomically, 0640 or for a group; raises :class:`StorageError` when the disk refuses."""
    if target.folder:
        _write_folder(target.path, FOLDERS[target.format](document, extras or Extras()), owner)
        return
    content = FORMATS[target.format](document, extras or Extras())
    write_atomically(target.path, content, REPORT_MODE, owner)


def _write_folder(path: Path, pages: Iterator[tuple[str, str]], owner: Ownership) -> None:
    """Write all pages beside the folder, then put them in its place: a reader finds the old ones or the new.

    The two renames are not one: between them there is no folder for an instant, and the old one stays beside it if the
    machine dies right then.
    """
    new, old = (path.with_name(f".{path.name}.{secrets.token_hex(6)}.{kind}") for kind in ("tmp", "old"))
    try:
        owner.make_folder(new, FOLDER_MODE)
        for name, content in pages:
            write_atomically(new / name, content, REPORT_MODE, owner)
        if path.exists():
            path.rename(old)
        new.rename(path)
    except OSError as fault:
        with contextlib.suppress(OSError):
            if old.exists() and not path.exists():
                old.rename(path)
        message = f"{path}/ could not be written: {fault.strerror}; the old pages, if any, are untouched"
        raise StorageError(message) from fault
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
