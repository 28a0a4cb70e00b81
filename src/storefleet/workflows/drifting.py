"""One comparison of hosts with what was approved of them, with all that is known of each difference."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from storefleet.collect.traces import Trace
from storefleet.drift.cause import Known, cause, is_another
from storefleet.drift.compare import Delta, deltas
from storefleet.drift.signature import signature
from storefleet.drift.who import seconds, who
from storefleet.model.drift import (
    CAUSES,
    Approval,
    Coverage,
    Difference,
    DriftDocument,
    NotCompared,
    Sighting,
    StoreDrift,
)
from storefleet.model.findings import SEVERITIES
from storefleet.model.store import Host
from storefleet.storage.database import Database
from storefleet.storage.git import Commit
from storefleet.storage.snapshots import APPROVED, Night, Snapshots
from storefleet.workflows.asking import asked
from storefleet.workflows.evidence import Evidence, own_values
from storefleet.workflows.histories import Histories
from storefleet.workflows.reading import ShowProgress
from storefleet.workflows.scope import is_expected, why_skipped
from storefleet.workflows.sightings import instant_of, sighting
from storefleet.workflows.snapshots import folder_of
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
    _traces: dict[str, tuple[Trace, ...]] = field(default_factory=dict)

    def document(self, hosts: Sequence[Host]) -> DriftDocument:
        """Return the report of these hosts, store by store."""
        by_store: dict[str, list[Host]] = defaultdict(list)
        for host in hosts:
            by_store[host.store].append(host)
        found = {store: self._store(store, some) for store, some in by_store.items()}
        changed = tuple(_counted([one for one in found.values() if _says_anything(one)]))
        expected = [host for host in hosts if is_expected(host, self.workspace.store(host))]
        floor = self.workspace.settings.audit.coverage * 100 if self.whole else 100.0
        many = Counter(one.cause for store in changed for one in store.differences)
        return DriftDocument(
            run=sighting(self.histories.runs[0]),
            since=instant_of(self.then) if self.then else "approved",
            summary={cause: many[cause] for cause in CAUSES},
            stores=changed,
            unchanged=len(found) - len(changed),
            coverage=Coverage(sum(self._why_not(host) is None for host in expected), len(expected), floor),
        )

    def ask(self, hosts: Sequence[Host], show: ShowProgress) -> None:
        """Ask the hosts that differ what they wrote down since they were last seen otherwise."""
        differing: dict[str, list[Delta]] = {}
        since: dict[str, int] = {}
        for host in hosts:
            some = [] if not self._is_asked(host) or self._why_not(host) else self.differing(host) or []
            if some:
                folder = folder_of(host.store, host.name)
                befores = [self.histories.since(f"{folder}/{one.part}", one)[1] for one in some]
                differing[host.name] = some
                since[host.name] = min((seconds(one.at) if one else 0) for one in befores)
        if differing:
            self._traces = asked(self.workspace, differing, since, show)

    @cached_property
    def histories(self) -> Histories:
        """Return what the archive tells over time."""
        return Histories(self.snapshots, self.whole)

    @cached_property
    def _accounts(self) -> frozenset[str]:
        return frozenset(one.user for one in self.workspace.fleet.credentials.credentials.values())

    def differing(self, host: Host) -> list[Delta] | None:
        """Return what differs on a host; ``None`` where nothing of it was ever approved."""
        folder = folder_of(host.store, host.name)
        approved, observed = self.approved.get(folder), self.night.known.get(folder, {})
        if approved is None:
            return None
        parts = [part for part in {*approved, *observed} if approved.get(part) != observed.get(part)]
        sides = [
            {part: self.night.content(files[part]) for part in parts if part in files} for files in (approved, observed)
        ]
        return deltas(*sides)

    def _store(self, store: str, hosts: Sequence[Host]) -> StoreDrift:
        differences: list[Difference] = []
        gaps: list[NotCompared] = []
        for host in hosts:
            if not self._is_asked(host):
                continue
            if (reason := self._why_not(host)) is not None:
                gaps.append(NotCompared(host.name, reason))
                continue
            some = self.differing(host) or []
            differences += [self.difference(host, delta, is_another=is_another(some)) for delta in some]
        folders = [folder_of(host.store, host.name) for host in hosts]
        known = self.workspace.store(hosts[0])
        return StoreDrift(
            store=store,
            name=known.name,
            timezone=known.timezone,
            approved=self._approval(folders) if differences or gaps else None,
            seen=self._seen(folders) if differences or gaps else None,
            differences=tuple(sorted(differences, key=_gravity)),
            not_compared=tuple(gaps),
        )

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
    def evidence(self) -> Evidence:
        """Return what else is known."""
        return Evidence(self.database, self.workspace.var / "plans")

    @cached_property
    def _dark(self) -> Mapping[str, str]:
        return self.database.dark_hosts()

    def difference(self, host: Host, delta: Delta, *, is_another: bool) -> Difference:
        """Return a difference with all that is known of it."""
        path = f"{folder_of(host.store, host.name)}/{delta.part}"
        first, before = self.histories.since(path, delta)
        known = Known(
            first,
            before,
            self.evidence.unsaved(host.name),
            self.evidence.ours.get(host.name, ()),
            self.then is None and self.histories.was_approved(path, delta),
            is_another,
        )
        why, ours = cause(delta, known)
        return Difference(
            id=delta.name(host.name),
            host=host.name,
            part=delta.part,
            key=delta.key,
            cause=why,
            approved=delta.approved,
            observed=delta.observed,
            first_seen=first,
            last_otherwise=before,
            ours=f"{ours.run} by {ours.by}" if ours else None,
            who=None if ours else who(delta, first, before, self._traces.get(host.name, ()), self._accounts),
            matters=self.evidence.matters(host.name, delta),
            signature=signature(delta, own_values(self.workspace, host)),
        )

    def _approval(self, folders: Sequence[str]) -> Approval | None:
        commits = self.snapshots.commits(*folders, ref=APPROVED, most=1)
        if not commits:
            return None
        told = commits[0].trailers
        return Approval(
            instant_of(commits[0]), told.get("Accepted-By", ""), told.get("Reason", ""), told.get("Ticket", "")
        )

    def _seen(self, folders: Sequence[str]) -> Sighting | None:
        return sighting(self.histories.runs[0]) if any(folder in self.night.known for folder in folders) else None


def _says_anything(store: StoreDrift) -> bool:
    return bool(store.differences or store.ended or store.golden or store.identities or store.not_compared)


def _counted(stores: Sequence[StoreDrift]) -> Iterator[StoreDrift]:
    """Say of every difference in how many stores it is the same."""
    where: dict[str, set[str]] = defaultdict(set)
    for store in stores:
        for one in store.differences:
            where[one.signature].add(store.store)
    for store in stores:
        counted = (msgspec.structs.replace(one, same_in_stores=len(where[one.signature])) for one in store.differences)
        yield msgspec.structs.replace(store, differences=tuple(counted))


def _gravity(one: Difference) -> tuple[int, bool, int, str, str, str]:
    return (
        -SEVERITIES.index(one.matters.severity),
        one.cause == "ours",
        CAUSES.index(one.cause),
        one.host,
        one.part,
        one.key,
    )
