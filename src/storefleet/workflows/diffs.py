"""Writing compliance diffs where `patch` finds what it needs: the observed text beside the diff."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from storefleet.audit.compliance import ComplianceDiff, store_diff
from storefleet.documents.files import write_atomically
from storefleet.errors import StorageError


def write_diffs(folder: Path, diffs: Mapping[str, ComplianceDiff]) -> None:
    """Write ``HOST.observed`` and ``HOST.diff`` for every host, and ``STORE.diff`` over the hosts of each store."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    except OSError as fault:
        raise StorageError(f"--diff-to {folder}: {fault.strerror}") from fault
    by_store: dict[str, list[ComplianceDiff]] = {}
    for host, diff in diffs.items():
        write_atomically(folder / f"{host}.observed", diff.observed_text)
        write_atomically(folder / f"{host}.diff", diff.diff)
        by_store.setdefault(host.partition("-")[0], []).append(diff)
    for store, found in by_store.items():
        write_atomically(folder / f"{store}.diff", store_diff(found))
