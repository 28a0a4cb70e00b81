"""Git as a program: asked on a repository of ours, with nothing from outside that could send it elsewhere."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from storefleet.errors import StorageError

DEADLINE_S = 600.0
_SETTINGS = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "gc.auto=0", "log.showRoot=true")
GIT = ("git", *(word for setting in _SETTINGS for word in ("-c", setting)))
SHAPE = "--format=%x01%H%x00%ct%x00%s%x00%(trailers:unfold)%x00"


@dataclass(frozen=True)
class Trailer:
    """One line at the end of a commit's message, as ``git interpret-trailers`` reads it."""

    name: str
    value: str

    def __str__(self) -> str:
        """Return the line; a value of more lines becomes one."""
        return f"{self.name}: {' '.join(self.value.split())}"


@dataclass(frozen=True)
class Commit:
    """One commit; ``at`` in seconds since 1970."""

    name: str
    at: int
    subject: str
    trailers: Mapping[str, str]


def blob(data: bytes) -> str:
    """Return the name that git gives a content."""
    return hashlib.sha1(b"blob %d\0%b" % (len(data), data)).hexdigest()  # noqa: S324 - git's own name, not a seal


def read_commit(text: str) -> Commit:
    """Read what ``git log`` prints of a commit in :data:`SHAPE`."""
    name, at, subject, trailers = text.split("\0")[:4]
    told = (line.partition(": ") for line in trailers.splitlines() if ": " in line)
    return Commit(name, int(at), subject, {key: value for key, _, value in told})


def environment() -> dict[str, str]:
    """Return ours without what would send git elsewhere."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("GIT_")}, "LC_ALL": "C"}


def started(command: list[str], folder: Path, stdout: int) -> subprocess.Popen[bytes]:
    """Start a git that is written to; raises :class:`StorageError` where there is none."""
    try:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE, env=environment()
        )
    except OSError as fault:
        raise StorageError(
            f"git cannot be run for {folder}: {fault.strerror}; install git to keep snapshots"
        ) from fault


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git on a repository, whatever it answers."""
    command = [*GIT, f"--git-dir={folder}", *arguments]
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=DEADLINE_S, env=environment()
        )
    except (OSError, subprocess.SubprocessError) as fault:
        raise StorageError(f"git cannot be run for {folder}: {fault}; install git to keep snapshots") from fault


def git(folder: Path, *arguments: str) -> str:
    """Return what git answers; raises :class:`StorageError` with what it says where it refuses."""
    done = run(folder, *arguments)
    if done.returncode != 0:
        raise StorageError(f"{folder}: git {arguments[0]}: {words(done.stderr)}")
    return done.stdout.decode("utf-8", "replace")


def lines(folder: Path, *arguments: str) -> Iterator[str]:
    """Yield what git answers line by line, for what would not fit; raises :class:`StorageError` where it refuses."""
    with started([*GIT, f"--git-dir={folder}", *arguments], folder, subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            yield line.decode("utf-8", "replace").rstrip("\n")
        said = process.stderr.read()
    if process.returncode != 0:
        raise StorageError(f"{folder}: git {arguments[0]}: {words(said)}")


def words(said: bytes | None) -> str:
    """Return the end of what git said, on one line."""
    return " ".join((said or b"").decode("utf-8", "replace").split())[-300:] or "it said nothing"
