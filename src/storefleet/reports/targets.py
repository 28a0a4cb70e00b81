"""``--report FORMAT:PATH``: understood before the run, written after it, whole or not there."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from storefleet.documents.files import write_atomically
from storefleet.documents.ownership import PRIVATE, Ownership
from storefleet.errors import Complaint, InputError, StorageError
from storefleet.model.report import AuditDocument
from storefleet.reports.writer import FOLDERS, FORMATS, NEEDS_ALL_RESULTS, WITH_DIFFS, WITH_TREND, Extras

REPORT_MODE = 0o640
FOLDER_MODE = 0o750


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
    """Render every report, then write each atomically, 0640 or for a group; one that fails does not lose the others.

    ``full`` is the document with every pass, for the formats that show each. A folder of pages is made as it is
    written, since its pages together are large. Raises :class:`StorageError` with all that could not be written, or the
    bug of a writer, after the others are written.
    """
    faults: list[Exception] = []
    writers: list[Callable[[], None]] = []
    for target in targets:
        shown = full if full is not None and target.format in NEEDS_ALL_RESULTS else document
        try:
            writers.append(_rendered(target, shown, extras or Extras(), owner_of(target.path)))
        except Exception as fault:  # noqa: BLE001 - raised below: the bug of one writer must not lose the others
            faults.append(fault)
    for write in writers:
        try:
            write()
        except Exception as fault:  # noqa: BLE001 - the same
            faults.append(fault)
    bugs = [fault for fault in faults if not isinstance(fault, StorageError)]
    if bugs:
        raise bugs[0]
    if faults:
        raise StorageError("; ".join(map(str, faults)))


def _rendered(target: Target, document: AuditDocument, extras: Extras, owner: Ownership) -> Callable[[], None]:
    """Return what writes the report."""
    if target.folder:
        return lambda: _write_folder(target.path, FOLDERS[target.format](document, extras), owner)
    content = FORMATS[target.format](document, extras)
    return lambda: write_atomically(target.path, content, REPORT_MODE, owner)


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
