"""What a session has seen of its host, and for how long that may answer the same look."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from storefleet.errors import CommandError
from storefleet.model.changes import (
    ActOnUnit,
    Alter,
    Change,
    Inquire,
    MakeFolder,
    MakeLink,
    PutFile,
    ReadFile,
    ReadText,
)
from storefleet.model.effects import Effect, Output
from storefleet.modules import ahead
from storefleet.modules.placing import made_of

FRESH_S = 30.0
"""Seconds after which a look is had anew."""

Look = Effect[Any]


@dataclass
class Seen:
    """Answers of the device by what was asked. None of them outlives a change of what it is about.

    Of a command or a service nobody knows all that it does, so that nothing seen before it holds. Whatever is decided
    on an answer from here, the device compares once more before it makes the change.
    """

    now: Callable[[], float] = time.monotonic
    _answers: dict[Look, tuple[float, object]] = field(default_factory=dict)
    _given: set[tuple[Look, float]] = field(default_factory=set)

    def take(self, look: Look) -> tuple[object] | None:
        """Return the answer in a tuple, ``None`` where there is none; of a script it is given away once."""
        found = self._answers.get(look)
        if found is None or not self._holds(look):
            return None
        if isinstance(look, ReadText | Inquire):
            self._given.add((look, found[0]))
        return (found[1],)

    def shared(self) -> Seen:
        """Return the same answers for another who decides: what one is told the other still learns, each once."""
        return Seen(self.now, self._answers)

    def files(self) -> Seen:
        """Return what is known of files alone, which the device compares before it changes any."""
        return Seen(self.now, self._of_files())

    def _of_files(self) -> dict[Look, tuple[float, object]]:
        return {look: found for look, found in self._answers.items() if isinstance(look, ReadFile)}

    def keep(self, look: Look, answer: object) -> None:
        """Keep what the device has just answered."""
        self._answers[look] = (self.now(), answer)

    def missing(self, looks: Sequence[Look]) -> list[Look]:
        """Return those of the looks that nothing here answers."""
        return [look for look in dict.fromkeys(looks) if not self._holds(look)]

    def _holds(self, look: Look) -> bool:
        found = self._answers.get(look)
        return found is not None and self.now() - found[0] <= FRESH_S and (look, found[0]) not in self._given

    def fill(self, output: Output, looks: Sequence[Look], read: Callable[[Look, Output], object]) -> None:
        """Keep what a script for many looks brought; what is not whole is not kept, and so asked again."""
        for look, part in ahead.parts(output, looks).items():
            try:
                self.keep(look, read(look, part))
            except CommandError:
                continue

    def changed(self, change: Change) -> None:
        """Forget what a change may have made another."""
        if isinstance(change, Alter | ActOnUnit):
            self.forget()
            return
        for look in list(self._answers):
            path = _path(look)
            if path is None or path == change.target or path.startswith(f"{change.target}/"):
                del self._answers[look]

    def made(self, change: Change) -> None:
        """Keep what the device has just been made into."""
        self.changed(change)
        if isinstance(change, PutFile | MakeFolder | MakeLink):
            self.keep(ReadFile(change.path), made_of(change))

    def before(self) -> Seen:
        """Return the files as they are known now, for as long as they are asked for."""
        return Seen(lambda: 0.0, self._of_files())

    def forget(self) -> None:
        """Forget everything: time has passed, or something was run."""
        self._answers.clear()


def _path(look: Look) -> str | None:
    """Return the path that a look is about; ``None`` where it may be about any."""
    if isinstance(look, ReadFile):
        return look.path
    if isinstance(look, ReadText | Inquire) and look.subject.startswith("file:/"):
        path = look.subject.removeprefix("file:")
        return None if set(path) & set("*?[") else path
    return None
