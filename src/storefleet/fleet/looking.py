"""What sessions that know about change share: looks at the device, answered by scripts over the session below."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from storefleet.errors import CommandError, ConnectError, NotAllowed, OutputIncomplete, TaskFailed
from storefleet.fleet.drive import Session, drive
from storefleet.fleet.seen import Seen
from storefleet.model.base import Json
from storefleet.model.changes import (
    AuditHost,
    AwaitHost,
    Change,
    FileState,
    Inquire,
    LookAhead,
    On,
    ReadFacts,
    ReadFile,
    ReadText,
    ReadUnit,
    StoreLocal,
    UnitState,
    Wait,
)
from storefleet.model.effects import NONCE, Effect, Output, RunScript, Step
from storefleet.modules import ahead, remote

A = TypeVar("A")

Keep = Callable[[str, bytes], bool]
"""Keeps a file of the host beside the fleet's own, by its name; tells whether that changed anything."""


@dataclass
class Surroundings:
    """What a session needs beside the line.

    How facts are read, a new session of the host, where files are kept, a session that looks at another host,
    how the host is audited.
    """

    facts: Callable[[], Step[Json]] | None = None
    again: Callable[[], Session] | None = None
    keep: Keep | None = None
    other: Callable[[str], Session] | None = None
    judge: Callable[[Session, AuditHost], tuple[str, ...]] | None = None


_HOW: Mapping[type[Effect[Any]], str] = {
    LookAhead: "_ahead",
    ReadFile: "_file",
    ReadUnit: "_unit",
    ReadText: "_text",
    Inquire: "_inquire",
    ReadFacts: "_facts",
    Wait: "_wait",
    AwaitHost: "_await",
    StoreLocal: "_store",
    On: "_on",
    AuditHost: "_audit",
}
"""Which method answers an effect, so that each kind of session may have its own."""


class Looking(ABC):
    """Answers what only looks, by scripts over the session below."""

    def __init__(self, inner: Session, host: str, around: Surroundings | None = None) -> None:
        self._inner = inner
        self._host = host
        self._around = around or Surroundings()
        self._others: dict[str, Session] = {}
        self.seen = Seen()

    def answer(self, effect: Effect[A]) -> A:
        """Answer one effect; raises a :class:`~storefleet.errors.HostError`."""
        if isinstance(effect, Change):
            return cast("A", self._change(effect))
        if (how := _HOW.get(type(effect))) is not None:
            return cast("A", getattr(self, how)(effect))
        raise NotAllowed(f"{self._host}: {type(effect).__name__} cannot be asked in a playbook")

    def close(self) -> None:
        """End the session below, and those of other hosts."""
        for session in (self._inner, *self._others.values()):
            session.close()

    @abstractmethod
    def _change(self, effect: Change) -> Output | None: ...

    def _ahead(self, effect: LookAhead) -> None:
        """Look at everything by one script; what it does not answer is asked when a task comes to it."""
        looks = self.seen.missing(effect.looks)
        if len(looks) < 2:
            return
        try:
            output = self._inner.answer(RunScript(ahead.script(looks)))
        except CommandError:
            return
        self.seen.fill(output, looks, self._read)

    def _read(self, look: Effect[Any], output: Output) -> object:
        """Return the answer to one of many looks; raises a ``CommandError`` where it must be asked alone."""
        if isinstance(look, ReadFile):
            return parse_file(output, look.path)
        if isinstance(look, ReadUnit):
            return parse_unit(output, look.unit)
        if isinstance(look, ReadText) and output.exit_status == 0:
            return output.stdout.decode("utf-8", "replace").rstrip("\n")
        if isinstance(look, Inquire) and not output.stdout:
            return output
        raise OutputIncomplete(f"{self._host}: what was looked at ahead must be asked alone")

    def _file(self, effect: ReadFile) -> FileState | None:
        if (known := self.seen.take(effect)) is not None:
            return cast("FileState | None", known[0])
        output = self._inner.answer(RunScript(remote.read_file(effect)))
        found = parse_file(output, f"{self._host}: {effect.path}")
        self.seen.keep(effect, found)
        return found

    def _unit(self, effect: ReadUnit) -> UnitState | None:
        if (known := self.seen.take(effect)) is not None:
            return cast("UnitState | None", known[0])
        output = self._inner.answer(RunScript(remote.read_unit(effect)))
        return parse_unit(output, f"{self._host}: {effect.unit}")

    def _text(self, effect: ReadText) -> str:
        if (known := self.seen.take(effect)) is not None:
            return cast("str", known[0])
        script = f"{remote.SETUP}\n( {effect.script}\n) </dev/null || exit 1\nprintf '\\n{NONCE} end\\n'\n"
        output = self._inner.answer(RunScript(script))
        text, end = output.stdout.decode("utf-8", "replace"), f"\n{output.nonce} end\n"
        if output.exit_status != 0 or not output.nonce or not text.endswith(end):
            said = " ".join(output.stderr.decode("utf-8", "replace").split())[-300:]
            kind = TaskFailed if output.exit_status else OutputIncomplete
            raise kind(f"{self._host}: {effect.subject} could not be looked at: {said or 'nothing was said'}")
        return text.removesuffix(end).rstrip("\n")

    def _inquire(self, effect: Inquire) -> Output:
        if (known := self.seen.take(effect)) is not None:
            return cast("Output", known[0])
        if not effect.subject:
            self.seen.forget()  # a question runs what its author wrote
        return self._inner.answer(
            RunScript(f"{remote.SETUP}\n{effect.script}\n", privileged=effect.privileged, deadline_s=effect.deadline_s)
        )

    def _facts(self, effect: ReadFacts) -> Json:
        if (known := self.seen.take(effect)) is not None:
            return cast("Json", known[0])
        if self._around.facts is None:
            raise NotAllowed(f"{self._host}: facts cannot be read here")
        document = drive(self._around.facts(), self._inner)
        self.seen.keep(effect, document)
        return document

    def _audit(self, effect: AuditHost) -> tuple[str, ...]:
        if self._around.judge is None:
            raise NotAllowed(f"{self._host}: it cannot be audited here")
        return self._around.judge(self._inner, effect)

    def _on(self, effect: On) -> object:
        """Ask another host; a failure there is one of this host's task, not of its line."""
        if self._around.other is None or isinstance(effect.effect, Change):
            raise NotAllowed(f"{self._host}: {effect.host} cannot be asked here")
        try:
            if effect.host not in self._others:
                self._others[effect.host] = self._around.other(effect.host)
            other = self._others[effect.host]
            if isinstance(other, Looking):
                other.seen.forget()  # who asks again waits for another answer
            return other.answer(effect.effect)
        except ConnectError as fault:
            raise TaskFailed(f"delegate_to {effect.host}: {fault}") from fault

    @abstractmethod
    def _wait(self, effect: Wait) -> bool: ...

    @abstractmethod
    def _await(self, effect: AwaitHost) -> bool: ...

    @abstractmethod
    def _store(self, effect: StoreLocal) -> bool: ...


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
