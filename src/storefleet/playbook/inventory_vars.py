"""``group_vars`` and ``host_vars`` beside a playbook, and files of variables."""

from __future__ import annotations

from pathlib import Path

from storefleet.documents import yaml11
from storefleet.documents.reader import parse, read_text
from storefleet.errors import Complaint, InputError, TaskFailed
from storefleet.model.base import Json
from storefleet.playbook.sources import Sources


def group_vars(sources: Sources, group: str) -> dict[str, Json]:
    """Return the variables of one group; raises :class:`InputError`."""
    return _named(sources, f"group_vars/{group}") if group in sources.entries("group_vars") else {}


def host_vars(sources: Sources, host: str) -> dict[str, Json]:
    """Return the variables of one host; raises :class:`InputError`."""
    return _named(sources, f"host_vars/{host}") if host in sources.entries("host_vars") else {}


def variables_below(sources: Sources, most: int) -> set[str] | None:
    """Return every name that any group or host has a variable of; ``None`` where there are more files than ``most``."""
    names: set[str] = set()
    for part in ("group_vars", "host_vars"):
        folder = sources.find(part)
        files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
        if len(files) > most:
            return None
        for path in files:
            names |= set(_variables(path, sources.shown(path)))
    return names


def _named(sources: Sources, name: str) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for path in (sources.find(f"{name}{end}") for end in (".yaml", ".yml", "")):
        if path is None:
            continue
        for file in sorted(path.glob("*.y*ml")) if path.is_dir() else [path]:
            found |= _variables(file, sources.shown(file))
    return found


def _variables(path: Path, shown: str) -> dict[str, Json]:
    node = parse(read_text(path, shown), shown)
    value = yaml11.value(node) if node is not None else {}
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError([Complaint(shown, 1, "names and values are due here")])
    return value


def read_variables(sources: Sources, name: str, role: str = "") -> dict[str, Json]:
    """Return a file of variables that a task names; raises :class:`TaskFailed`."""
    places = [f"{role}/vars/{name}", f"{role}/{name}"] if role else []
    path = sources.find(*places, f"vars/{name}", name)
    if path is None or not path.is_file():
        raise TaskFailed(f"there is no {name} in vars/ beside the playbook")
    try:
        return _variables(path, sources.shown(path))
    except InputError as fault:
        raise TaskFailed(str(fault)) from fault
