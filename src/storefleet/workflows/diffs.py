"""Writing compliance diffs where `patch` finds what it needs: the observed text beside the diff."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from storefleet.audit.compliance import ComplianceDiff, store_diff
from storefleet.documents.files import write_atomically
from storefleet.documents.ownership import PRIVATE, Ownership


def write_diffs(
    folder: Path, diffs: Mapping[str, ComplianceDiff], store_of: Mapping[str, str], owner: Ownership = PRIVATE
) -> None:
    """Write ``HOST.observed`` and ``HOST.diff`` for every host, and ``STORE.diff`` over the hosts of each store."""
    by_store: dict[str, list[ComplianceDiff]] = {}
    for host, diff in diffs.items():
        write_atomically(folder / f"{host}.observed", diff.observed_text, owner=owner)
        write_atomically(folder / f"{host}.diff", diff.diff, owner=owner)
        by_store.setdefault(store_of[host], []).append(diff)
    for store, found in by_store.items():
        write_atomically(folder / f"{store}.diff", store_diff(found), owner=owner)
