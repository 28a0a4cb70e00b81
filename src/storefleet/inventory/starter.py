"""A small complete fleet folder to begin with; `storefleet init` writes it, and it passes `storefleet check`."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from storefleet.documents.files import write_atomically
from storefleet.errors import InputError

_RENAMED = {"gitignore": ".gitignore"}
"""Under its own name it would rule over this package's folder."""


def starter_folder(target: Path) -> list[Path]:
    """Write the folder and return its files; refuses a target that holds anything already."""
    if target.exists() and not target.is_dir():
        raise InputError(f"{target} is no folder; name one that is new or empty")
    if target.is_dir() and any(target.iterdir()):
        raise InputError(f"{target} is not empty; name a folder that is new or empty, so that nothing is overwritten")
    try:
        return sorted(_copy(resources.files("storefleet.inventory").joinpath("starter"), target))
    except OSError as fault:
        raise InputError(f"{target} could not be made: {fault.strerror}") from fault


def _copy(source: Traversable, target: Path) -> list[Path]:
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for part in source.iterdir():
        path = target / _RENAMED.get(part.name, part.name)
        if part.is_dir():
            if part.name != "__pycache__":
                written.extend(_copy(part, path))
        else:
            write_atomically(path, part.read_bytes(), 0o644)
            written.append(path)
    return written
