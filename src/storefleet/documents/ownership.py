"""Whose our files are: modes and group are set by us, so that no umask of anybody decides who may work with them."""

from __future__ import annotations

import grp
import os
from pathlib import Path
from typing import NamedTuple

from storefleet.errors import InputError, StorageError


class Ownership(NamedTuple):
    """Modes of new files and folders, and the Unix group that they belong to; ``None`` leaves the group alone."""

    file_mode: int = 0o640
    dir_mode: int = 0o750
    secret_mode: int = 0o600
    group: int | None = None

    def make_folder(self, folder: Path) -> None:
        """Make the folder and what is missing above it; one that is ours already gets mode and group again.

        Raises :class:`StorageError` where it cannot be made.
        """
        try:
            for part in reversed([folder, *folder.parents]):
                if not part.exists():
                    part.mkdir(exist_ok=True)
                    self._claim(part)
            if folder.stat().st_uid == os.geteuid():
                self._claim(folder)
        except OSError as fault:
            raise StorageError(f"the folder {folder} cannot be made: {fault.strerror}") from fault

    def _claim(self, folder: Path) -> None:
        if self.group is not None:
            os.chown(folder, -1, self.group)
        folder.chmod(self.dir_mode)

    def claim_file(self, descriptor: int, *, secret: bool = False) -> None:
        """Give an open new file its mode and group."""
        if self.group is not None:
            os.fchown(descriptor, -1, self.group)
        os.fchmod(descriptor, self.secret_mode if secret else self.file_mode)


PRIVATE = Ownership()


def of_group(name: str | None) -> Ownership:
    """Return what ``var.group`` means: files 0660 and folders 2770 of that group, or everything as it was without one.

    Raises :class:`InputError` where this machine has no such group, or we are not in it.
    """
    if name is None:
        return PRIVATE
    try:
        group = grp.getgrnam(name).gr_gid
    except KeyError as fault:
        raise InputError(f"var.group: this machine has no group {name!r}; groupadd {name}") from fault
    if os.geteuid() != 0 and group not in {os.getegid(), *os.getgroups()}:
        raise InputError(f"var.group: you are not in the group {name!r}; usermod -aG {name} USER, then log in again")
    return Ownership(0o660, 0o2770, 0o660, group)
