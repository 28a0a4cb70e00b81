"""The session that makes the changes of a plan, in their order, and none besides."""

from __future__ import annotations

import hmac
import time
import zlib
from collections.abc import Sequence

from storefleet.errors import ChangeFailed, HostError, Moved, NotAllowed, OutputIncomplete, TaskFailed
from storefleet.fleet.binding import Binding, digest_of, scope_of
from storefleet.fleet.drive import Session
from storefleet.fleet.group import Group
from storefleet.fleet.looking import A, Looking, Surroundings
from storefleet.fleet.planning import Planning
from storefleet.model.changes import Alter, AwaitHost, Change, FileState, ReadFile, StoreLocal, Wait
from storefleet.model.effects import Effect, Output, RunScript
from storefleet.modules import remote, together
from storefleet.modules.risk import at_most, class_of
from storefleet.modules.undo import has_undo

_MANY = 1000
"""More changes than a run is likely to make on one host."""

_HOSTS = 2_000_000
"""So many, that the numbers stay below 2³¹: the `sort -n` of a small BusyBox knows no larger ones."""

_AGAIN_S = 2.0
_CHANGE_S = 60.0


def first_number(host: str) -> int:
    """Return from where on a host's changes are numbered in what the run keeps.

    Two names of the inventory may be one device: neither must keep its files where the other's stand.
    """
    return _MANY * (zlib.crc32(host.encode()) % _HOSTS)


class Making(Looking):
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
        self._first = first_number(host)
        self._tried = 0
        self._next, self._position = 0, -1
        self._group = Group()
        self._look: Planning | None = None
        self._binding, self._key, self._run = binding, key, run

    def second_look(self) -> Planning:
        """Return a session over the same line in which nothing can be made; what it is told is known here as well."""
        self._look = Planning(self._inner, self._host, self._around)
        self._look.seen = self.seen.shared()
        return self._look

    def close(self) -> None:
        """End the session below, and those of other hosts, which the second look has of its own."""
        super().close()
        if self._look is not None:
            self._look.close()

    @property
    def tried(self) -> int:
        """Return how many changes were begun, those that failed among them: the host may keep something of each."""
        return self._tried

    @property
    def left(self) -> int:
        """Return how many planned changes have not come up, although they had to."""
        return sum(not bound.optional for bound in self._binding.changes[self._next :])

    def answer(self, effect: Effect[A]) -> A:
        """Answer one effect; while the device is ahead of the playbook nothing but files can be looked at."""
        if self._group and not isinstance(effect, Change | ReadFile):
            raise Moved(f"{self._host}: {type(effect).__name__} was not asked for in the look before the changes")
        return super().answer(effect)

    def _file(self, effect: ReadFile) -> FileState | None:
        known = self._group.file(effect)
        return known[0] if known is not None else super()._file(effect)

    def _change(self, effect: Change) -> Output:
        self._admit(effect)
        self._position = effect.position
        if not self._group:
            group = self._with(effect)
            if len(group) > 1 and self._are_next(group):
                self._make_together(group)
        return self._ended(effect, self._group.take(effect) if self._group else self._make(effect))

    def _with(self, effect: Change) -> list[Change]:
        """Return what can be made with a change: as many as are known as they were before, which the playbook asks."""
        start = self._next - 1
        group = self._look.together.get(start, []) if self._look is not None else []
        if self._look is None or not group or group[0].bound() != effect.bound():
            return []
        unknown = self.seen.missing([ReadFile(change.target) for change in group[1:]])
        many = 1
        while many < len(group) and ReadFile(group[many].target) not in unknown:
            many += 1
        if many < len(group):
            self._look.together[start + many] = group[many:]
        return group[:many]

    def _make(self, effect: Change) -> Output:
        self.seen.changed(effect)
        self._tried += 1  # a failed one has kept something under its number, which no other may take
        output = self._inner.answer(
            RunScript(
                remote.change(effect, self._run, self._first + self._tried),
                privileged=not isinstance(effect, Alter) or effect.privileged,
                deadline_s=effect.deadline_s if isinstance(effect, Alter) else _CHANGE_S,
            )
        )
        if output.exit_status == 0 or (isinstance(effect, Alter) and effect.any_status):
            self.made.append(effect)
            self.seen.made(effect)
        return output

    def _are_next(self, group: Sequence[Change]) -> bool:
        """Tell whether these are the changes of the plan from here on, each by its digest."""
        start = self._next - 1
        return start + len(group) <= len(self._binding.changes) and all(
            self._is(start + number, digest_of(change, self._key), "", change) for number, change in enumerate(group)
        )

    def _make_together(self, group: Sequence[Change]) -> None:
        """Make changes by one script, each compared with what it was decided on as if it were alone."""
        self._group.before = self.seen.before()
        for change in group:
            self.seen.changed(change)
        script = together.script(group, self._run, self._first + self._tried + 1)
        self._tried += len(group)
        output = self._inner.answer(RunScript(script, deadline_s=_CHANGE_S * len(group)))
        ends = together.ends(output, group)
        for change, end in zip(group, ends, strict=False):
            if end.exit_status == 0:
                self.made.append(change)
                self.seen.made(change)
        if not ends or (len(ends) < len(group) and ends[-1].exit_status == 0):
            raise OutputIncomplete(f"{self._host}: {group[len(ends)].target}: nobody knows whether it was changed")
        self._group.fill(group, ends)

    def _ended(self, effect: Change, output: Output) -> Output:
        """Return what the device said of a change; raises where it was not made."""
        said = " ".join(output.stderr.decode("utf-8", "replace").split())[-500:]
        any_status = isinstance(effect, Alter) and effect.any_status
        if output.exit_status == remote.MOVED and not any_status:
            raise Moved(f"{self._host}: {effect.target} is no longer as it was when this was decided: {said}")
        if output.exit_status != 0 and not any_status:
            raise ChangeFailed(f"{self._host}: {effect.target} could not be changed: {said or output.exit_status}")
        return output

    def _admit(self, effect: Change) -> None:
        """Refuse what the plan does not hold at this place; raises :class:`Moved`."""
        digest, scope = digest_of(effect, self._key), scope_of(effect, self._key)
        number = self._next
        while number < len(self._binding.changes):
            if self._is(number, digest, scope, effect):
                self._next = number + 1
                return
            if not self._binding.changes[number].optional:
                break
            number += 1
        if self._next and effect.position == self._position and self._is(self._next - 1, digest, "", effect):
            return  # a task that tries again until it holds
        undecided = self._binding.undecided.get(effect.position)
        if undecided is not None and at_most(class_of(effect), undecided.change_class):
            if not has_undo(effect):
                raise Moved(f"{self._host}: {effect.target}: no undo would survive this change; it was not made")
            return
        raise Moved(f"{self._host}: {effect.target}: this change is not the one of the plan; it was not made")

    def _is(self, number: int, digest: str, scope: str, effect: Change) -> bool:
        bound = self._binding.changes[number]
        if hmac.compare_digest(bound.digest, digest):
            return True
        same = bool(scope and bound.scope) and hmac.compare_digest(bound.scope, scope)
        return same and at_most(class_of(effect), bound.change_class)

    def _wait(self, effect: Wait) -> bool:
        self.seen.forget()
        time.sleep(effect.seconds)
        return True

    def _await(self, effect: AwaitHost) -> bool:
        """Come in anew until the host answers, and go on over that session."""
        again = self._around.again
        if again is None:
            raise NotAllowed(f"{self._host}: no second session can be had here")
        ends = time.monotonic() + effect.seconds
        self.seen.forget()
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
