"""What a step may ask to change on one host, and what it must look at first: plain requests, like every effect.

A change names everything that decides what happens, so that a plan can bind it by a digest and :mod:`storefleet.fleet`
can refuse to make any other one. ``before`` is the state that it was decided on: a device that has moved since is
another case, and the change is not made.
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal, TypeAlias

import msgspec

from storefleet.model.base import Json, Value
from storefleet.model.effects import Effect, Output

ChangeClass: TypeAlias = Literal["none", "config", "service", "reboot", "path"]
"""What a change can cost: nothing, a setting, a service for a moment, a restart, or the way to the device itself."""

Chance: TypeAlias = Literal["sure", "unless", "maybe"]

CLASSES: tuple[ChangeClass, ...] = ("none", "config", "service", "reboot", "path")
"""From the harmless to the worst."""


class FileState(Value, frozen=True):
    """What stands at a path. ``mode`` holds the permission bits; ``content`` is that of a regular file.

    Of a symbolic link it is where it points; it is empty where a folder on the way is the link, and of all else.
    """

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


class ReadText(Effect[str], frozen=True):
    """Run a script that only looks; the answer is what it printed, whole, without the line ends at its end.

    ``subject`` names what it looks at (``user:pos``, ``file:/etc/hosts``), so that a planning session can answer from
    what an earlier change of the same plan makes of it, or say that only the device will know. A script that does not
    leave with 0 fails the task with what it said.
    """

    subject: str
    script: str


class Inquire(Effect[Output], frozen=True):
    """Run a script that only looks, whatever its exit status; the answer is all that it printed.

    ``subject`` is as in :class:`ReadText`; empty where nothing of the plan can be meant.
    """

    script: str
    subject: str = ""
    privileged: bool = True
    deadline_s: float = 60.0


class LookAhead(Effect[None], frozen=True):
    """Say what will be looked at, as far as that is known before: one script then answers all of it.

    It is a hint. What it brought is good for the first look, and only for as long as nothing has been changed there.
    """

    looks: tuple[Effect[Any], ...]


class On(Effect[Any], frozen=True):
    """Ask another host of the fleet for what only looks; the answer is that of the effect inside."""

    host: str
    effect: Effect[Any]


class ReadFacts(Effect[Json], frozen=True):
    """Read the host's state document; the answer is the document as plain data."""


class AuditHost(Effect[tuple[str, ...]], frozen=True):
    """Collect the host anew and hold it against audits (all, where none is named).

    The answer names what is open of these severities, and what could not be judged: ``T-NET-01 /network/dns/servers``.
    """

    audits: tuple[str, ...]
    severities: tuple[str, ...]


class Wait(Effect[bool], frozen=True):
    """Let time pass; the answer is whether it did, ``False`` where it is only being planned."""

    seconds: float


class AwaitHost(Effect[bool], frozen=True):
    """Come in anew until the host answers; ``False`` where it is only being planned.

    ``not_boot`` is the boot id that must be over.
    """

    seconds: float
    not_boot: str = ""


class StoreLocal(Effect[bool], frozen=True):
    """Keep a file of the host beside the fleet's own, under its name; the answer is whether that changed anything."""

    name: str
    content: bytes


class Change(Effect["Output | None"], frozen=True, kw_only=True):
    """A request that changes the host; the answer is what the device said, ``None`` where it is only being planned.

    ``task`` names the task for people, ``hidden`` keeps contents from them, ``position`` is the task's place in the
    playbook. ``chance`` says whether it is asked: ``sure``, ``unless`` a task before it fails, or ``maybe``, which only
    the device will show. ``loose`` says that what it is about may be another by then, after a command whose doings
    nobody knows. ``behind`` counts what stood before it in the playbook and only the device will decide. None of them
    is bound.
    """

    task: str = ""
    hidden: bool = False
    position: int = -1
    chance: Chance = "sure"
    loose: bool = False
    behind: int = 0

    @property
    def target(self) -> str:
        """Return what is changed: a path, a unit."""
        raise NotImplementedError

    def bound(self) -> bytes:
        """Return everything that decides what happens, the same bytes for the same change and no other."""
        fields = msgspec.to_builtins(self)
        for name in ("task", "hidden", "position", "chance", "loose", "behind"):
            del fields[name]
        return msgspec.json.encode([type(self).__name__, fields], order="deterministic")


class PutFile(Change, frozen=True, kw_only=True):
    """Make a regular file with this content and these attributes, whole or not at all.

    ``validate`` is a command that must be content with the new file, which it knows as ``%s``, before it is put in
    place. With ``backup`` the old file stays beside the new one, under a name that the device gives it and prints.
    """

    path: str
    content: bytes
    mode: int
    owner: str
    group: str
    before: FileState | None
    validate: str = ""
    backup: bool = False

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
    """Remove a file, a link, or a folder with all that it holds: the names below it that were seen, sorted."""

    path: str
    before: FileState
    holds: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """Return the path."""
        return self.path


class MakeLink(Change, frozen=True, kw_only=True):
    """Make a symbolic link, in place of a link, a file or an empty folder that is there."""

    path: str
    to: str
    before: FileState | None
    owner: str = "root"
    group: str = "root"

    @property
    def target(self) -> str:
        """Return the path."""
        return self.path


class Alter(Change, frozen=True, kw_only=True):
    """Have a script change what is neither a file nor a unit: a user, a package, a setting of the kernel.

    ``read`` is the script that showed ``before``; on the device it is run once more, and nothing is done where it
    shows anything else. ``after`` is what it will show, ``None`` where only the device knows. ``shown`` tells people
    what changes. ``way_back`` is the script that undoes it, empty where there is none. With ``any_status`` a failure
    of the script is an answer like any other.
    """

    subject: str
    action: str
    script: str
    cost: ChangeClass
    read: str = ""
    before: str = ""
    after: str | None = None
    shown: tuple[str, ...] = ()
    way_back: str = ""
    any_status: bool = False
    privileged: bool = True
    deadline_s: float = 60.0

    @property
    def target(self) -> str:
        """Return what it is about, without its kind."""
        return self.subject.partition(":")[2] or self.subject

    def bound(self) -> bytes:
        """Return everything that decides what happens: neither the words for people nor what is foretold do."""
        return Change.bound(msgspec.structs.replace(self, shown=(), after=None))


class ActOnUnit(Change, frozen=True, kw_only=True):
    """Have systemd do one thing with a unit; ``daemon-reload`` has none."""

    unit: str
    action: Literal["start", "stop", "restart", "reload", "enable", "disable", "mask", "unmask", "daemon-reload"]
    before: UnitState | None = None

    @property
    def target(self) -> str:
        """Return the unit."""
        return self.unit or "systemd"

    def bound(self) -> bytes:
        """Return unit and action: a service that has just been started is not yet what it was planned to be."""
        return msgspec.json.encode([type(self).__name__, self.unit, self.action])
