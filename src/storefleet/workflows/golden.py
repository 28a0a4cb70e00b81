"""The golden configurations of a fleet: read, rendered for a host, and complained about before any host is asked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from storefleet.compliance import lines
from storefleet.compliance.golden import Golden, Rendered
from storefleet.compliance.golden_check import text_faults
from storefleet.compliance.golden_file import load_goldens
from storefleet.documents.reader import read_text
from storefleet.errors import Complaint, InputError, SelectorError, TaskFailed
from storefleet.model.selection import select
from storefleet.model.store import Host
from storefleet.modules import vtysh
from storefleet.modules.golden import check_features, wish_of
from storefleet.playbook.language import Play, Task, tasks_of
from storefleet.templating.engine import is_template
from storefleet.templating.filters import TemplateFault
from storefleet.templating.unknown import NotYetKnown
from storefleet.templating.whole_file import source_line
from storefleet.workflows.variables import Variables, fleet_variables
from storefleet.workflows.workspace import Workspace, golden_files

PLATFORM = "frr"
"""The only platform of which it is known what its lines do."""


@dataclass(frozen=True)
class Goldens:
    """The golden configurations of a fleet; nothing is read before one is asked for."""

    workspace: Workspace
    _hosts: dict[str, dict[str, Host]] = field(default_factory=dict, repr=False)
    _texts: dict[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def documents(self) -> tuple[Golden, ...]:
        """Return all of them; raises :class:`InputError` with every complaint about their files."""
        return load_goldens(golden_files(self.workspace.folder), self.workspace.shown)

    @cached_property
    def _variables(self) -> Variables:
        return fleet_variables(self.workspace)

    def named(self, name: str) -> Golden:
        """Return one by its name; raises :class:`TaskFailed`."""
        for golden in self.documents:
            if golden.name == name:
                return golden
        names = [golden.name for golden in self.documents]
        close = difflib.get_close_matches(name, names, 1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(names) or 'none'}"
        raise TaskFailed(f"golden: audits/golden/ has none called {name!r:.60}{hint}")

    def rendered(self, name: str, host: Host) -> Rendered:
        """Return a golden configuration with its text for a host; raises :class:`TaskFailed`."""
        golden = self.named(name)
        try:
            hosts = self.hosts(golden)
            complaint = next(self._faults(golden, host), None)
        except InputError as fault:
            raise TaskFailed(str(fault)) from fault
        if host.name not in hosts:
            raise TaskFailed(f"golden {name} is not for {host.name}: it applies to {golden.applies_to}")
        if complaint is not None:
            raise TaskFailed(str(complaint))
        text = self._variables.names(host).file(self._template(golden))
        return Rendered(golden, lines.ordered(text))

    def hosts(self, golden: Golden) -> dict[str, Host]:
        """Return whom it is for; raises :class:`InputError` where that is nobody, or no router that is known."""
        if golden.name not in self._hosts:
            place = golden.place("applies_to")
            try:
                found = select(golden.applies_to, self.workspace.fleet.hosts.values(), self.workspace.fleet.stores)
            except SelectorError as fault:
                raise InputError([Complaint(place.path, place.line, f"applies_to: {fault}")]) from fault
            other = next((host for host in found if host.platform != PLATFORM), None)
            if other is not None:
                message = f"applies_to: {other.name} is {other.platform}; lines of {PLATFORM} alone are known here"
                raise InputError([Complaint(place.path, place.line, message)])
            self._hosts[golden.name] = {host.name: host for host in found}
        return self._hosts[golden.name]

    # -- complaints

    def complaints(self, golden: Golden, only: Iterable[str] | None = None) -> list[Complaint]:
        """Return what is wrong with it for the hosts that it is for; what is wrong for many is said once."""
        try:
            hosts = self.hosts(golden)
            self._template(golden)
        except InputError as fault:
            return list(fault.complaints)
        found: dict[int | str, Complaint] = {}
        meant = None if only is None else frozenset(only)
        for name in hosts:
            if meant is not None and name not in meant:
                continue
            for one in self._faults(golden, hosts[name]):
                found.setdefault(one.line or one.message, replace(one, message=f"{one.message} (first on {name})"))
        return list(found.values())

    def check_plays(self, plays: Sequence[tuple[Play, Sequence[Host]]]) -> None:
        """Raise :class:`InputError` with every complaint about what these plays ask of golden configurations."""
        found = [one for play, _ in plays for one in self.task_complaints(play)]
        if not found:
            found = [
                one
                for play, hosts in plays
                for task in _golden_tasks(play)
                if not _is_rendered_later(task)
                for one in self.complaints(self.named(str(task.arguments["golden"])), [host.name for host in hosts])
            ]
        if found:
            raise InputError(list(dict.fromkeys(found)))

    def task_complaints(self, play: Play) -> Iterator[Complaint]:
        """Yield what can be said of the tasks of a play without any host."""
        for task in _golden_tasks(play):
            if _is_rendered_later(task):
                continue
            try:
                name, features = wish_of(task.arguments)
                check_features(self.named(name), features)
            except TaskFailed as fault:
                yield Complaint(task.source.path, task.source.line, str(fault))

    def _faults(self, golden: Golden, host: Host) -> Iterator[Complaint]:
        shown = self.workspace.shown(self._path(golden))
        template, names = self._template(golden), self._variables.names(host)
        try:
            text = names.file(template)
        except TemplateFault as fault:
            line = fault.line or self._mentions(golden, fault)
            said = str(fault).removeprefix(f"line {line}: ")
            if isinstance(fault, NotYetKnown):
                said = f"{said}: a golden text is rendered without facts of the device"
            yield Complaint(shown, line, said)
            return
        for number, message in text_faults(golden, text, lambda path: vtysh.shown(path, golden.secrets)):
            line = source_line(template, text, number, names.file) if number else 0
            yield Complaint(shown, line, message)

    def _mentions(self, golden: Golden, fault: TemplateFault) -> int:
        """Return the first line that holds the first word of what a fault says."""
        word = re.compile(rf"\b{re.escape(str(fault).partition(' ')[0])}\b")
        numbered = enumerate(self._template(golden).split("\n"), start=1)
        return next((number for number, line in numbered if word.search(line)), 0)

    # -- texts

    def _path(self, golden: Golden) -> Path:
        return self.workspace.folder / "audits" / golden.template

    def _template(self, golden: Golden) -> str:
        """Return the template; raises :class:`InputError` at the line that names it."""
        if golden.name not in self._texts:
            path, audits = self._path(golden), self.workspace.folder / "audits"
            if not path.resolve().is_relative_to(audits.resolve()) or not path.is_file():
                place = golden.place("template")
                message = f"template: there is no file {self.workspace.shown(path)}"
                raise InputError([Complaint(place.path, place.line, message)])
            self._texts[golden.name] = read_text(path, self.workspace.shown(path))
        return self._texts[golden.name]


def _golden_tasks(play: Play) -> list[Task]:
    """Return the tasks of a play that ask for a golden configuration."""
    entries = tuple(entry for section in (*play.sections, play.handlers) for entry in section)
    return [
        task
        for task in tasks_of(entries)
        if task.module == "router_config" and not {"golden", "features"}.isdisjoint(task.arguments)
    ]


def _is_rendered_later(task: Task) -> bool:
    parts = (task.arguments.get("golden"), task.arguments.get("features"))
    words = [word for part in parts for word in (part if isinstance(part, list) else [part])]
    return any(isinstance(word, str) and is_template(word) for word in words)
