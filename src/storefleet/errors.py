"""Every error that storefleet raises on purpose, as one tree.

The caller picks the altitude of its ``except``; exit codes and the words of a report hang on the same tree.

::

    StorefleetError
    ├── InputError                 what the user wrote cannot stand (exit 2; nothing was touched)
    │   └── SelectorError          a selection of hosts that cannot be read, names nothing, or matches nothing
    ├── BusyError                  another run holds what this one needs (exit 5)
    ├── StorageError               database, disk or file of our own could not be read or written
    ├── LabError                   the practice fleet could not be built or driven
    └── HostError                  why one host could not be worked with; never ends a run
        ├── CredentialError        a credential's source gave nothing, so no login was tried
        ├── ConnectError
        │   ├── NameUnknown        the address is a name that does not resolve
        │   ├── Refused            the host answered: nothing listens there
        │   ├── Unreachable        no route, or the network said so
        │   ├── TimedOut           silence until the deadline of a phase
        │   ├── Dropped            the connection was closed under us
        │   ├── NotSsh             something answered that does not speak SSH
        │   ├── HostKeyUnknown     no pinned key; nothing was sent
        │   ├── HostKeyChanged     another key than the pinned one; nothing was sent
        │   ├── CryptoMismatch     no algorithm that both sides accept
        │   ├── LoginRefused       the device does not take the credential
        │   ├── CredentialLocked   set aside fleet-wide after too many refusals; not tried here
        │   ├── Rebooting          the device says that it is going down or not yet up
        │   └── JumpFailed         the way through the jump host failed
        └── CommandError
            ├── DeadlineExceeded   a command did not end in time
            ├── BudgetExceeded     more output than the budget allows
            ├── OutputIncomplete   truncated, forged or unframed output: unknown, never a pass
            ├── CommandRefused     the device did not accept the command
            ├── NotAllowed         the command is not on the read-only list; it was not sent
            ├── TaskFailed         a task of a playbook says that it cannot be done here, and why
            ├── Undetermined       only the device will show what a task finds
            ├── ChangeFailed       the device did not make a change; what it said
            └── Moved              the device is not as it was when the change was decided; it was not made
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class StorefleetError(Exception):
    """Root of the tree; a message says what was attempted, where, and what to do next."""


@dataclass(frozen=True, order=True)
class Complaint:
    """One thing wrong in the user's files, printed as ``path:line: what is wrong, and what would be right``."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {self.message}" if where else self.message


class InputError(StorefleetError):
    """All complaints about the input at once, so that one pass over the files mends them all."""

    def __init__(self, complaints: Iterable[Complaint] | str) -> None:
        found = [Complaint("", 0, complaints)] if isinstance(complaints, str) else list(complaints)
        self.complaints: tuple[Complaint, ...] = tuple(sorted(set(found)))
        super().__init__("\n".join(map(str, self.complaints)))


class SelectorError(InputError):
    """A selection of hosts cannot be read, uses a field that does not exist, or matches nothing."""


class BusyError(StorefleetError):
    """Another run holds what this one needs; the message names the holder."""


class StorageError(StorefleetError):
    """Our own database or files could not be read or written."""


class LabError(StorefleetError):
    """The practice fleet could not be built or driven."""


class HostError(StorefleetError):
    """Why one host could not be worked with.

    ``code`` is the stable word used in documents (``missing[].reason``, a host's ``reason``); ``retry`` says whether
    trying again later can help without a person doing something first.
    """

    code = "host-error"
    retry = False


class CredentialError(HostError):
    """A credential's source (environment, file, command, agent) gave nothing usable."""

    code = "credential-unavailable"


class ConnectError(HostError):
    """No session with the device could be had."""

    code = "connect-failed"


class NameUnknown(ConnectError):
    """The address is a name, and it does not resolve."""

    code = "name-unknown"


class Refused(ConnectError):
    """The host answered that nothing listens on the port."""

    code = "refused"
    retry = True


class Unreachable(ConnectError):
    """No route to the host, or the network said that it cannot be reached."""

    code = "unreachable"
    retry = True


class TimedOut(ConnectError):
    """Silence until the deadline of a phase (tcp, banner, key exchange, login)."""

    code = "timeout"
    retry = True


class Dropped(ConnectError):
    """The other side closed the connection."""

    code = "dropped"
    retry = True


class NotSsh(ConnectError):
    """Something answered that does not speak SSH."""

    code = "not-ssh"


class HostKeyUnknown(ConnectError):
    """No key is pinned for the host; no credential was sent."""

    code = "host-key-unknown"


class HostKeyChanged(ConnectError):
    """The device shows another key than the pinned one; no credential was sent."""

    code = "host-key-changed"


class CryptoMismatch(ConnectError):
    """No key exchange, cipher, MAC or signature that both sides accept."""

    code = "crypto-mismatch"


class LoginRefused(ConnectError):
    """The device does not take the credential."""

    code = "login-refused"


class CredentialLocked(ConnectError):
    """The credential was refused too often and is set aside; it was not tried on this host."""

    code = "credential-locked"


class Rebooting(ConnectError):
    """The device says that it is shutting down or not yet up."""

    code = "rebooting"
    retry = True


class JumpFailed(ConnectError):
    """The jump host could not be reached or did not open the way."""

    code = "jump-failed"
    retry = True


class CommandError(HostError):
    """A session existed, but a command did not give an answer that can be used."""

    code = "command-failed"


class DeadlineExceeded(CommandError):
    """A command did not end before its deadline; its channel was closed."""

    code = "deadline"
    retry = True


class BudgetExceeded(CommandError):
    """More bytes or lines than the budget of one command allows."""

    code = "budget"


class OutputIncomplete(CommandError):
    """The output is truncated, forged or not framed as asked: unknown, never a pass."""

    code = "output-incomplete"


class CommandRefused(CommandError):
    """The device did not accept the command."""

    code = "command-refused"


class NotAllowed(CommandError):
    """The command is not on the platform's read-only list; it was not sent."""

    code = "not-allowed"


class TaskFailed(CommandError):
    """A task of a playbook cannot be done on this host; the message says why."""

    code = "task-failed"


class Undetermined(CommandError):
    """Only the device will show what a task finds, once the tasks before it have run; never raised while changing."""

    code = "undetermined"


class ChangeFailed(CommandError):
    """The device did not make a change."""

    code = "change-failed"


class Moved(CommandError):
    """The device is not as it was when a change was decided, so the change was not made."""

    code = "moved"
