"""Sessions that know about change: one that only plans, and one that makes exactly what was planned.

Both look at the device through the same requests. The planning one keeps what it would have written, so that a later
task of the same host sees the world as it would then be; where only the device will know, it says so.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import msgspec

from storefleet.errors import (
    ChangeFailed,
    HostError,
    Moved,
    NotAllowed,
    OutputIncomplete,
    TaskFailed,
    Undetermined,
)
from storefleet.fleet.drive import Session, drive
from storefleet.model.base import Json
from storefleet.model.changes import (
    ActOnUnit,
    Alter,
    AwaitHost,
    Change,
    FileState,
    Inquire,
    MakeFolder,
    MakeLink,
    PutFile,
    ReadFacts,
    ReadFile,
    ReadText,
    ReadUnit,
    RemovePath,
    StoreLocal,
    UnitState,
    Wait,
)
from storefleet.model.effects import NONCE, Effect, Output, RunScript, Step
from storefleet.model.plan import Undecided
from storefleet.modules import remote
from storefleet.modules.risk import at_most, class_of

A = TypeVar("A")
_ACTIVE = {"start": "active", "restart": "active", "stop": "inactive"}
_ENABLED = {"enable": "enabled", "disable": "disabled"}
_AGAIN_S = 2.0

Keep = Callable[[str, bytes], bool]
"""Keeps a file of the host beside the fleet's own, by its name; tells whether that changed anything."""


def digest_of(change: Change, key: bytes) -> str:
    """Return what binds a change: HMAC-SHA256 under the fleet's key, since a content may be a short secret."""
    return hmac.new(key, change.bound(), hashlib.sha256).hexdigest()


def scope_of(change: Change, key: bytes) -> str:
    """Return what binds a change whose content only the device will show: its kind and what it changes."""
    return hmac.new(
        key, b"scope\0" + f"{type(change).__name__}\0{subject_of(change)}".encode(), hashlib.sha256
    ).hexdigest()


def subject_of(change: Change) -> str:
    """Return what a change is about, with its kind: ``file:/etc/hosts``, ``unit:posd``, ``user:pos``."""
    if isinstance(change, Alter):
        return change.subject
    return f"unit:{change.unit}" if isinstance(change, ActOnUnit) else f"file:{change.target}"


@dataclass
class Surroundings:
    """What a session needs beside the line: how facts are read, a new session of the host, and where files are kept."""

    facts: Callable[[], Step[Json]] | None = None
    again: Callable[[], Session] | None = None
    keep: Keep | None = None
    run: str = ""


