"""One comparison of hosts with what was approved of them, with all that is known of each difference."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from storefleet.collect.traces import Trace
from storefleet.drift.compare import Delta
from storefleet.drift.who import seconds
from storefleet.model.drift import (
    CAUSES,
    Approval,
    Coverage,
    Difference,
    DriftDocument,
    Ended,
    FeatureState,
    NotCompared,
    Sighting,
    StoreDrift,
)
from storefleet.model.store import Host
from storefleet.storage.database import Database
from storefleet.storage.git import Commit
from storefleet.storage.snapshots import Night, Snapshots
from storefleet.workflows.alike import counted, elsewhere, gravity, says_anything
from storefleet.workflows.asking import asked
from storefleet.workflows.evidence import Evidence
from storefleet.workflows.hidden import judged
from storefleet.workflows.histories import Histories
from storefleet.workflows.identities import Identities
from storefleet.workflows.intended import HostMeaning, Intended
from storefleet.workflows.intents import Intents
from storefleet.workflows.lives import ended
from storefleet.workflows.picture import Picture
from storefleet.workflows.reading import ShowProgress
from storefleet.workflows.scope import is_expected, why_skipped
from storefleet.workflows.sightings import instant_of, sighting
from storefleet.workflows.snapshots import folder_of
from storefleet.workflows.standards import Standards
from storefleet.workflows.teller import Teller
from storefleet.workflows.trends import trend
from storefleet.workflows.workspace import Workspace


@dataclass
class Drift:
    """One comparison: contents are read only where git's own names of them differ."""

    workspace: Workspace
    database: Database
    snapshots: Snapshots
    night: Night
    approved: Mapping[str, Mapping[str, str]]
    whole: bool = False
    """Whether it is about a whole fleet, so that one long question of git is better than many."""
    then: Commit | None = None
    """The run with which is compared, where that is not what was approved."""
    selected: Sequence[Host] = ()
    """The hosts that are asked for by name: of so few the archive is asked by name too."""
    _by_store: dict[str, list[str]] = field(default_factory=dict)
    _pictures: dict[str, Picture] = field(default_factory=dict)
    _traces: dict[str, tuple[Trace, ...]] = field(default_factory=dict)
    _unasked: dict[str, str] = field(default_factory=dict)

    def document(self, hosts: Sequence[Host]) -> DriftDocument:
        """Return the report of these hosts, store by store."""
        by_store: dict[str, list[Host]] = defaultdict(list)
        for host in hosts:
            by_store[host.store].append(host)
        found = {store: self._store(store, some) for store, some in by_store.items()}
        changed = tuple(self._counted([one for one in found.values() if says_anything(one)]))
        expected = [host for host in hosts if is_expected(host, self.workspace.store(host))]
        floor = self.workspace.settings.audit.coverage * 100 if self.whole else 100.0
        gaps = {gap.host for one in found.values() for gap in one.not_compared}
        many = Counter(one.cause for store in changed for one in store.differences)
        return DriftDocument(
            run=sighting(self.histories.runs[0]),
            since=instant_of(self.then) if self.then else "approved",
            summary={cause: many[cause] for cause in CAUSES},
            stores=changed,
            unchanged=len(found) - len(changed),
            coverage=Coverage(sum(host.name not in gaps for host in expected), len(expected), floor),
            trend=trend(self.snapshots, self.histories.runs, expected) if self.whole and self.then is None else (),
        )

    def _counted(self, stores: Sequence[StoreDrift]) -> Iterator[StoreDrift]:
        if self.whole:
            return counted(stores, {}, whole=True)
        named = {host.name for host in self.selected}
        others = [host for host in self.workspace.fleet.hosts.values() if host.name not in named]
        pictures = (self.picture(host) for host in others if self._is_asked(host))
        there = elsewhere(self.workspace, stores, (picture for picture in pictures if picture is not None))
        return counted(stores, there, whole=False)

    def ask(self, hosts: Sequence[Host], show: ShowProgress) -> None:
        """Ask the hosts that differ what they wrote down since they were last seen otherwise."""
        differing: dict[str, list[Delta]] = {}
        since: dict[str, int] = {}
        for host in hosts:
            picture = self.picture(host) if self._is_asked(host) and not self._why_not(host) else None
            if picture is not None and (some := self._judged(picture).differing):
                folder = folder_of(host.store, host.name)
                befores = [self.histories.since(f"{folder}/{one.part}", one)[1] for one in some]
                differing[host.name] = some
                since[host.name] = min((seconds(one.at) if one else 0) for one in befores)
        if differing:
            self._traces, self._unasked = asked(self.workspace, differing, since, show)

    @cached_property
    def histories(self) -> Histories:
        """Return what the archive tells over time."""
        names = [folder_of(host.store, host.name) for host in self.selected]
        if self.whole or not names:
            names = [name for name, files in self.night.known.items() if self.approved.get(name) != files]
        return Histories(self.snapshots, self.night, frozenset(names), self.whole)

    def picture(self, host: Host) -> Picture | None:
        """Return both sides of a host; ``None`` where nothing of it was ever approved."""
        folder = folder_of(host.store, host.name)
        if folder not in self.approved:
            return None
        if host.name not in self._pictures:
            sides = (self.approved[folder], self.night.known.get(folder, {}))
            self._pictures[host.name] = Picture(host, self.night, *sides, self._sources, self._devices(host.store))
        return self._pictures[host.name]

    def differing(self, host: Host) -> list[Delta]:
        """Return what differs on a host from what was approved of it."""
        picture = self.picture(host)
        return picture.differing if picture else []

    def _store(self, store: str, hosts: Sequence[Host]) -> StoreDrift:
        differences: list[Difference] = []
        features: list[FeatureState] = []
        gaps: list[NotCompared] = []
        gone: list[Ended] = []
        for host in hosts:
            if not self._is_asked(host):
                continue
            if (reason := self._why_not(host)) is not None:
                gaps.append(NotCompared(host.name, reason))
            unseen = folder_of(host.store, host.name) not in self.night.known
            if unseen or (picture := self.picture(host)) is None:
                continue
            folder = folder_of(host.store, host.name)
            left = self._judged(picture).left or ""
            gaps += [NotCompared(host.name, left)] if left else []
            gone += (
                ended(self.histories, host.name, folder, self.approved[folder])
                if self.then is None and reason is None
                else ()
            )
            told, states = self._host(picture)
            differences += told
            features += states
        folders = [folder_of(host.store, host.name) for host in hosts]
        known = self.workspace.store(hosts[0])
        return StoreDrift(
            store=store,
            name=known.name,
            timezone=known.timezone,
            approved=self._approval(folders) if differences or gaps or gone else None,
            seen=self._seen(hosts) if differences or gaps or gone else None,
            differences=tuple(sorted(differences, key=gravity)),
            ended=tuple(gone),
            golden=tuple(features),
            identities=self.identities.of(hosts),
            not_compared=tuple(gaps),
            not_asked=tuple(
                NotCompared(host.name, self._unasked[host.name]) for host in hosts if host.name in self._unasked
            ),
        )

    def _host(self, picture: Picture) -> tuple[list[Difference], tuple[FeatureState, ...]]:
        """Return the differences of a host, and what is not as it should be of its golden configurations.

        Beside an earlier night nothing is held against what is intended now.
        """
        meaning = self.intended.of(picture) if self.then is None else HostMeaning()
        teller = self._teller
        another = self.identities.is_another(picture.host.name)
        found = [
            teller.difference(picture, one, meaning.of.get(one.head.key), is_another=another) for one in picture.told
        ]
        return [*found, *(teller.behind(picture, *one) for one in meaning.behind)], meaning.features

    @cached_property
    def _teller(self) -> Teller:
        evidence = Evidence(self.database, self.workspace.var / "plans")
        accounts = frozenset(one.user for one in self.workspace.fleet.credentials.credentials.values())
        return Teller(self.workspace, self.histories, evidence, self.standards, self._traces, accounts, self.then)

    def _judged(self, picture: Picture) -> Picture:
        """Leave out of a picture, once, what nobody can say since the redaction key was replaced."""
        if picture.left is None:
            way_out = "look at them and accept --as-found" if self.then is None else "look at them on the hosts"
            folder = folder_of(picture.host.store, picture.host.name)
            found = judged(self.histories, folder, picture.differing, way_out)
            picture.differing, picture.left = found.differences, found.left
        return picture

    def _is_asked(self, host: Host) -> bool:
        return why_skipped(host, self.workspace.store(host)) is None

    def _why_not(self, host: Host) -> str | None:
        folder = folder_of(host.store, host.name)
        if folder not in self.night.known:
            return "never seen by an audit that keeps snapshots"
        if folder not in self.approved and self.then is not None:
            return "it was not seen by then"
        if folder not in self.approved:
            return f"nothing of it was approved yet; storefleet drift accept {host.name} --as-found --reason …"
        since = self._dark.get(host.name)
        return f"dark since {since}" if since else None

    @cached_property
    def standards(self) -> Standards:
        """Return what controls ask."""
        names = [host.name for host in self.selected]
        return Standards(self.workspace, self.database, names or None)

    @cached_property
    def intended(self) -> Intended:
        """Return what is intended of hosts."""
        return Intended(Intents(self.workspace), self.standards, self.histories)

    @cached_property
    def identities(self) -> Identities:
        """Return who is who."""
        known = (self.workspace, self.database, self.snapshots, self.night, self.approved, self._dark, self.then)
        return Identities(*known)

    @cached_property
    def _sources(self) -> Mapping[str, str]:
        probes = self.standards.rules.probes.probes
        return {one.into: one.file for one in probes if one.into is not None and one.file is not None}

    def _devices(self, store: str) -> tuple[str, ...]:
        if not self._by_store:
            for name, host in self.workspace.fleet.hosts.items():
                self._by_store.setdefault(host.store, []).append(name.removeprefix(f"{host.store}-"))
        return tuple(self._by_store.get(store, ()))

    @cached_property
    def _dark(self) -> Mapping[str, str]:
        return self.database.dark_hosts()

    def _approval(self, folders: Sequence[str]) -> Approval | None:
        commit = self.histories.last_approval(folders)
        if commit is None:
            return None
        told = commit.trailers
        return Approval(instant_of(commit), told.get("Accepted-By", ""), told.get("Reason", ""), told.get("Ticket", ""))

    def _seen(self, hosts: Sequence[Host]) -> Sighting | None:
        """Return the newest run that read any of these hosts."""
        known = [host for host in hosts if folder_of(host.store, host.name) in self.night.known]
        found = [run for host in known if (run := self.histories.last_reading(host.name)) is not None]
        return sighting(max(found, key=lambda run: run.at)) if found else None
