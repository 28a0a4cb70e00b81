"""One comparison of hosts with what was approved of them, with all that is known of each difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from storefleet.collect.traces import Trace
from storefleet.drift.cause import Known, cause, is_another
from storefleet.drift.compare import Delta, deltas, facts, told
from storefleet.drift.signature import signature
from storefleet.drift.who import seconds, who
from storefleet.model.drift import (
    CAUSES,
    Approval,
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
from storefleet.storage.snapshots import APPROVED, OBSERVED, Night, Snapshots
from storefleet.workflows.asking import asked
from storefleet.workflows.evidence import Evidence, own_values
from storefleet.workflows.reading import ShowProgress
from storefleet.workflows.sightings import instant_of, sighting
from storefleet.workflows.snapshots import folder_of, has_read
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
    _paths: dict[str, Mapping[str, list[Commit]]] = field(default_factory=dict)
    _versions: dict[tuple[str, str], list[tuple[Commit, dict[str, str]]]] = field(default_factory=dict)

    def document(self, hosts: Sequence[Host]) -> DriftDocument:
        """Return the report of these hosts, store by store."""
        by_store: dict[str, list[Host]] = defaultdict(list)
        for host in hosts:
            by_store[host.store].append(host)
        found = {store: self._store(store, some) for store, some in by_store.items()}
        changed = [one for one in found.values() if one.differences or one.not_compared]
        since = instant_of(self.then) if self.then else "approved"
        return DriftDocument(since=since, stores=tuple(_counted(changed)), unchanged=len(found) - len(changed))

    def ask(self, hosts: Sequence[Host], show: ShowProgress) -> None:
        """Ask the hosts that differ what they wrote down since they were last seen otherwise."""
        differing: dict[str, list[Delta]] = {}
        since: dict[str, int] = {}
        for host in hosts:
            some = [] if host.status != "in_service" or self._why_not(host) else self.differing(host) or []
            if some and host.role != "router":
                folder = folder_of(host.store, host.name)
                befores = [self._since(f"{folder}/{one.part}", one)[1] for one in some]
                differing[host.name] = some
                since[host.name] = min((seconds(one.at) if one else 0) for one in befores)
        if differing:
            self._traces = asked(self.workspace, differing, since, show)

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
            if host.status != "in_service":
                continue
            if (reason := self._why_not(host)) is not None:
                gaps.append(NotCompared(host.name, reason))
                continue
            some = self.differing(host) or []
            differences += [self.difference(host, delta, is_another=is_another(some)) for delta in some]
        folders = [folder_of(host.store, host.name) for host in hosts]
        return StoreDrift(
            store=store,
            approved=self._approval(folders) if differences or gaps else None,
            seen=self._seen(folders) if differences or gaps else None,
            differences=tuple(sorted(differences, key=_gravity)),
            not_compared=tuple(gaps),
        )

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
        first, before = self._since(path, delta)
        known = Known(
            first,
            before,
            self.evidence.unsaved(host.name),
            self.evidence.ours.get(host.name, ()),
            self.then is None and self._was_approved(path, delta),
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

    def _since(self, path: str, delta: Delta) -> tuple[Sighting | None, Sighting | None]:
        """Return the first run since which the fact has been so, and the last one before that."""
        first: Commit | None = None
        for commit, there in self._history(path, delta.part, OBSERVED):
            if told(delta, there) != delta.observed:
                break
            first = commit
        if first is None:
            return None, None
        host = path.split("/")[-2]
        earlier = self._runs[self._places[first.name] + 1 :]
        before = next((commit for commit in earlier if has_read(commit, host)), None)
        return sighting(first), sighting(before) if before else None

    @cached_property
    def _runs(self) -> tuple[Commit, ...]:
        return self.snapshots.commits()

    def _by_path(self, ref: str) -> Mapping[str, list[Commit]]:
        if ref not in self._paths:
            self._paths[ref] = self.snapshots.commits_by_path(ref)
        return self._paths[ref]

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {commit.name: place for place, commit in enumerate(self._runs)}

    def _was_approved(self, path: str, delta: Delta) -> bool:
        """Tell whether the fact is as it was approved before it was approved as it should be now."""
        earlier = list(self._history(path, delta.part, APPROVED))[1:]
        return any(told(delta, there) == delta.observed for _, there in earlier)

    def _history(self, path: str, part: str, ref: str) -> Iterator[tuple[Commit, dict[str, str]]]:
        """Yield every state of a file, the newest first; each is read once."""
        known = self._versions.setdefault((ref, path), [])
        yield from known
        commits = self._by_path(ref)[path] if self.whole else self.snapshots.commits(path, ref=ref)
        for commit in commits[len(known) :]:
            known.append((commit, facts(part, self.snapshots.text(path, commit.name) or "")))
            yield known[-1]

    def _approval(self, folders: Sequence[str]) -> Approval | None:
        commits = self.snapshots.commits(*folders, ref=APPROVED, most=1)
        if not commits:
            return None
        told = commits[0].trailers
        return Approval(
            instant_of(commits[0]), told.get("Accepted-By", ""), told.get("Reason", ""), told.get("Ticket", "")
        )

    def _seen(self, folders: Sequence[str]) -> Sighting | None:
        return sighting(self._runs[0]) if any(folder in self.night.known for folder in folders) else None


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
