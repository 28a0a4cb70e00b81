"""What the archive tells of one fact over time: since when it has been so, and whether it was approved so before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from storefleet.drift.compare import CONFIG, Delta, facts, told
from storefleet.model.drift import Sighting
from storefleet.storage.git import Commit
from storefleet.storage.snapshots import APPROVED, INTENDED, OBSERVED, Snapshots
from storefleet.workflows.sightings import sighting
from storefleet.workflows.snapshots import has_read


@dataclass
class Histories:
    """The versions of the files of the archive, each read once."""

    snapshots: Snapshots
    whole: bool = False
    """Whether it is about a whole fleet, so that one long question of git is better than many."""
    _paths: dict[str, Mapping[str, list[Commit]]] = field(default_factory=dict)
    _versions: dict[tuple[str, str], list[tuple[Commit, dict[str, str]]]] = field(default_factory=dict)

    def since(self, path: str, delta: Delta) -> tuple[Sighting | None, Sighting | None]:
        """Return the first run since which the fact has been so, and the last one before that."""
        first: Commit | None = None
        for commit, there in self.versions(path, delta.part, OBSERVED):
            if told(delta, there) != delta.observed:
                break
            first = commit
        if first is None:
            return None, None
        host = path.split("/")[-2]
        earlier = self.runs[self._places[first.name] + 1 :]
        before = next((commit for commit in earlier if has_read(commit, host)), None)
        return sighting(first), sighting(before) if before else None

    def was_approved(self, path: str, delta: Delta) -> bool:
        """Tell whether the fact is as it was approved before it was approved as it should be now."""
        earlier = list(self.versions(path, delta.part, APPROVED))[1:]
        return any(told(delta, there) == delta.observed for _, there in earlier)

    def approved_at(self, path: str) -> Commit | None:
        """Return the acceptance that made a file what it is approved to be."""
        commits = self._by_path(APPROVED)[path] if self.whole else self.snapshots.commits(path, ref=APPROVED, most=1)
        return commits[0] if commits else None

    def intended_since(
        self, path: str, asks: Callable[[Collection[str]], bool]
    ) -> tuple[Sighting | None, Sighting | None]:
        """Return the first run since which the intended lines have been so, and the last one before that."""
        first: Commit | None = None
        versions = list(self.versions(path, CONFIG, INTENDED))
        for commit, there in versions:
            if not asks(there.keys()):
                break
            first = commit
        if first is None:
            return None, None
        host = path.split("/")[-2]
        run = first.trailers.get("Run")
        place = next((at for at, commit in enumerate(self.runs) if commit.trailers.get("Run") == run), len(self.runs))
        before = next((commit for commit in self.runs[place + 1 :] if has_read(commit, host)), None)
        return sighting(first), sighting(before) if before else None

    @cached_property
    def runs(self) -> tuple[Commit, ...]:
        """Return the runs that kept snapshots, the newest first."""
        return self.snapshots.commits()

    def versions(self, path: str, part: str, ref: str) -> Iterator[tuple[Commit, dict[str, str]]]:
        """Yield every state of a file, the newest first."""
        known = self._versions.setdefault((ref, path), [])
        yield from known
        commits = self._by_path(ref)[path] if self.whole else self.snapshots.commits(path, ref=ref)
        for commit in commits[len(known) :]:
            known.append((commit, facts(part, self.snapshots.text(path, commit.name) or "")))
            yield known[-1]

    def _by_path(self, ref: str) -> Mapping[str, list[Commit]]:
        if ref not in self._paths:
            self._paths[ref] = self.snapshots.commits_by_path(ref)
        return self._paths[ref]

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {commit.name: place for place, commit in enumerate(self.runs)}
