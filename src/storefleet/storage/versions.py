"""What the archive holds over time, each asked of git once and by its own names of contents: nothing is read here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from storefleet.storage.git import Commit, git, lines
from storefleet.storage.snapshots import Snapshots

_MOST_FOLDERS = 200
"""Folders that git is asked about by name; of more it tells everything, and the rest is left out here."""

_NOTHING = "0" * 40
_RAW = ("--raw", "-r", "--no-abbrev", "--no-renames", "--no-ext-diff")


@dataclass(frozen=True)
class Change:
    """One file in one commit: git's names of its content before and after, empty where it was not there."""

    path: str
    before: str
    after: str


def versions(
    snapshots: Snapshots, ref: str, folders: Collection[str] | None = None
) -> dict[str, list[tuple[Commit, str]]]:
    """Return of each file of these folders, or all, its contents' names with their commits, the newest first."""
    found: dict[str, list[tuple[Commit, str]]] = defaultdict(list)
    if not snapshots.has(ref) or (folders is not None and not folders):
        return found
    commits = {commit.name: commit for commit in snapshots.commits(ref=ref)}
    wanted = folders if folders is not None and len(folders) <= _MOST_FOLDERS else ()
    commit: Commit | None = None
    for line in lines(snapshots.folder, "log", "--format=%H", *_RAW, ref, "--", *sorted(wanted)):
        change = _change(line)
        if change is None:
            commit = commits.get(line, commit)
        elif commit is not None and (folders is None or change.path.rpartition("/")[0] in folders):
            found[change.path].append((commit, change.after))
    return found


def changes(snapshots: Snapshots, commit: str) -> dict[str, dict[str, Change]]:
    """Return what a commit changed, folder by folder and file by file."""
    found: dict[str, dict[str, Change]] = defaultdict(dict)
    for line in lines(snapshots.folder, "diff-tree", "--root", "--no-commit-id", *_RAW, commit):
        if (change := _change(line)) is not None:
            folder, _, name = change.path.rpartition("/")
            found[folder][name] = change
    return found


def differing(snapshots: Snapshots, one: str, other: str) -> frozenset[str]:
    """Return the folders that two commits both have and that are not alike in them."""
    kept: set[str] = set()
    found: set[str] = set()
    for line in git(snapshots.folder, "diff-tree", "-t", *_RAW, one, other).splitlines():
        head, _, path = line.partition("\t")
        modes = head.split(" ", 2)[:2]
        if modes == [":040000", "040000"]:
            kept.add(path)
        elif "040000" not in " ".join(modes):
            found.add(path.rpartition("/")[0])
    return frozenset(found & kept)


def _change(line: str) -> Change | None:
    if not line.startswith(":"):
        return None
    head, _, path = line.partition("\t")
    _, _, before, after, _ = head.split(" ")
    return Change(path, *("" if name == _NOTHING else name for name in (before, after)))
