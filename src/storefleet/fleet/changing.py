"""Sessions that know about change: one that only plans, and one that makes exactly what was planned.

Both look at the device through the same requests. The planning one keeps what it would have written, so that a later
task of the same host sees the world as it would then be.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import TypeVar, cast

import msgspec

from storefleet.errors import ChangeFailed, Moved, NotAllowed, OutputIncomplete
from storefleet.fleet.drive import Session
from storefleet.model.changes import (
    ActOnUnit,
    Change,
    FileState,
    MakeFolder,
    PutFile,
    ReadFile,
    ReadUnit,
    RemovePath,
    UnitState,
)
from storefleet.model.effects import Effect, Output, RunScript
from storefleet.modules import remote

A = TypeVar("A")
_ACTIVE = {"start": "active", "restart": "active", "stop": "inactive"}
_ENABLED = {"enable": "enabled", "disable": "disabled"}


def digest_of(change: Change, key: bytes) -> str:
    """Return what binds a change: HMAC-SHA256 under the fleet's key, since a content may be a short secret."""
    return hmac.new(key, change.bound(), hashlib.sha256).hexdigest()


class _Looking:
    """Answers what only looks, by scripts over the session below."""

    def __init__(self, inner: Session, host: str) -> None:
        self._inner = inner
        self._host = host

    def answer(self, effect: Effect[A]) -> A:
        """Answer one effect; raises a :class:`~storefleet.errors.HostError`."""
        if isinstance(effect, ReadFile):
            return cast("A", self._file(effect))
        if isinstance(effect, ReadUnit):
            return cast("A", self._unit(effect))
        if isinstance(effect, Change):
            return cast("A", self._change(effect))
        raise NotAllowed(f"{self._host}: {type(effect).__name__} cannot be asked in a playbook")

    def close(self) -> None:
        """End the session below."""
        self._inner.close()

    def _change(self, effect: Change) -> bool:
        raise NotImplementedError

    def _file(self, effect: ReadFile) -> FileState | None:
        output = self._inner.answer(RunScript(remote.read_file(effect)))
        return parse_file(output, f"{self._host}: {effect.path}")

    def _unit(self, effect: ReadUnit) -> UnitState | None:
        output = self._inner.answer(RunScript(remote.read_unit(effect)))
        return parse_unit(output, f"{self._host}: {effect.unit}")


def parse_file(output: Output, where: str) -> FileState | None:
    """Read what :func:`storefleet.modules.remote.read_file` printed; raises when that is not the whole of it."""
    head, _, rest = output.stdout.partition(b"\n")
    words = head.decode("ascii", "replace").split(" ")
    end = f"\n{output.nonce} end\n".encode()
    if not output.nonce or len(words) != 6 or words[0] != output.nonce or not rest.endswith(end):
        said = output.stderr.decode("utf-8", "replace").strip()[-200:]
        raise OutputIncomplete(f"{where}: could not be read whole: {said or 'the answer is cut'}")
    kind, mode, owner, group, size = words[1:]
    content = rest[: -len(end)]
    if not size.isdecimal() or len(content) != int(size) or not set(mode) <= set("01234567"):
        raise OutputIncomplete(f"{where}: changed while it was read")
    if kind == "absent":
        return None
    if kind not in ("file", "directory", "link", "other"):
        raise OutputIncomplete(f"{where}: the answer is none of ours")
    return FileState(kind, int(mode, 8), owner, group, content)  # type: ignore[arg-type]  # one of the four


def parse_unit(output: Output, where: str) -> UnitState | None:
    """Read what :func:`storefleet.modules.remote.read_unit` printed; raises when that is not the whole of it."""
    lines = output.stdout.decode("utf-8", "replace").splitlines()
    if not output.nonce or not lines or lines[-1] != f"{output.nonce} end":
        said = output.stderr.decode("utf-8", "replace").strip()[-200:]
        raise OutputIncomplete(f"{where}: systemd did not answer: {said or 'nothing came'}")
    if lines[0] == "none":
        return None
    told = dict(line.partition("=")[::2] for line in lines[:-1])
    return UnitState(told.get("LoadState", ""), told.get("ActiveState", ""), told.get("UnitFileState", ""))


class Planning(_Looking):
    """Makes nothing: keeps what would be made, in its order, and answers later looks from that."""

    def __init__(self, inner: Session, host: str) -> None:
        super().__init__(inner, host)
        self.changes: list[Change] = []
        self._files: dict[str, FileState | None] = {}
        self._units: dict[str, UnitState] = {}

    def _file(self, effect: ReadFile) -> FileState | None:
        if effect.path in self._files:
            return self._files[effect.path]
        return super()._file(effect)

    def _unit(self, effect: ReadUnit) -> UnitState | None:
        known = self._units.get(effect.unit)
        return known if known is not None else super()._unit(effect)

    def _change(self, effect: Change) -> bool:
        self.changes.append(effect)
        if isinstance(effect, PutFile):
            self._files[effect.path] = FileState("file", effect.mode, effect.owner, effect.group, effect.content)
        elif isinstance(effect, MakeFolder):
            self._files[effect.path] = FileState("directory", effect.mode, effect.owner, effect.group)
        elif isinstance(effect, RemovePath):
            self._files[effect.path] = None
        elif isinstance(effect, ActOnUnit) and effect.before is not None:
            active = _ACTIVE.get(effect.action, effect.before.active)
            enabled = _ENABLED.get(effect.action, effect.before.enabled)
            self._units[effect.unit] = msgspec.structs.replace(effect.before, active=active, enabled=enabled)
        return False


class Making(_Looking):
    """Makes the changes of a plan, in their order, and none besides."""

    def __init__(self, inner: Session, host: str, digests: Sequence[str], key: bytes, run: str) -> None:
        super().__init__(inner, host)
        self.made: list[Change] = []
        self._next = 0
        self._digests, self._key, self._run = digests, key, run

    def _change(self, effect: Change) -> bool:
        number = self._next
        self._next += 1
        if number >= len(self._digests) or not hmac.compare_digest(digest_of(effect, self._key), self._digests[number]):
            raise Moved(f"{self._host}: {effect.target}: this change is not the one of the plan; it was not made")
        script = remote.change(effect, self._run, number + 1)
        output = self._inner.answer(RunScript(script))
        said = " ".join(output.stderr.decode("utf-8", "replace").split())[-500:]
        if output.exit_status == remote.MOVED:
            raise Moved(f"{self._host}: {effect.target} is no longer as it was when this was decided: {said}")
        if output.exit_status != 0:
            raise ChangeFailed(f"{self._host}: {effect.target} could not be changed: {said or output.exit_status}")
        self.made.append(effect)
        return True
