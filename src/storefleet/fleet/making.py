"""The session that makes the changes of a plan, in their order, and none besides."""

from __future__ import annotations

import hmac
import time

from storefleet.errors import ChangeFailed, HostError, Moved, NotAllowed, TaskFailed
from storefleet.fleet.binding import Binding, digest_of, scope_of
from storefleet.fleet.drive import Session
from storefleet.fleet.looking import Looking, Surroundings
from storefleet.model.changes import Alter, AwaitHost, Change, StoreLocal, Wait
from storefleet.model.effects import Output, RunScript
from storefleet.modules import remote
from storefleet.modules.risk import at_most, class_of
from storefleet.modules.undo import has_undo

_AGAIN_S = 2.0


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
        self._tried = 0
        self._next, self._position = 0, -1
        self._binding, self._key, self._run = binding, key, run

    @property
    def tried(self) -> int:
        """Return how many changes were begun, those that failed among them: the host may keep something of each."""
        return self._tried

    @property
    def left(self) -> int:
        """Return how many planned changes have not come up, although they had to."""
        return sum(not bound.optional for bound in self._binding.changes[self._next :])

    def _change(self, effect: Change) -> Output:
        self._admit(effect)
        self._position = effect.position
        self._tried += 1  # a failed one has kept something under its number, which no other may take
        output = self._inner.answer(
            RunScript(
                remote.change(effect, self._run, self._tried),
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
