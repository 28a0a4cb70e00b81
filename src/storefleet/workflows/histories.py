"""What the archive tells of one fact over time: since when it has been so, and whether it was approved so before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from storefleet.drift.compare import CONFIG, Delta, facts, told
from storefleet.model.drift import Sighting
from storefleet.storage.git import Commit
from storefleet.storage.snapshots import APPROVED, INTENDED, OBSERVED, Night, Snapshots
from storefleet.storage.versions import Change, changes, versions
from storefleet.workflows.sightings import sighting
from storefleet.workflows.snapshots import has_read


@dataclass
class Histories:
    """The versions of the files of some folders, each named by git once; contents are read when they are looked at."""

    snapshots: Snapshots
    night: Night
    folders: Collection[str]
    """Those that differ, or are asked for by name."""
    whole: bool = False
    """Whether it is about a whole fleet, of which it is known how each host was approved."""
    _names: dict[str, Mapping[str, list[tuple[Commit, str]]]] = field(default_factory=dict)
    _changes: dict[str, Mapping[str, Mapping[str, Change]]] = field(default_factory=dict)
    _path: str = ""
    _versions: dict[str, list[tuple[Commit, dict[str, str]]]] = field(default_factory=dict)
    """Of the file that was looked at last: those of a whole fleet would not fit."""

    def since(self, path: str, delta: Delta) -> tuple[Sighting | None, Sighting | None]:
        """Return the first run since which the fact has been so, and the last one before that."""
        first: Commit | None = None
        for commit, there in self.versions(path, delta.part, OBSERVED):
            if told(delta, there) != delta.observed:
                break
            first = commit
        if first is None:
            return None, None
        return sighting(first), self.before(first.trailers.get("Run", ""), path.split("/")[-2])

    def was_approved(self, path: str, delta: Delta) -> bool:
        """Tell whether the fact is as it was approved before it was approved as it should be now."""
        earlier = list(self.versions(path, delta.part, APPROVED))[1:]
        return any(told(delta, there) == delta.observed for _, there in earlier)

    def approved_at(self, path: str) -> Commit | None:
        """Return the acceptance that made a file what it is approved to be."""
        return next((commit for commit, _ in self._named(APPROVED).get(path, ())), None)

    def before(self, run: str, host: str) -> Sighting | None:
        """Return the run before another that read a host."""
        place = self._places.get(run, len(self.runs))
        found = next((commit for commit in self.runs[place + 1 :] if has_read(commit, host)), None)
        return sighting(found) if found else None

    def intended_since(
        self, path: str, asks: Callable[[Collection[str]], bool]
    ) -> tuple[Sighting | None, Sighting | None]:
        """Return the first run since which the intended lines have been so, and the last one before that."""
        first: Commit | None = None
        for commit, there in self.versions(path, CONFIG, INTENDED):
            if not asks(there.keys()):
                break
            first = commit
        if first is None:
            return None, None
        return sighting(first), self.before(first.trailers.get("Run", ""), path.split("/")[-2])

    def approved_since(self, path: str, delta: Delta) -> Commit | None:
        """Return the acceptance since which the fact has been approved as it is; ``None`` where nothing of it was."""
        found: Commit | None = None
        for commit, there in self.versions(path, delta.part, APPROVED):
            if told(delta, there) != delta.approved:
                return found
            found = commit
        return self._first.get(path.rpartition("/")[0]) if delta.approved is None else found

    def last_approval(self, folders: Sequence[str]) -> Commit | None:
        """Return the newest acceptance of anything of these folders."""
        return max((self._last[one] for one in folders if one in self._last), key=lambda one: one.at, default=None)

    def last_reading(self, host: str) -> Commit | None:
        """Return the newest run that read a host."""
        return next((commit for commit in self.runs if has_read(commit, host)), None)

    def changes(self, commit: Commit) -> Mapping[str, Mapping[str, Change]]:
        """Return what a run found changed, folder by folder."""
        if commit.name not in self._changes:
            self._changes[commit.name] = changes(self.snapshots, commit.name)
        return self._changes[commit.name]

    @cached_property
    def runs(self) -> tuple[Commit, ...]:
        """Return the runs that kept snapshots, the newest first."""
        return self.snapshots.commits()

    def versions(self, path: str, part: str, ref: str) -> Iterator[tuple[Commit, dict[str, str]]]:
        """Yield every state of a file, the newest first."""
        if path != self._path:
            self._path, self._versions = path, {}
        known = self._versions.setdefault(ref, [])
        yield from known
        for commit, content in self._named(ref).get(path, ())[len(known) :]:
            known.append((commit, facts(part, self.night.content(content) if content else "")))
            yield known[-1]

    def _named(self, ref: str) -> Mapping[str, list[tuple[Commit, str]]]:
        if ref not in self._names:
            every = ref == INTENDED or (self.whole and ref == APPROVED)
            self._names[ref] = versions(self.snapshots, ref, None if every else self.folders)
        return self._names[ref]

    @cached_property
    def _first(self) -> Mapping[str, Commit]:
        """Folder → the acceptance by which it first came in."""
        return self._of_folders(-1)

    @cached_property
    def _last(self) -> Mapping[str, Commit]:
        return self._of_folders(0)

    def _of_folders(self, place: int) -> dict[str, Commit]:
        found: dict[str, Commit] = {}
        for path, named in self._named(APPROVED).items():
            folder, commit = path.rpartition("/")[0], named[place][0]
            known = found.setdefault(folder, commit)
            if (commit.at < known.at) if place else (commit.at > known.at):
                found[folder] = commit
        return found

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """Run → its place among the runs."""
        return {commit.trailers.get("Run", ""): place for place, commit in enumerate(self.runs)}