class _Looking:
    """Answers what only looks, by scripts over the session below."""

    def __init__(self, inner: Session, host: str, around: Surroundings | None = None) -> None:
        self._inner = inner
        self._host = host
        self._around = around or Surroundings()

    def answer(self, effect: Effect[A]) -> A:
        """Answer one effect; raises a :class:`~storefleet.errors.HostError`."""
        if isinstance(effect, Change):
            return cast("A", self._change(effect))
        for kind, look in self._looks.items():
            if isinstance(effect, kind):
                return cast("A", look(self, effect))
        raise NotAllowed(f"{self._host}: {type(effect).__name__} cannot be asked in a playbook")

    def close(self) -> None:
        """End the session below."""
        self._inner.close()

    def _change(self, effect: Change) -> Output | None:
        raise NotImplementedError

    def _file(self, effect: ReadFile) -> FileState | None:
        output = self._inner.answer(RunScript(remote.read_file(effect)))
        return parse_file(output, f"{self._host}: {effect.path}")

    def _unit(self, effect: ReadUnit) -> UnitState | None:
        output = self._inner.answer(RunScript(remote.read_unit(effect)))
        return parse_unit(output, f"{self._host}: {effect.unit}")

    def _text(self, effect: ReadText) -> str:
        script = f"{remote.SETUP}\n( {effect.script}\n) </dev/null || exit 1\nprintf '\\n{NONCE} end\\n'\n"
        output = self._inner.answer(RunScript(script))
        text, end = output.stdout.decode("utf-8", "replace"), f"\n{output.nonce} end\n"
        if output.exit_status != 0 or not output.nonce or not text.endswith(end):
            said = " ".join(output.stderr.decode("utf-8", "replace").split())[-300:]
            kind = TaskFailed if output.exit_status else OutputIncomplete
            raise kind(f"{self._host}: {effect.subject} could not be looked at: {said or 'nothing was said'}")
        return text.removesuffix(end).rstrip("\n")

    def _inquire(self, effect: Inquire) -> Output:
        return self._inner.answer(
            RunScript(f"{remote.SETUP}\n{effect.script}\n", privileged=effect.privileged, deadline_s=effect.deadline_s)
        )

    def _facts(self, _effect: ReadFacts) -> Json:
        if self._around.facts is None:
            raise NotAllowed(f"{self._host}: facts cannot be read here")
        return drive(self._around.facts(), self._inner)

    def _wait(self, effect: Wait) -> bool:
        raise NotImplementedError

    def _await(self, effect: AwaitHost) -> bool:
        raise NotImplementedError

    def _store(self, effect: StoreLocal) -> bool:
        raise NotImplementedError

    _looks: Mapping[type[Effect[Any]], Callable[..., object]] = {
        ReadFile: lambda self, effect: self._file(effect),
        ReadUnit: lambda self, effect: self._unit(effect),
        ReadText: lambda self, effect: self._text(effect),
        Inquire: lambda self, effect: self._inquire(effect),
        ReadFacts: lambda self, effect: self._facts(effect),
        Wait: lambda self, effect: self._wait(effect),
        AwaitHost: lambda self, effect: self._await(effect),
        StoreLocal: lambda self, effect: self._store(effect),
    }


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
    """Makes nothing: keeps what would be made, in its order, and answers later looks from that.

    What a task does that may or may not come up leaves its subject unknown to the tasks behind it.
    """

    def __init__(self, inner: Session, host: str, around: Surroundings | None = None) -> None:
        super().__init__(inner, host, around)
        self.changes: list[Change] = []
        self._files: dict[str, FileState | None] = {}
        self._units: dict[str, UnitState] = {}
        self._texts: dict[str, str] = {}
        self._unknown: set[str] = set()

    def _known(self, subject: str) -> None:
        if subject in self._unknown:
            raise Undetermined(f"{subject.partition(':')[2]} is known only when the tasks before have run")

    def _file(self, effect: ReadFile) -> FileState | None:
        self._known(f"file:{effect.path}")
        if effect.path in self._files:
            return self._files[effect.path]
        return super()._file(effect)

    def _unit(self, effect: ReadUnit) -> UnitState | None:
        self._known(f"unit:{effect.unit}")
        known = self._units.get(effect.unit)
        return known if known is not None else super()._unit(effect)

    def _text(self, effect: ReadText) -> str:
        self._known(effect.subject)
        known = self._texts.get(effect.subject)
        if known is None and effect.subject.removeprefix("file:") in self._files:
            raise Undetermined(f"{effect.subject} is known only when the tasks before have run")
        return known if known is not None else super()._text(effect)

    def _inquire(self, effect: Inquire) -> Output:
        self._known(effect.subject)
        if effect.subject in self._texts or effect.subject.removeprefix("file:") in self._files:
            raise Undetermined(f"{effect.subject} is known only when the tasks before have run")
        return super()._inquire(effect)

    def _wait(self, _effect: Wait) -> bool:
        return False

    def _await(self, _effect: AwaitHost) -> bool:
        return False

    def _store(self, _effect: StoreLocal) -> bool:
        return False

    def _change(self, effect: Change) -> None:
        self.changes.append(effect)
        if effect.chance == "maybe":
            self._unknown.add(subject_of(effect))
        elif isinstance(effect, PutFile):
            self._files[effect.path] = FileState("file", effect.mode, effect.owner, effect.group, effect.content)
        elif isinstance(effect, MakeFolder):
            self._files[effect.path] = FileState("directory", effect.mode, effect.owner, effect.group)
        elif isinstance(effect, MakeLink):
            self._files[effect.path] = FileState("link", 0o777, "root", "root", effect.to.encode())
        elif isinstance(effect, RemovePath):
            self._files[effect.path] = None
        elif isinstance(effect, Alter):
            self._altered(effect)
        elif isinstance(effect, ActOnUnit) and effect.before is not None:
            active = _ACTIVE.get(effect.action, effect.before.active)
            enabled = _ENABLED.get(effect.action, effect.before.enabled)
            self._units[effect.unit] = msgspec.structs.replace(effect.before, active=active, enabled=enabled)

    def _altered(self, effect: Alter) -> None:
        if effect.after is None:
            self._unknown.add(effect.subject)
        else:
            self._unknown.discard(effect.subject)
            self._texts[effect.subject] = effect.after


