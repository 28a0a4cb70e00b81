"""What the Tab key offers: names of this fleet. It never complains; where nothing can be read it offers nothing."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias, TypeVar

import typer

from storefleet.errors import StorefleetError

_TERM = re.compile(r"(?P<before>.*[:,][&!]?|[&!]?)(?P<word>[^:,&!]*)", re.DOTALL)
_MOST = 200
_Names: TypeAlias = tuple[list[str], list[str], list[str]]
_NO_NAMES: _Names = ([], [], [])
T = TypeVar("T")


def complete_selection(context: typer.Context, incomplete: str) -> list[str]:
    """Return selections that begin so: stores first, a store's hosts once its name is whole, groups and roles."""
    found = _TERM.fullmatch(incomplete)
    if found is None:
        return []
    before, word = found["before"], found["word"]
    stores, hosts, more = _quietly(lambda: _names(context)) or _NO_NAMES
    near = [*_beginning(word, stores), *_beginning(word, more)]
    if len(near) <= 1 or "-" in word:
        near += _beginning(word, hosts)
    return [f"{before}{name}" for name in near[:_MOST]]


def complete_run(context: typer.Context, incomplete: str) -> list[str]:
    """Return the newest runs that begin so, and `last`."""
    return _beginning(incomplete, ["last", *(_quietly(lambda: _runs(context)) or [])])[:_MOST]


def complete_audit(context: typer.Context, incomplete: str) -> list[str]:
    """Return the audits of the fleet that begin so."""
    return _beginning(incomplete, _quietly(lambda: _audits(context)) or [])


def _beginning(word: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(word)]


def _quietly(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except (StorefleetError, OSError, ValueError):
        return None


def _folder(context: typer.Context) -> Path:
    from storefleet.inventory.find import find_fleet  # noqa: PLC0415 - the Tab key must answer at once

    return find_fleet(context.params.get("fleet"), os.environ, Path.cwd())


def _names(context: typer.Context) -> _Names:
    """Return stores, hosts, and the roles and groups."""
    from storefleet.inventory.load import load_fleet  # noqa: PLC0415

    fleet = load_fleet(_folder(context), datetime.datetime.now(datetime.UTC).date())
    hosts = fleet.hosts.values()
    more = {host.role for host in hosts} | {group for host in hosts for group in host.groups}
    return sorted(fleet.stores), sorted(fleet.hosts), sorted(more)


def _audits(context: typer.Context) -> list[str]:
    from storefleet.audit.load import load_audits  # noqa: PLC0415
    from storefleet.workflows.workspace import audit_files, shown_in  # noqa: PLC0415

    folder = _folder(context)
    return sorted(audit.id for audit in load_audits(audit_files(folder), lambda path: shown_in(folder, path)))


def _runs(context: typer.Context) -> list[str]:
    from storefleet.workflows.runs import past_runs  # noqa: PLC0415
    from storefleet.workflows.workspace import open_workspace  # noqa: PLC0415

    return [run.info.id for run in past_runs(open_workspace(_folder(context)), _MOST)]
