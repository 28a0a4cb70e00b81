"""``--report FORMAT:PATH``: understood before the run, written after it, whole or not there."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from storefleet.documents.files import write_atomically
from storefleet.documents.ownership import PRIVATE, Ownership
from storefleet.errors import Complaint, InputError, StorageError
from storefleet.model.report import AuditDocument
from storefleet.reports.writer import FOLDERS, FORMATS, NEEDS_ALL_RESULTS, WITH_DIFFS, WITH_TREND, Extras

REPORT_MODE = 0o640
FOLDER_MODE = 0o750

Content: TypeAlias = str | bytes | Iterator[tuple[str, str]]
"""What a file holds, or the names and contents of a folder's pages."""


@dataclass(frozen=True, slots=True)
class Target:
    """One ``--report`` as understood; a path that ends with a slash is a folder of pages."""

    format: str
    path: Path
    folder: bool = False


def parse_targets(
    specs: Iterable[str], formats: Collection[str] = FORMATS, folders: Collection[str] = FOLDERS
) -> tuple[Target, ...]:
    """Understand every ``FORMAT:PATH`` before the run starts; raises :class:`InputError` with all complaints.

    ``formats`` are the names that the kind of report has, ``folders`` those that can be a folder of pages.
    """
    targets: list[Target] = []
    complaints: list[Complaint] = []
    for spec in specs:
        name, colon, path = spec.partition(":")
        target = Target(name, Path(path), folder=path.endswith("/") and name in folders)
        fault = (
            None if colon and path and name in formats else f"write FORMAT:PATH, where FORMAT is one of {_all(formats)}"
        )
        fault = fault or _fault(target, {each.path for each in targets}, folders)
        if fault:
            complaints.append(Complaint(f"--report {spec}", 0, fault))
        else:
            targets.append(target)
    if complaints:
        raise InputError(complaints)
    return tuple(targets)


def _all(formats: Collection[str]) -> str:
    return ", ".join(sorted(formats))


def _fault(target: Target, taken: set[Path], folders: Collection[str]) -> str | None:
    path = target.path
    if "\0" in str(path):
        return "a path cannot hold a NUL"
    if target.folder:
        foreign = path.exists() and not (path.is_dir() and _is_ours(path))
        if foreign:
            return "this holds something else than an earlier report; name a new folder, or an empty one"
    elif path.is_dir():
        slash = f", or write {target.format}:{path}/ for a folder of pages" if target.format in folders else ""
        return f"this is a folder; name a file in it{slash}"
    if not path.parent.is_dir():
        return f"the folder {path.parent} does not exist; make it first"
    return "another --report writes to the same place" if path in taken else None


def _is_ours(folder: Path) -> bool:
    """Tell whether a folder may be replaced: it is empty, or holds pages and nothing else."""
    names = {entry.name for entry in folder.iterdir()}
    return not names or ("index.html" in names and all(name.endswith(".html") for name in names))


def needs_all_results(targets: Iterable[Target]) -> bool:
    """Tell whether any of these reports shows each pass."""
    return any(target.format in NEEDS_ALL_RESULTS for target in targets)


def needs_diffs(targets: Iterable[Target]) -> bool:
    """Tell whether any of these reports shows compliance diffs."""
    return any(target.format in WITH_DIFFS for target in targets)


def needs_trend(targets: Iterable[Target]) -> bool:
    """Tell whether any of these reports draws a line of earlier runs."""
    return any(target.format in WITH_TREND for target in targets)


def write_report(
    target: Target, document: AuditDocument, extras: Extras | None = None, owner: Ownership = PRIVATE
) -> None:
    """Write one report atomically, 0640 or for a group; raises :class:`StorageError` when the disk refuses."""
    write_reports([target], document, extras, owner_of=lambda _path: owner)


def write_reports(
    targets: Sequence[Target],
    document: AuditDocument,
    extras: Extras | None = None,
    *,
    full: AuditDocument | None = None,
    owner_of: Callable[[Path], Ownership] = lambda _path: PRIVATE,
) -> None:
    """Write every report of an audit as :func:`deliver` does.

    ``full`` is the document with every pass, for the formats that show each.
    """

    def content(target: Target) -> Content:
        shown = full if full is not None and target.format in NEEDS_ALL_RESULTS else document
        return (FOLDERS if target.folder else FORMATS)[target.format](shown, extras or Extras())

    deliver(targets, content, owner_of)


def deliver(
    targets: Sequence[Target], content: Callable[[Target], Content], owner_of: Callable[[Path], Ownership]
) -> None:
    """Render every report, then write each atomically, 0640 or for a group; one that fails does not lose the others.

    A folder of pages is made as it is written, since its pages together are large. Raises :class:`StorageError` with
    all that could not be written, or the bug of a writer, after the others are written.
    """
    faults: list[Exception] = []
    made: list[tuple[Target, Content]] = []
    for target in targets:
        try:
            made.append((target, content(target)))
        except Exception as fault:  # noqa: BLE001 - raised below: the bug of one writer must not lose the others
            faults.append(fault)
    for target, what in made:
        try:
            _write(target, what, owner_of(target.path))
        except Exception as fault:  # noqa: BLE001 - the same
            faults.append(fault)
    bugs = [fault for fault in faults if not isinstance(fault, StorageError)]
    if bugs:
        raise bugs[0]
    if faults:
        raise StorageError("; ".join(map(str, faults)))


def _write(target: Target, content: Content, owner: Ownership) -> None:
    if isinstance(content, str | bytes):
        write_atomically(target.path, content, REPORT_MODE, owner)
    else:
        _write_folder(target.path, content, owner)


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
