"""What devices were seen to be, over time: a git repository in ``var/``, a file for each part, a commit for each run.

Git is the archive because everybody can read it without us: ``git -C var/snapshots.git log -p -- S0412``. A run streams
its changed files into ``git fast-import`` as hosts answer and moves the branch in one step at its end, so a killed run
leaves the branch where it was. Whatever comes in here is redacted already; nothing of it is ever run or looked up.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from storefleet.documents.ownership import PRIVATE, Ownership
from storefleet.errors import StorageError
from storefleet.storage.git import DEADLINE_S, GIT, SHAPE, Commit, Trailer, blob, git, read_commit, run, started, words

OBSERVED, APPROVED, INTENDED = "refs/heads/observed", "refs/heads/approved", "refs/heads/intended"
_PATH = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)*[A-Za-z0-9_][A-Za-z0-9_.-]*")
_NAME = "storefleet <storefleet@localhost>"


@dataclass
class Night:
    """One run that writes: the files of hosts, each put once; what is as it was costs nothing."""

    repository: Path
    known: Mapping[str, Mapping[str, str]]
    """Folder → file → the name of its content, before this run."""
    _writing: subprocess.Popen[bytes]
    _reading: subprocess.Popen[bytes]
    ref: str = OBSERVED
    changed: dict[str, str] = field(default_factory=dict)
    """Path → what git calls its new content, empty where it is gone."""

    def __enter__(self) -> Self:
        """Return the night, which ends with the block, however that ends."""
        return self

    def __exit__(self, *_fault: object) -> None:
        """Leave nothing running: what git was not told to finish it forgets."""
        self.give_up()

    def give_up(self) -> None:
        """End without a commit, where none was made."""
        for process in (self._writing, self._reading):
            process.kill()
            with contextlib.suppress(OSError, ValueError):
                process.communicate()

    def before(self, folder: str) -> dict[str, str]:
        """Return the files of a folder as they were before this run; raises :class:`StorageError`."""
        return {name: self.content(content) for name, content in self.known.get(folder, {}).items()}

    def content(self, name: str) -> str:
        """Return a content by git's name of it; raises :class:`StorageError`."""
        stdin, stdout = self._reading.stdin, self._reading.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(f"{name}\n".encode())
            stdin.flush()
            words = stdout.readline().split()
            size = int(words[2]) if len(words) == 3 else -1
            data = stdout.read(size + 1)[:-1]
        except (OSError, ValueError) as fault:
            raise StorageError(f"{self.repository}: git does not read what it holds: {fault}") from fault
        if len(data) != size:
            raise StorageError(f"{self.repository}: {name} is not whole; look at it with git fsck")
        return data.decode("utf-8", "replace")

    def keep(self, folder: str, files: Mapping[str, str]) -> None:
        """Have a folder hold exactly these files from the run on; raises :class:`StorageError`."""
        before = self.known.get(folder, {})
        for name, text in files.items():
            path = f"{folder}/{name}"
            if not _PATH.fullmatch(path):
                raise StorageError(f"{path!r:.80} is no name for a snapshot")
            data = text.encode("utf-8", "replace")
            if before.get(name) != blob(data):
                mark = len(self.changed) + 1
                self.changed[path] = f":{mark}"
                self.write(b"blob\nmark :%d\ndata %d\n%b\n" % (mark, len(data), data))
        self.changed.update({f"{folder}/{name}": "" for name in before.keys() - files.keys()})

    def take(self, folder: str, contents: Mapping[str, str]) -> None:
        """Have a folder hold exactly these contents, named as git names what it holds already."""
        before = self.known.get(folder, {})
        self.changed.update({f"{folder}/{name}": one for name, one in contents.items() if before.get(name) != one})
        self.changed.update({f"{folder}/{name}": "" for name in before.keys() - contents.keys()})

    def write(self, data: bytes) -> None:
        """Hand git a part of its input; raises :class:`StorageError`."""
        assert self._writing.stdin is not None
        try:
            self._writing.stdin.write(data)
        except (OSError, ValueError) as fault:
            raise StorageError(f"{self.repository}: git does not take the snapshots: {fault}") from fault

    def finish(self) -> None:
        """Have git move the branch; raises :class:`StorageError` where it does not."""
        self.write(b"\ndone\n")
        try:
            _, said = self._writing.communicate(timeout=DEADLINE_S)
        except (subprocess.TimeoutExpired, OSError, ValueError) as fault:
            raise StorageError(f"{self.repository}: git did not end the snapshots: {fault}") from fault
        if self._writing.returncode != 0:
            raise StorageError(f"{self.repository}: git refuses the snapshots: {words(said)}")


