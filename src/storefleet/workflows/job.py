"""A playbook with the hosts that it is for: which plays each goes through, with which variables, in which batches."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from storefleet.collect.plan import CollectPlan
from storefleet.collect.registry import standard
from storefleet.errors import Complaint, InputError, SelectorError, TaskFailed
from storefleet.fleet.drive import Session
from storefleet.fleet.looking import Surroundings
from storefleet.fleet.planning import Planning
from storefleet.model.base import Json
from storefleet.model.changes import AuditHost
from storefleet.model.effects import Step
from storefleet.model.plan import PlanPart
from storefleet.model.store import Host
from storefleet.playbook.language import Play, Playbook, tasks_of
from storefleet.playbook.load import load_playbook
from storefleet.playbook.run import run_host
from storefleet.playbook.scope import Layer
from storefleet.playbook.sources import Sources, sources_of
from storefleet.playbook.state import HostState, Tags
from storefleet.workflows import clock
from storefleet.workflows.gate import judged
from storefleet.workflows.golden import Goldens
from storefleet.workflows.keeping import keep
from storefleet.workflows.scope import Scope, scope
from storefleet.workflows.validation import Rules, validated_rules
from storefleet.workflows.variables import Variables
from storefleet.workflows.workspace import Workspace, redaction_key

SHELL_PLATFORMS = frozenset({"linux", "busybox", "frr"})
"""Where a playbook can be run, and an undo be armed: by systemd or BusyBox init; of another init arming says no."""


def find_playbook(workspace: Workspace, path: Path) -> tuple[Playbook, Sources]:
    """Read a playbook, looked up in ``playbooks/`` and then from the current folder; raises :class:`InputError`."""
    playbooks = workspace.folder / "playbooks"
    for place in (playbooks / path, Path.cwd() / path, workspace.folder / path):
        if place.is_file():
            sources = sources_of(place, workspace.folder)
            return load_playbook(place, workspace.shown(place), sources), sources
    close = difflib.get_close_matches(path.name, sorted(one.name for one in playbooks.glob("*.y*ml")), 1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise InputError(f"there is no playbook {path}, neither in playbooks/ nor from the current folder{hint}")


PLACES = 100_000
"""Tasks that a playbook may have at most, where a plan is made of several."""


def job_of_parts(workspace: Workspace, parts: Sequence[PlanPart]) -> Job:
    """Read several playbooks of ``playbooks/``, each for some hosts, as one; raises :class:`InputError`."""
    sources = sources_of(workspace.folder / "playbooks" / "x.yaml")
    plays: list[Play] = []
    only: list[frozenset[str]] = []
    for number, part in enumerate(parts):
        place = workspace.folder / part.playbook
        found = load_playbook(place, workspace.shown(place), sources, number * PLACES)
        plays += found.plays
        only += [frozenset(part.hosts)] * len(found.plays)
    shown = ", ".join(part.playbook for part in parts)
    return Job(workspace, Playbook(shown, sources.digest, tuple(plays)), sources, only=tuple(only))


@dataclass(frozen=True)
class Job:
    """A playbook over the hosts that ``-l`` leaves; ``states`` keeps how far each host came.

    ``only`` names, play by play, the hosts that it is for, where it is not all that it selects.
    """

    workspace: Workspace
    playbook: Playbook
    sources: Sources
    limit: str | None = None
    tags: Tags = field(default_factory=Tags)
    states: dict[str, HostState] = field(default_factory=dict)
    only: tuple[frozenset[str], ...] = ()

    @cached_property
    def hosts_of(self) -> tuple[tuple[Play, tuple[Host, ...]], ...]:
        """Return the hosts of each play, in the order of the inventory."""
        wanted = {host.name for host in self.workspace.select(self.limit)} if self.limit else None
        found = []
        for number, play in enumerate(self.playbook.plays):
            try:
                hosts = self.workspace.select(play.hosts)
            except SelectorError as fault:
                raise InputError([Complaint(play.source.path, play.source.line, f"hosts: {fault}")]) from fault
            allowed = self.only[number] if self.only else wanted
            found.append((play, tuple(host for host in hosts if allowed is None or host.name in allowed)))
        return tuple(found)

    def chosen(self) -> Scope:
        """Return the hosts of all plays; raises where there are none, or one that cannot be worked on."""
        names = {host.name for _, hosts in self.hosts_of for host in hosts}
        hosts = [host for host in self.workspace.fleet.hosts.values() if host.name in names]
        if not hosts:
            selections = " or ".join(f"`hosts: {play.hosts}`" for play in self.playbook.plays)
            raise InputError(f"no host of {selections} is among those of -l {self.limit}")
        foreign = [host.name for host in hosts if host.platform not in SHELL_PLATFORMS]
        if foreign:
            raise InputError(
                f"{self.playbook.shown}: a playbook changes hosts with a shell, and {', '.join(foreign[:5])} "
                f"{'is' if len(foreign) == 1 else 'are'} none; write hosts: that leaves them out"
            )
        self._check_tags()
        for host in hosts:
            self.variables.of(host)
        self.goldens.check_plays(self.hosts_of)
        return scope(hosts, self.workspace.store)

    def _check_tags(self) -> None:
        """Refuse a tag that no task has: what it would leave undone must not look like what is done already."""
        entries = [(*section, *play.handlers) for play in self.playbook.plays for section in play.sections]
        known = {tag for some in entries for task in tasks_of(some) for tag in task.setting.tags}
        for word, tags in (("--tags", self.tags.only), ("--skip-tags", self.tags.skipped)):
            for tag in sorted(tags - known - {"all", "always", "never"}):
                close = difflib.get_close_matches(tag, sorted(known), 1)
                there = f"; there are: {', '.join(sorted(known))}" if known else ""
                hint = f"; did you mean `{close[0]}`?" if close else there
                raise InputError(f"{word} {tag}: no task of {self.playbook.shown} has this tag{hint}")

    @cached_property
    def variables(self) -> Variables:
        """Return what is known of the hosts before they are asked."""
        return Variables(self.workspace, self.sources)

    @cached_property
    def goldens(self) -> Goldens:
        """Return the golden configurations of the fleet."""
        return Goldens(self.workspace)

    # -- one host

    def step(self, host: Host, *, planning: bool, looks_ahead: bool = True) -> Step[HostState]:
        """Return the step of one host; it need not look ahead where its session has seen the host a moment before."""
        state = HostState(
            plays=tuple(play for play, batches in self._batches if host.name in batches),
            scope=self.variables.scope(host),
            sources=self.sources,
            planning=planning,
            looks_ahead=looks_ahead,
            magic=lambda play: self._magic(play, host),
            golden=lambda name: self.goldens.rendered(name, host),
            tags=self.tags,
        )
        self.states[host.name] = state
        return run_host(state)

    def _magic(self, play: Play, host: Host) -> Layer:
        batches = next(batches for one, batches in self._batches if one is play)
        hosts = list(batches)
        return {
            "ansible_play_batch": batches[host.name],
            "ansible_play_hosts": hosts,
            "ansible_play_hosts_all": hosts,
            "role_names": [],
        }

    @cached_property
    def _batches(self) -> tuple[tuple[Play, Mapping[str, list[str]]], ...]:
        """Return of each play its hosts, each with those of its batch: made once, since every host asks for its own."""
        return tuple(
            (play, {name: batch for batch in batches_of(play, [host.name for host in hosts]) for name in batch})
            for play, hosts in self.hosts_of
        )

    # -- what a session needs of us

    @cached_property
    def _rules(self) -> Rules:
        return validated_rules(self.workspace)

    def around(self, host: Host, session: Callable[[Host], Session]) -> Surroundings:
        """Return what a session of the host needs beside its line; ``session`` opens one of any host."""

        def other(name: str) -> Planning:
            if name not in self.workspace.fleet.hosts:
                raise TaskFailed(f"delegate_to: there is no host {name!r:.80} in the inventory")
            one = self.workspace.fleet.hosts[name]
            return Planning(session(one), name, Surroundings(facts=self.facts(one)))

        def judge(line: Session, asked: AuditHost) -> tuple[str, ...]:
            return judged(self.workspace, self._rules, host, line, asked)

        return Surroundings(self.facts(host), lambda: session(host), self.keep, other, judge)

    def facts(self, host: Host) -> Callable[[], Step[Json]]:
        """Return the step that reads the host's state document, without the endpoints, which take their time."""

        def step() -> Step[Json]:
            plan = CollectPlan(host=host, endpoints=(), redaction_key=redaction_key(self.workspace))
            document = yield from standard().collector(host.platform).step(plan, clock.now)
            return document.to_json()

        return step

    def keep(self, name: str, content: bytes) -> bool:
        """Keep a file of a host, as :func:`storefleet.workflows.keeping.keep` does."""
        return keep(self.workspace, self.sources.folders[0], name, content)


def batches_of(play: Play, names: Sequence[str]) -> Iterator[list[str]]:
    """Yield the batches of Ansible's plain ``serial``; all hosts at once where there is none."""
    left = list(names)
    steps = list(play.serial_hosts) or [len(left) or 1]
    number = 0
    while left:
        size = hosts_in(steps[min(number, len(steps) - 1)], len(names))
        yield left[:size]
        left = left[size:]
        number += 1


def hosts_in(step: int | str, total: int) -> int:
    """Return how many hosts one step of ``serial`` means."""
    if isinstance(step, str):
        return max(1, int(step.rstrip("%")) * total // 100)
    return step
