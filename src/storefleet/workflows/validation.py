"""Everything that can be said about a fleet folder without touching a device, all complaints at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from storefleet.audit.evaluate import roots
from storefleet.audit.language import Audit
from storefleet.audit.load import load_audits
from storefleet.audit.render_check import RenderCheck
from storefleet.audit.typed import check_audits
from storefleet.audit.waivers import Waivers, load_waivers
from storefleet.collect.probes import Probes, load_probes
from storefleet.collect.registry import standard
from storefleet.compliance.golden_file import load_goldens
from storefleet.documents.nodes import Source
from storefleet.documents.reader import read
from storefleet.errors import InputError
from storefleet.inventory.lint import lint
from storefleet.model.selection import Selector, parse, select
from storefleet.model.store import Host
from storefleet.templating.engine import compile_expression
from storefleet.templating.filters import TemplateFault
from storefleet.workflows.gathering import Gathering
from storefleet.workflows.workspace import Workspace, audit_files, golden_files

T = TypeVar("T")


@dataclass(frozen=True)
class Rules:
    """What hosts are held against: audits and waivers, and the probes of one's own applications."""

    audits: tuple[Audit, ...]
    waivers: Waivers
    probes: Probes


def validated_rules(workspace: Workspace) -> Rules:
    """Return the rules when nothing at all is wrong with them for this fleet, else raise every complaint."""
    gathering = Gathering()
    rules = load_rules(workspace, gathering)
    if rules is not None:
        check_rules(workspace, rules, gathering)
    check_platforms(workspace, gathering)
    gathering.complaints.extend(lint(workspace.fleet).complaints)
    gathering.finish()
    assert rules is not None
    return rules


def load_rules(workspace: Workspace, gathering: Gathering) -> Rules | None:
    """Read audits, waivers and probes, and hold every control against the shape of the state document."""
    folder = workspace.folder / "audits"
    audits = gathering.attempt(lambda: load_audits(audit_files(workspace.folder), workspace.shown))
    known = {control.id for audit in audits or () for control in audit.controls}
    waivers_file = folder / "waivers.yaml"
    waivers = gathering.attempt(
        lambda: load_waivers(waivers_file, workspace.shown(waivers_file), known if audits is not None else None)
    )
    probes = gathering.attempt(lambda: _probes(workspace))
    if audits is not None:
        gathering.complaints.extend(check_audits(audits))
    # What a golden configuration calls secret must be known before a router is read.
    gathering.attempt(lambda: load_goldens(golden_files(workspace.folder), workspace.shown))
    if audits is None or waivers is None or probes is None:
        return None
    return Rules(audits, waivers, probes)


def _probes(workspace: Workspace) -> Probes:
    path = workspace.fleet.probes
    if not path.exists():
        return Probes()
    node = read(path, workspace.shown(path))
    return load_probes(node) if node is not None else Probes()


def check_rules(workspace: Workspace, rules: Rules, gathering: Gathering) -> None:
    """Check every selection, and render every control for every host that it is meant for."""
    for audit in rules.audits:
        chosen = _selected(workspace, audit.applies_to, audit.line("applies_to"), gathering)
        _check_controls(workspace, audit, chosen, gathering)
    for waiver in rules.waivers.entries:
        _selected(workspace, waiver.hosts, waiver.source, gathering)
    for probe in rules.probes.probes:
        _selected(workspace, probe.applies_to or "all", Source(workspace.shown(workspace.fleet.probes), 0), gathering)


def _check_controls(workspace: Workspace, audit: Audit, chosen: Iterable[Host], gathering: Gathering) -> None:
    """Render every control of one audit for every host that it means; equal complaints are said once."""
    checks: list[tuple[RenderCheck, Selector | None]] = []
    for control in audit.controls:
        narrower = None
        if control.applies_to is not None:
            _selected(workspace, control.applies_to, control.line("applies_to"), gathering)
            try:
                narrower = parse(control.applies_to)
            except InputError:
                continue  # it has been said, with its line
        checks.append((RenderCheck(audit, control), narrower))
    said = {complaint.message for complaint in gathering.complaints if complaint.path == audit.source.path}
    for host in chosen:
        store = workspace.store(host)
        names = roots(audit, host, store, None)
        for check, narrower in checks:
            if (narrower and not narrower.matches(host, store)) or not _may_hold(check.control.when, names):
                continue
            for complaint in check.complaints(names):
                if complaint.message not in said:
                    said.add(complaint.message)
                    where = Source(complaint.path, complaint.line)
                    gathering.complain(where, f"{complaint.message} (first on {host.name})")


def _may_hold(when: str | None, names: Mapping[str, object]) -> bool:
    """Tell whether a control can be judged on a host, as far as that shows without facts of the device."""
    if when is None:
        return True
    try:
        return bool(compile_expression(when).render(names))
    except TemplateFault:
        return True  # it needs facts, or it is broken and the check of its controls says how


def _selected(workspace: Workspace, expression: str, source: Source, gathering: Gathering) -> list[Host]:
    """Return what a selection of a file means; one that matches no host of the fleet is fine, a misspelt one is not."""
    try:
        parse(expression)
        return select(expression, workspace.fleet.hosts.values(), workspace.fleet.stores)
    except InputError as fault:
        if not str(fault).endswith("matches no host"):
            gathering.complain(source, str(fault))
        return []


def check_platforms(workspace: Workspace, gathering: Gathering) -> None:
    """Refuse a platform that no collector knows."""
    known = standard().platforms()
    for host in workspace.fleet.hosts.values():
        if host.connection == "ssh" and host.platform not in known:
            source = workspace.fleet.places.hosts.get(host.name, Source("inventory", 0))
            gathering.complain(
                source,
                f"{host.name}: no collector for platform {host.platform!r}; there are: {', '.join(known)}",
            )
