"""The session that only plans: it makes nothing, keeps what would be made, and answers later looks from that."""

from __future__ import annotations

from pathlib import PurePosixPath

import msgspec

from storefleet.errors import Undetermined
from storefleet.fleet.binding import subject_of
from storefleet.fleet.drive import Session
from storefleet.fleet.looking import A, Looking, Surroundings
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
    ReadFile,
    ReadText,
    ReadUnit,
    RemovePath,
    StoreLocal,
    UnitState,
    Wait,
)
from storefleet.model.effects import Effect, Output
from storefleet.modules import together
from storefleet.modules.placing import made_of

_ACTIVE = {"start": "active", "restart": "active", "stop": "inactive"}
_ENABLED = {"enable": "enabled", "disable": "disabled", "mask": "masked", "unmask": "disabled"}


def _above(path: str) -> list[str]:
    """Return the folders that a path stands in, the nearest first."""
    return [str(folder) for folder in PurePosixPath(path).parents]


class Planning(Looking):
    """Makes nothing: keeps what would be made, in its order, and answers later looks from that.

    What a task does that may or may not come up leaves its subject unknown to the tasks behind it.
    """

    def __init__(self, inner: Session, host: str, around: Surroundings | None = None) -> None:
        super().__init__(inner, host, around)
        self.changes: list[Change] = []
        self.together: dict[int, list[Change]] = {}
        """By the number of the first of them: changes between which nothing but files is looked at."""
        self.fetched: list[str] = []
        self._files: dict[str, FileState | None] = {}
        self._gone: set[str] = set()
        self._units: dict[str, UnitState] = {}
        self._texts: dict[str, str] = {}
        self._unknown: set[str] = set()
        self._open: list[Change] | None = None

    def answer(self, effect: Effect[A]) -> A:
        """Answer one effect; whatever is asked besides files stands between the changes before it and those after."""
        if not isinstance(effect, Change | ReadFile):
            self._open = None
        return super().answer(effect)

    def _known(self, subject: str) -> None:
        if subject in self._unknown:
            raise Undetermined(f"{subject.partition(':')[2]} is known only when the tasks before have run")

    def _file(self, effect: ReadFile) -> FileState | None:
        self._known(f"file:{effect.path}")
        if effect.path in self._files:
            return self._files[effect.path]
        if f"file:{effect.path}" in self._texts:
            raise Undetermined(f"{effect.path} is known only when the tasks before have run")
        for above in _above(effect.path):
            found = self._files.get(above)
            if found is not None and found.kind == "link":
                return FileState("link", 0o777, "-", "-")
            if above in self._gone:
                return None
        return super()._file(effect)

    def _untouched(self, subject: str) -> None:
        """Raise :class:`Undetermined` where a script would look at what tasks before are to change."""
        kind, _, path = subject.partition(":")
        changed = {*self._files, *(one.removeprefix("file:") for one in (*self._texts, *self._unknown))}
        below = kind == "tree" and any(one.startswith(f"{path}/") for one in changed)
        gone = kind in ("file", "tree") and not self._gone.isdisjoint((path, *_above(path)))
        if below or gone or (kind == "file" and path in self._files):
            raise Undetermined(f"{path} is known only when the tasks before have run")

    def _unit(self, effect: ReadUnit) -> UnitState | None:
        self._known(f"unit:{effect.unit}")
        known = self._units.get(effect.unit)
        return known if known is not None else super()._unit(effect)

    def _text(self, effect: ReadText) -> str:
        self._known(effect.subject)
        known = self._texts.get(effect.subject)
        if known is None:
            self._untouched(effect.subject)
        return known if known is not None else super()._text(effect)

    def _inquire(self, effect: Inquire) -> Output:
        self._known(effect.subject)
        if effect.subject in self._texts:
            raise Undetermined(f"{effect.subject} is known only when the tasks before have run")
        self._untouched(effect.subject)
        return super()._inquire(effect)

    def _wait(self, _effect: Wait) -> bool:
        return False

    def _await(self, _effect: AwaitHost) -> bool:
        return False

    def _store(self, effect: StoreLocal) -> bool:
        self.fetched.append(effect.name)
        return False

    def _grouped(self, effect: Change) -> None:
        if not together.can_be_together(effect):
            self._open = None
        elif self._open is not None and together.fits(effect, self._open):
            self._open.append(effect)
        else:
            self._open = self.together[len(self.changes)] = [effect]

    def _change(self, effect: Change) -> None:
        self._grouped(effect)
        self.changes.append(effect)
        if effect.chance == "maybe":
            self._unknown.add(subject_of(effect))
        elif isinstance(effect, PutFile | MakeFolder | MakeLink):
            self._files[effect.path] = made_of(effect)
        elif isinstance(effect, RemovePath):
            self._files = {path: was for path, was in self._files.items() if not path.startswith(f"{effect.path}/")}
            self._files[effect.path] = None
            self._gone.add(effect.path)
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
