"""`check`: everything that can be said without touching a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from storefleet.compliance.golden import Golden
from storefleet.connections.known_hosts import KnownHosts
from storefleet.errors import Complaint
from storefleet.inventory.lint import lint
from storefleet.playbook.load import load_playbook
from storefleet.workflows.gathering import Gathering
from storefleet.workflows.golden import Goldens
from storefleet.workflows.machine import Lack, lacks
from storefleet.workflows.notify import load_routes
from storefleet.workflows.signing import approval_warnings
from storefleet.workflows.validation import Rules, validated_rules
from storefleet.workflows.workspace import Workspace, open_workspace


@dataclass(frozen=True)
class CheckReport:
    """What `check` says of a folder that stands: a line of numbers, warnings, and what this machine lacks."""

    summary: str
    warnings: tuple[Complaint, ...]
    lacks: tuple[Lack, ...] = ()


def check_fleet(fleet: Path | None) -> CheckReport:
    """Check the whole folder; raises :class:`InputError` with every complaint over all files."""
    workspace = open_workspace(fleet)
    gathering = Gathering()
    gathering.attempt(lambda: load_routes(workspace))
    rules = gathering.attempt(lambda: validated_rules(workspace))
    goldens = Goldens(workspace)
    documents = gathering.attempt(lambda: goldens.documents)
    for golden in documents or ():
        gathering.complaints.extend(goldens.complaints(golden))
    for path in sorted((workspace.folder / "playbooks").glob("*.y*ml")):
        playbook = gathering.attempt(partial(load_playbook, path, workspace.shown(path)))
        if playbook is not None and documents is not None:
            gathering.complaints.extend(one for play in playbook.plays for one in goldens.task_complaints(play))
    known = gathering.attempt(lambda: KnownHosts.load(workspace.known_hosts))
    gathering.finish()
    assert rules is not None
    assert known is not None
    linted = lint(workspace.fleet, frozenset(known.by_name))
    controls = sum(len(audit.controls) for audit in rules.audits)
    summary = (
        f"{workspace.settings.fleet} ({workspace.folder}): {len(workspace.fleet.stores)} stores, "
        f"{len(workspace.fleet.hosts)} hosts, "
        f"{len(rules.audits)} audits with {controls} controls, {len(rules.waivers.entries)} waivers"
        f"{_golden_words(documents or ())}: nothing to complain about"
    )
    warnings = (
        *workspace.fleet.warnings,
        *linted.warnings,
        *_shared_keys(workspace, known),
        *approval_warnings(workspace),
        *_missing_fixes(workspace, rules),
    )
    return CheckReport(summary, tuple(sorted(warnings)), lacks(workspace))


def _golden_words(documents: Sequence[Golden]) -> str:
    count = len(documents)
    return f", {count} golden configuration{'' if count == 1 else 's'}" if count else ""


def _missing_fixes(workspace: Workspace, rules: Rules) -> list[Complaint]:
    """Return a warning for each control whose ``fix:`` is no playbook: `audit --fix` could not plan it."""
    folder = workspace.folder / "playbooks"
    return [
        Complaint(
            control.source.path, control.source.line, f"{control.id}: there is no playbook playbooks/{control.fix}"
        )
        for audit in rules.audits
        for control in audit.controls
        if control.fix is not None and not (folder / control.fix).is_file()
    ]


def _shared_keys(workspace: Workspace, known: KnownHosts) -> list[Complaint]:
    """Return a warning for each host key that several hosts have: a cloned image cannot be told from its origin."""
    place = workspace.shown(workspace.known_hosts)
    return [
        Complaint(place, key.line, f"{', '.join(names[:5])} have one host key ({key.fingerprint}): a cloned image?")
        for key, names in known.shared()
    ]
