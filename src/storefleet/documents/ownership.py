"""Whose the files are that we make: ours alone to write, or a group's, whatever the umask of the one who runs us."""

from __future__ import annotations

import contextlib
import grp
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from storefleet.errors import InputError, StorageError

FILE_MODE, FOLDER_MODE = 0o640, 0o750
SHARED_FILE_MODE, SHARED_FOLDER_MODE = 0o660, 0o2770


@dataclass(frozen=True, slots=True)
class Ownership:
    """With a ``group``, by number, files are 0660 and folders 2770, and its; without, each keeps its own mode."""

    group: int | None = None

    @classmethod
    def of(cls, name: str | None) -> Ownership:
        """Return that of a group's name or number; raises :class:`InputError` where there is no such group."""
        if name is None:
            return cls()
        try:
            return cls(grp.getgrnam(name).gr_gid)
        except KeyError:
            if name.isdecimal():
                return cls(int(name))
        message = f"var.group: there is no group {name!r} on this machine; make it (groupadd {name}), or name another"
        raise InputError(message)

    @property
    def is_member(self) -> bool:
        """Tell whether this process may give files to the group."""
        return self.group is None or os.geteuid() == 0 or self.group in {os.getegid(), *os.getgroups()}

    def file_mode(self, alone: int = FILE_MODE) -> int:
        """Return the mode of a file that would have ``alone`` without a group."""
        return alone if self.group is None else SHARED_FILE_MODE

    def claim(self, descriptor: int, alone: int = FILE_MODE) -> None:
        """Give an open file of ours group and mode; raises ``OSError``."""
        self._set(descriptor, self.file_mode(alone))

    def make_folder(self, path: Path, alone: int = FOLDER_MODE) -> None:
        """Make a folder and those above it that are missing; one that is there gets the group when it is ours.

        Raises ``OSError``. Two processes may make the same one at the same moment.
        """
        path = path.resolve()
        for folder in (*reversed(path.parents), path):
            made = False
            if not folder.is_dir():
                with contextlib.suppress(FileExistsError):
                    folder.mkdir(mode=0o700)
                    made = True
            if made or (folder == path and self.group is not None):
                self._adopt(folder, alone if self.group is None else SHARED_FOLDER_MODE, os.O_DIRECTORY)

    def adopt(self, path: Path) -> None:
        """Give a file that an earlier run has made to the group, when it is ours to give; raises ``OSError``."""
        if self.group is not None and path.exists():
            self._adopt(path, SHARED_FILE_MODE, 0)

    def _adopt(self, path: Path, mode: int, kind: int) -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | kind)
        except PermissionError:
            return  # somebody else's: the first use of it says so
        try:
            if os.fstat(descriptor).st_uid in {os.geteuid()} or os.geteuid() == 0:
                self._set(descriptor, mode)
        finally:
            os.close(descriptor)

    def _set(self, descriptor: int, mode: int) -> None:
        found = os.fstat(descriptor)
        if self.group is not None and found.st_gid != self.group:
            os.fchown(descriptor, -1, self.group)
        if self.group is None or stat.S_IMODE(found.st_mode) != mode or found.st_gid != self.group:
            os.fchmod(descriptor, mode)


PRIVATE = Ownership()


def refused(path: Path, fault: OSError, owner: Ownership) -> StorageError:
    """Return what to say when a file or folder of ours could not be made."""
    if owner.is_member:
        return StorageError(f"{path} cannot be made: {fault.strerror}; check owner and mode of its folder")
    return StorageError(f"{path} cannot be given to the group of var.group ({owner.group}): we are not in it")