@dataclass(frozen=True)
class Binding:
    """What of a plan one host is bound to: its changes in their order, and the tasks that only the device decides."""

    changes: Sequence[Bound]
    undecided: Mapping[int, Undecided] = field(default_factory=dict)


@dataclass(frozen=True)
class Bound:
    """One planned change: its digest, its scope where no more than that is bound, and whether it may not come up."""

    digest: str
    scope: str = ""
    maybe: bool = False


class Making(_Looking):
    """Makes the changes of a plan, in their order, and none besides."""

    def __init__(
        self,
        inner: Session,
        host: str,
        binding: Binding,
        key: bytes,
        run: str,
        around: Surroundings | None = None,
    ) -> None:
        super().__init__(inner, host, around)
        self.made: list[Change] = []
        self._next = 0
        self._binding, self._key, self._run = binding, key, run

    @property
    def left(self) -> int:
        """Return how many planned changes have not come up, although they had to."""
        return sum(not bound.maybe for bound in self._binding.changes[self._next :])

    def _change(self, effect: Change) -> Output:
        self._admit(effect)
        output = self._inner.answer(
            RunScript(
                remote.change(effect, self._run, len(self.made) + 1),
                privileged=not isinstance(effect, Alter) or effect.privileged,
                deadline_s=effect.deadline_s if isinstance(effect, Alter) else 60.0,
            )
        )
        said = " ".join(output.stderr.decode("utf-8", "replace").split())[-500:]
        any_status = isinstance(effect, Alter) and effect.any_status
        if output.exit_status == remote.MOVED and not any_status:
            raise Moved(f"{self._host}: {effect.target} is no longer as it was when this was decided: {said}")
        if output.exit_status != 0 and not any_status:
            raise ChangeFailed(f"{self._host}: {effect.target} could not be changed: {said or output.exit_status}")
        self.made.append(effect)
        return output

    def _admit(self, effect: Change) -> None:
        """Refuse what the plan does not hold at this place; raises :class:`Moved`."""
        digest, scope = digest_of(effect, self._key), scope_of(effect, self._key)
        number = self._next
        if number and self._is(number - 1, digest, ""):  # a task that tries again until it holds
            return
        while number < len(self._binding.changes):
            if self._is(number, digest, scope):
                self._next = number + 1
                return
            if not self._binding.changes[number].maybe:
                break
            number += 1
        undecided = self._binding.undecided.get(effect.position)
        if undecided is not None and at_most(class_of(effect), undecided.change_class):
            return
        raise Moved(f"{self._host}: {effect.target}: this change is not the one of the plan; it was not made")

    def _is(self, number: int, digest: str, scope: str) -> bool:
        bound = self._binding.changes[number]
        return hmac.compare_digest(bound.digest, digest) or bool(
            scope and bound.scope and hmac.compare_digest(bound.scope, scope)
        )

    def _wait(self, effect: Wait) -> bool:
        time.sleep(effect.seconds)
        return True

    def _await(self, effect: AwaitHost) -> bool:
        """Come in anew until the host answers, and go on over that session."""
        again = self._around.again
        if again is None:
            raise NotAllowed(f"{self._host}: no second session can be had here")
        ends = time.monotonic() + effect.seconds
        self._inner.close()
        while True:
            try:
                self._inner = again()
                boot = self._inner.answer(RunScript("cat /proc/sys/kernel/random/boot_id")).stdout.decode().strip()
                if boot and boot != effect.not_boot:
                    return True
                said = "it has not gone down yet"
                self._inner.close()
            except HostError as fault:
                said = str(fault)
            if time.monotonic() > ends:
                raise TaskFailed(f"{self._host} does not answer after {effect.seconds:g} s: {said}")
            time.sleep(_AGAIN_S)

    def _store(self, effect: StoreLocal) -> bool:
        if self._around.keep is None:
            raise NotAllowed(f"{self._host}: nothing can be kept here")
        return self._around.keep(effect.name, effect.content)
