"""`check`: everything that can be said without touching a device."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from storefleet.connections.known_hosts import KnownHosts
from storefleet.errors import Complaint
from storefleet.inventory.lint import lint
from storefleet.workflows.validation import Gathering, check_platforms, check_rules, load_rules, open_whole


@dataclass(frozen=True)
class CheckReport:
    """What `check` says of a folder that stands: a line of numbers, and warnings."""

    summary: str
    warnings: tuple[Complaint, ...]


def check_fleet(fleet: Path | None) -> CheckReport:
    """Check the whole folder; raises :class:`InputError` with every complaint over all files."""
    workspace = open_whole(fleet)
    gathering = Gathering()
    rules = load_rules(workspace.folder, gathering)
    if rules is not None:
        check_rules(workspace, rules, gathering)
    check_platforms(workspace, gathering)
    known = gathering.attempt(lambda: KnownHosts.load(workspace.known_hosts))
    linted = lint(workspace.fleet, frozenset(known.by_name) if known is not None else None)
    gathering.complaints.extend(linted.complaints)
    gathering.finish()
    assert rules is not None
    controls = sum(len(audit.controls) for audit in rules.audits)
    summary = (
        f"{workspace.settings.fleet}: {len(workspace.fleet.stores)} stores, {len(workspace.fleet.hosts)} hosts, "
        f"{len(rules.audits)} audits with {controls} controls, {len(rules.waivers.entries)} waivers: "
        "nothing to complain about"
    )
    return CheckReport(summary, tuple(sorted((*workspace.fleet.warnings, *linted.warnings))))
