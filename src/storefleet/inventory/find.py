"""Where the fleet folder is: named by the user, or found upwards, but never where everyone may write."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from storefleet.errors import InputError

VARIABLE = "STOREFLEET_FLEET"
_MARKS = ("storefleet.yaml", "inventory/stores.csv")


def find_fleet(option: Path | str | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """Return the fleet folder; raises :class:`InputError` that says where it was looked for.

    A folder in which everyone may write is never taken by itself: whoever can put a ``storefleet.yaml`` there would
    decide what is run. Named by ``--fleet`` or the environment it is the user's own choice.
    """
    if option:
        return _named(cwd / option, "--fleet")
    if environ.get(VARIABLE):
        return _named(cwd / environ[VARIABLE], VARIABLE)
    for folder in (cwd, *cwd.parents):
        if not os.access(folder, os.X_OK) or not _is_fleet(folder):
            continue
        if folder.stat().st_mode & stat.S_IWOTH:
            reason = "looks like a fleet folder, but everyone may write there; move it, or name it by --fleet"
            raise InputError(f"{folder} {reason}")
        return folder
    remedy = f"name one by --fleet or {VARIABLE}, or make one: storefleet init DIR"
    raise InputError(f"no fleet folder in {cwd} or above; {remedy}")


def _named(folder: Path, how: str) -> Path:
    try:
        if not folder.is_dir():
            raise InputError(f"{how}: {folder} is no folder; make one: storefleet init {folder}")
        if not _is_fleet(folder) and not (folder / "inventory").is_dir():
            raise InputError(f"{how}: {folder} has neither storefleet.yaml nor inventory/; it is no fleet folder")
    except PermissionError as fault:
        raise InputError(
            f"{how}: {folder} cannot be read by this account; check its mode and those above it"
        ) from fault
    return folder


def _is_fleet(folder: Path) -> bool:
    """Tell whether a folder is one; raises ``PermissionError`` where this account may not look."""
    return any((folder / mark).is_file() for mark in _MARKS)
