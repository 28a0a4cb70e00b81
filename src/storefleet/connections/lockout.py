"""A credential that is refused again and again is put aside, before a central account is locked by our own retries."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from storefleet.connections.deadline import Deadline
from storefleet.errors import CredentialLocked, Dropped, LoginRefused, TimedOut
from storefleet.model.credentials import Lockout


@dataclass
class _Record:
    """What one credential has lived through: refusals by host, and logins that are still open.

    A server may answer a wrong password by hanging up. Until the credential has worked once, a login that was cut off
    is taken for a refusal; afterwards it says something of the line.
    """

    refused_by: dict[str, int] = field(default_factory=dict)
    cut_off_by: dict[str, int] = field(default_factory=dict)
    successes: int = 0
    in_flight: int = 0

    def refusals(self) -> int:
        """Count wrong answers over the fleet."""
        return sum(self.refused_by.values()) + (0 if self.successes else sum(self.cut_off_by.values()))

    def refusals_at(self, host: str) -> int:
        """Count wrong answers on one host."""
        return self.refused_by.get(host, 0) + (0 if self.successes else self.cut_off_by.get(host, 0))


class LockoutGuard:
    """Counts wrong answers over all threads of a run.

    A credential that has not yet been proven may be in flight only as often as it could be refused: fifty threads that
    try a wrong password at once would otherwise be fifty wrong answers against a limit of five.
    """

    def __init__(self, lockout: Lockout) -> None:
        self._lockout = lockout
        self._changed = threading.Condition()
        self._records: dict[str, _Record] = {}

    @contextlib.contextmanager
    def attempt(self, host: str, credential: str, deadline: Deadline) -> Iterator[None]:
        """Admit one login and note how it ended: :class:`LoginRefused` is a wrong answer, :class:`Dropped` may be."""
        self._admit(host, credential, deadline)
        ending = self._undecided
        try:
            yield
            ending = self._accepted
        except LoginRefused:
            ending = self._refused
            raise
        except Dropped:
            ending = self._cut_off
            raise
        finally:
            with self._changed:
                record = self._records[credential]
                record.in_flight -= 1
                ending(host, record)
                self._changed.notify_all()

    def _admit(self, host: str, credential: str, deadline: Deadline) -> None:
        """Wait until this login may be tried; raises :class:`CredentialLocked` when it may not."""
        with self._changed:
            record = self._records.setdefault(credential, _Record())
            while True:
                self._check(host, credential, record)
                window = max(1, self._lockout.fleet - record.refusals()) + record.successes
                if record.in_flight < window:
                    record.in_flight += 1
                    return
                if deadline.expired():
                    raise TimedOut(
                        f"{host}: the credential {credential} is still being tried on other hosts; run again"
                    )
                self._changed.wait(deadline.left())

    def _check(self, host: str, credential: str, record: _Record) -> None:
        if record.refusals() >= self._lockout.fleet:
            how = "logins that were refused or cut off" if record.cut_off_by and not record.successes else "refusals"
            hosts = ", ".join(sorted({*record.refused_by, *record.cut_off_by})[:5])
            raise CredentialLocked(
                f"{host}: the credential {credential} is put aside after {record.refusals()} {how} ({hosts}); "
                f"it was not tried here. Mend its source, then run again"
            )
        here = sum(other.refusals_at(host) for other in self._records.values())
        if here >= self._lockout.per_host:
            raise CredentialLocked(
                f"{host}: {here} logins were refused or cut off here, so {credential} was not tried (lockout.per_host)"
            )

    def _refused(self, host: str, record: _Record) -> None:
        """A wrong answer."""
        record.refused_by[host] = record.refused_by.get(host, 0) + 1

    def _cut_off(self, host: str, record: _Record) -> None:
        """A login in which the server hung up instead of an answer."""
        record.cut_off_by[host] = record.cut_off_by.get(host, 0) + 1

    def _accepted(self, host: str, record: _Record) -> None:
        """A login that worked; what its declared siblings were refused on this host was no wrong answer."""
        record.successes += 1
        for other in self._records.values():
            other.refused_by.pop(host, None)
            other.cut_off_by.pop(host, None)

    def _undecided(self, host: str, record: _Record) -> None:
        """A login that came to no answer: a time-out, a missing secret."""
