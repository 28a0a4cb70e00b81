"""Where a playbook's own files are: beside it, in a role, and in ``playbooks/`` of the fleet; never outside."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from storefleet.documents.reader import read_text
from storefleet.errors import InputError, TaskFailed

MAX_FILE = 4 * 1024 * 1024
"""Bytes: a larger file is an image or a package, not a setting."""


@dataclass
class Sources:
    """The folders that a playbook may use; ``used`` gathers what its language was read from."""

    folders: tuple[Path, ...]
    used: dict[str, str] = field(default_factory=dict)
    _entries: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)

    @cached_property
    def _roots(self) -> tuple[Path, ...]:
        return tuple(folder.resolve() for folder in self.folders)

    def entries(self, name: str) -> frozenset[str]:
        """Return what stands in a folder, with and without endings: read once, since every host asks for itself."""
        if name not in self._entries:
            found = [path for root in self._roots if (root / name).is_dir() for path in (root / name).iterdir()]
            self._entries[name] = frozenset(word for path in found for word in (path.name, path.stem))
        return self._entries[name]

    def find(self, *names: str) -> Path | None:
        """Return the first of these names that is there, in the first folder that has one."""
        for name in names:
            for root in self._roots:
                path = (root / name).resolve()
                if path.is_relative_to(root) and path.exists():
                    return path
        return None

    def shown(self, path: Path) -> str:
        """Return a path as a person knows it: from the playbook's folder."""
        for root in self._roots:
            if path.is_relative_to(root):
                return str(path.relative_to(root))
        return path.name

    def text(self, path: Path, shown: str) -> str:
        """Return a file of the language, and take it into the digest; raises :class:`InputError`."""
        text = read_text(path, shown)
        self.used[shown] = text
        return text

    @property
    def digest(self) -> str:
        """Return the SHA-256 of everything that the language was read from."""
        whole = hashlib.sha256()
        for shown, text in sorted(self.used.items()):
            whole.update(f"{shown}\0{text}\0".encode())
        return whole.hexdigest()

    def read(self, kind: str, name: str, role: str = "") -> bytes:
        """Return a file that a module names; raises :class:`TaskFailed`."""
        path = self._named(kind, name, role)
        if path is None or not path.is_file():
            places = f"{role}/{kind}/ and {kind}/" if role else f"{kind}/"
            raise TaskFailed(f"there is no {name} in {places} beside the playbook, nor in playbooks/{kind}/")
        try:
            return path.read_bytes()
        except OSError as fault:
            raise TaskFailed(f"{name}: {fault.strerror}") from fault

    def names(self, kind: str, name: str, role: str = "") -> tuple[str, ...]:
        """Return the files below a folder that a module names, relative and sorted; nothing where it is none."""
        path = self._named(kind, name, role)
        if path is None or not path.is_dir():
            return ()
        return tuple(str(one.relative_to(path)) for one in sorted(path.rglob("*")) if one.is_file())

    def mode(self, kind: str, name: str, role: str = "") -> int:
        """Return the permission bits of a file that a module names; raises :class:`TaskFailed`."""
        path = self._named(kind, name, role)
        if path is None:
            raise TaskFailed(f"there is no {name} in {kind}/ beside the playbook")
        return stat.S_IMODE(path.stat().st_mode)

    def _named(self, kind: str, name: str, role: str) -> Path | None:
        return self.find(*_places(kind, name, role))


def _places(kind: str, name: str, role: str) -> Iterator[str]:
    if role:
        yield f"{role}/{kind}/{name}"
        yield f"{role}/{name}"
    yield f"{kind}/{name}"
    yield name


def sources_of(playbook: Path, fleet: Path | None = None) -> Sources:
    """Return the folders of a playbook; raises :class:`InputError` where its own cannot be read."""
    try:
        own = playbook.resolve().parent
    except OSError as fault:
        raise InputError(f"{playbook}: {fault.strerror}") from fault
    folders = [own]
    if fleet is not None and (fleet / "playbooks").resolve() != own:
        folders.append((fleet / "playbooks").resolve())
    return Sources(tuple(folders))
