"""Everything that can be said about a fleet folder without touching a device, all complaints at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from storefleet.audit.language import Audit
from storefleet.audit.load import load_audits
from storefleet.audit.typed import check_audits, render_check
from storefleet.audit.waivers import Waivers, load_waivers
from storefleet.collect.plan import platforms
from storefleet.collect.probes import Probes, load_probes
from storefleet.documents.nodes import Source
from storefleet.documents.published import schema
from storefleet.documents.reader import read
from storefleet.errors import Complaint, InputError
from storefleet.inventory.lint import lint
from storefleet.model.selection import parse
from storefleet.model.store import Host
from storefleet.workflows.workspace import Workspace

T = TypeVar("T")


@dataclass(frozen=True)
class Rules:
    """What hosts are held against: audits and waivers, and the probes of one's own applications."""

    audits: tuple[Audit, ...]
    waivers: Waivers
    probes: Probes


class Gathering:
    """Runs checks that may each complain, and raises all of it together."""

    def __init__(self) -> None:
        self.complaints: list[Complaint] = []

    def attempt(self, work: Callable[[], T]) -> T | None:
        """Return the value, or ``None`` when the work complained."""
        try:
            return work()
        except InputError as fault:
            self.complaints.extend(fault.complaints)
            return None

    def finish(self) -> None:
        """Raise :class:`InputError` when anything was wrong."""
        if self.complaints:
            raise InputError(self.complaints)


def load_rules(workspace: Workspace, gathering: Gathering) -> Rules | None:
    """Read audits, waivers and probes and hold every control against the shape of the state document."""
    folder = workspace.folder / "audits"
    paths = sorted(path for path in folder.glob("*.yaml") if path.name != "waivers.yaml" and path.name != "golden.yaml")
    audits = gathering.attempt(lambda: load_audits(paths, workspace.shown))
    waivers = gathering.attempt(lambda: load_waivers(folder / "waivers.yaml", workspace.shown))
    probes = gathering.attempt(lambda: _probes(workspace))
    if audits is not None:
        gathering.complaints.extend(check_audits(audits, schema("state-1")))
    if audits is None or waivers is None or probes is None:
        return None
    return Rules(audits, waivers, probes)
