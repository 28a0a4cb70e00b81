"""What a step may ask to change on one host, and what it must look at first: plain requests, like every effect.

A change names everything that decides what happens, so that a plan can bind it by a digest and :mod:`storefleet.fleet`
can refuse to make any other one. ``before`` is the state that it was decided on: a device that has moved since is
another case, and the change is not made.
"""

from __future__ import annotations

import hashlib
from typing import Literal, TypeAlias

import msgspec

from storefleet.model.base import Value
from storefleet.model.effects import Effect

ChangeClass: TypeAlias = Literal["none", "config", "service", "path"]
"""What a change can cost: nothing, a setting, a service for a moment, or the way to the device itself."""

CLASSES: tuple[ChangeClass, ...] = ("none", "config", "service", "path")
"""From the harmless to the worst."""


class FileState(Value, frozen=True):
    """What stands at a path. ``mode`` holds the permission bits; ``content`` is that of a regular file, else empty."""

    kind: Literal["file", "directory", "link", "other"]
    mode: int
    owner: str
    group: str
    content: bytes = b""

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the content in hexadecimal, as ``sha256sum`` prints it."""
        return hashlib.sha256(self.content).hexdigest()


class ReadFile(Effect["FileState | None"], frozen=True):
    """Look at a path, following no link, neither here nor on the way; the answer is ``None`` where nothing is there."""

    path: str


class UnitState(Value, frozen=True):
    """What systemd says of a unit: ``active`` as in ``ActiveState``, ``enabled`` as in ``UnitFileState``."""

    load: str
    active: str
    enabled: str


class ReadUnit(Effect["UnitState | None"], frozen=True):
    """Ask systemd for a unit; the answer is ``None`` on a host without systemd."""

    unit: str


class Change(Effect[bool], frozen=True, kw_only=True):
    """A request that changes the host; the answer is whether it was made, ``False`` where it is only being planned.

    ``task`` names the task for people, ``hidden`` keeps contents from them; neither takes part in what is bound.
    """

    task: str = ""
    hidden: bool = False

    @property
    def target(self) -> str:
        """Return what is changed: a path, a unit."""
        raise NotImplementedError

    def bound(self) -> bytes:
        """Return everything that decides what happens, the same bytes for the same change and no other."""
        fields = msgspec.to_builtins(self)
        del fields["task"], fields["hidden"]
        return msgspec.json.encode([type(self).__name__, fields], order="deterministic")


class PutFile(Change, frozen=True, kw_only=True):
    """Make a regular file with this content and these attributes, whole or not at all."""

    path: str
    content: bytes
    mode: int
    owner: str
    group: str
    before: FileState | None

    @property
    def target(self) -> str:
        """Return the path."""
        return self.path


class MakeFolder(Change, frozen=True, kw_only=True):
    """Make a folder, whose parent is there, or give one that is there its attributes."""

    path: str
    mode: int
    owner: str
    group: str
    before: FileState | None

    @property
    def target(self) -> str:
        """Return the path."""
        return self.path


class RemovePath(Change, frozen=True, kw_only=True):
    """Remove a file, a link or an empty folder."""

    path: str
    before: FileState

    @property
    def target(self) -> str:
        """Return the path."""
        return self.path


class ActOnUnit(Change, frozen=True, kw_only=True):
    """Have systemd do one thing with a unit; ``daemon-reload`` has none."""

    unit: str
    action: Literal["start", "stop", "restart", "reload", "enable", "disable", "daemon-reload"]
    before: UnitState | None = None

    @property
    def target(self) -> str:
        """Return the unit."""
        return self.unit or "systemd"

    def bound(self) -> bytes:
        """Return unit and action: a service that has just been started is not yet what it was planned to be."""
        return msgspec.json.encode([type(self).__name__, self.unit, self.action])