@dataclass(frozen=True)
class Snapshots:
    """The repository. Every method raises :class:`StorageError` with what git says."""

    folder: Path
    owner: Ownership = PRIVATE

    def make(self) -> None:
        """Make the repository where there is none; one that we made before there was a group is given to the group."""
        try:
            if (self.folder / "HEAD").exists():
                self._share()
                return
            self.owner.make_folder(self.folder.parent)
        except OSError as fault:
            raise StorageError(f"{self.folder} cannot be used: {fault.strerror}; its owner may give it away") from fault
        shared = "group" if self.owner.group is not None else "0640"
        git(self.folder, "init", "--quiet", "--bare", "--template=", f"--shared={shared}")
        git(self.folder, "symbolic-ref", "HEAD", OBSERVED)

    def _share(self) -> None:
        found = self.folder.stat()
        if self.owner.group in (None, found.st_gid) or os.geteuid() not in (0, found.st_uid):
            return
        for folder, _, files in os.walk(self.folder):
            self.owner.make_folder(Path(folder))
            for name in files:
                self.owner.adopt(Path(folder) / name)
        git(self.folder, "config", "core.sharedRepository", "group")

    def tree(self, ref: str = OBSERVED) -> dict[str, dict[str, str]]:
        """Return each folder of a commit with its files and their contents' names; nothing where there is no commit."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        if not self.has(ref):
            return found
        for line in git(self.folder, "ls-tree", "-r", "-z", ref).split("\0"):
            head, _, path = line.partition("\t")
            if path:
                folder, _, name = path.rpartition("/")
                found[folder][name] = head.split(" ")[2]
        return found

    def has(self, ref: str) -> bool:
        """Tell whether there is such a commit."""
        done = run(self.folder, "rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}")
        return done.returncode == 0

    def begin(self, ref: str = OBSERVED) -> Night:
        """Begin what a run writes; :meth:`end` makes one commit of it, :meth:`Night.give_up` nothing."""
        command = [*GIT, f"--git-dir={self.folder}", "fast-import", "--quiet", "--done", "--date-format=raw"]
        command[1:1] = ["-c", "fastimport.unpackLimit=0"]
        known = self.tree(ref)
        reading = started([*GIT, f"--git-dir={self.folder}", "cat-file", "--batch"], self.folder, subprocess.PIPE)
        return Night(self.folder, known, started(command, self.folder, subprocess.DEVNULL), reading, ref)

    def end(self, night: Night, subject: str, trailers: tuple[Trailer, ...], at: int) -> None:
        """Commit a night; ``at`` is its instant in seconds since 1970. Two runs at once write one behind the other."""
        message = f"{subject}\n\n{''.join(f'{one}{chr(10)}' for one in trailers)}".encode("utf-8", "replace")
        with night, self.alone():
            night.write(
                f"commit {night.ref}\ncommitter {_NAME} {at} +0000\ndata {len(message)}\n".encode() + message + b"\n"
            )
            if self.has(night.ref):
                night.write(f"from {night.ref}^0\n".encode())
            for path, content in sorted(night.changed.items()):
                night.write(f"M 100644 {content} {path}\n".encode() if content else f"D {path}\n".encode())
            night.finish()

    def text(self, path: str, ref: str = OBSERVED) -> str | None:
        """Return a file of a commit; ``None`` where it is not there."""
        done = run(self.folder, "cat-file", "blob", f"{ref}:{path}")
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None

    def commits(
        self, *paths: str, ref: str = OBSERVED, most: int | None = None, before: int | None = None
    ) -> tuple[Commit, ...]:
        """Return the commits that changed one of these paths, or all, the newest first; ``before`` in seconds."""
        if not self.has(ref):
            return ()
        limit = [f"--max-count={most}"] if most else []
        limit += [f"--before={before}"] if before is not None else []
        text = git(self.folder, "log", SHAPE, *limit, ref, "--", *paths)
        return tuple(read_commit(part) for part in text.split("\x01") if part)

    def diff(self, before: str, folders: Sequence[str]) -> str:
        """Return the unified diff of these folders from a commit to what was observed last."""
        options = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--unified=1")
        return git(self.folder, "diff", *options, before, OBSERVED, "--", *folders)

    @contextlib.contextmanager
    def alone(self) -> Iterator[int]:
        """Let nobody else write for a while; yields the lock, which also holds for a program that it is handed to."""
        try:
            descriptor = os.open(self.folder / "storefleet.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        except OSError as fault:
            raise StorageError(f"{self.folder} cannot be written: {fault.strerror}") from fault
        with os.fdopen(descriptor) as stream:
            if os.fstat(descriptor).st_uid == os.geteuid():
                self.owner.claim(descriptor)
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield descriptor
