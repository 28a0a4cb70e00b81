"""Running one script over one channel: root taken once, both streams drained together, never without an end."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from dataclasses import dataclass, field

import paramiko

from storefleet.connections.deadline import Deadline
from storefleet.connections.ssh import fault_of, require_alive, where
from storefleet.connections.translate import REBOOTING
from storefleet.connections.transport import DeviceTransport
from storefleet.errors import BudgetExceeded, CommandRefused, DeadlineExceeded, HostError, Rebooting
from storefleet.model.effects import NONCE, Output, RunScript
from storefleet.model.store import Host

MAX_LINE = 1024 * 1024
"""No honest answer has a longer line; a parser must not be fed one."""

LINGER_S = 3.0
"""How long to listen after the shell ended while a child of it still holds the streams open."""

_SEND_S = 0.05
_WAKE_S = 0.5
_SETTLE_S = 2.0
"""How long a dying line may take to be marked as dead, on a busy machine; a healthy device ends its stream before."""

_CHUNK = 32 * 1024

_PACKETS = 16
"""Of 32 KiB at most each, so that the window of 2 MiB never closes for want of a reader."""


def command_line(user: str, *, privileged: bool, word: str) -> str:
    """Return what the far shell is asked to run; the script itself comes on standard input.

    ``sudo -n`` reads nothing when it refuses, so one round trip does both: where it may, root's ``sh`` eats the whole
    input; where it may not, the first line is still there, the word proves it, and the plain ``sh`` takes the rest.
    Were the word not compared, a script that stops early as root would have its remainder run without root.
    """
    if not privileged or user == "root":
        return "exec sh -s"
    return f'sudo -n sh -s; s=$?; IFS= read -r l && [ "$l" = ": {word}" ] && exec sh -s; exit $s'


def standard_input(script: str, word: str) -> bytes:
    """Frame the script: a shell parses a brace group to its end before it runs any of it, so half a script is none.

    What a device was read to hold goes back to it as the bytes that they were: where a link points is no text.
    """
    return f": {word}\n{{\n{script}\n}}\n".encode("utf-8", "surrogateescape")


def run_script(transport: DeviceTransport, host: Host, user: str, effect: RunScript, deadline: Deadline) -> Output:
    """Run the script and return what it printed; raises an error of the tree when that is not the whole of it."""
    word = secrets.token_hex(8)
    run = _Run(transport, host, deadline.within(effect.deadline_s), effect.max_bytes)
    try:
        run.start(command_line(user, privileged=effect.privileged, word=word))
        run.converse(standard_input(effect.script.replace(NONCE, word), word))
        return run.output(word)
    except (paramiko.SSHException, OSError, EOFError) as fault:
        raise fault_of(fault, transport, host, "command") from fault
    finally:
        run.close()


class _Bell(threading.Event):
    """Rings when a stream has ended or a good deal has come: to be woken for every line costs more than reading it.

    Only the reader silences it, or one stream would hide the other's news.
    """

    def __init__(self, channel: paramiko.Channel) -> None:
        super().__init__()
        self._channel = channel
        self._heard = 0

    def set(self) -> None:
        """Take note of one packet, or of the end of a stream."""
        self._heard += 1
        if self._channel.eof_received or self._channel.closed or self._heard >= _PACKETS:
            self.ring()

    def ring(self) -> None:
        """Wake the reader now."""
        self._heard = 0
        super().set()

    def clear(self) -> None:
        """Ignore paramiko, which clears the event of a pipe that it has emptied."""

    def silence(self) -> None:
        """Wait for news from here on."""
        super().clear()


@dataclass
class _Run:
    transport: DeviceTransport
    host: Host
    deadline: Deadline
    max_bytes: int
    channel: paramiko.Channel | None = None
    bell: _Bell = field(init=False)
    stdout: list[bytes] = field(default_factory=list)
    stderr: list[bytes] = field(default_factory=list)
    size: int = 0
    line: int = 0
    ended_at: float | None = None

    def start(self, command: str) -> None:
        """Open a channel and ask for the command, without waiting for the reply."""
        require_alive(self.transport, self.host, "command")
        try:
            channel = self.transport.open_session(timeout=self.deadline.left())
        except paramiko.SSHException as fault:
            if self.deadline.expired():
                raise self._too_late() from fault
            raise
        self.channel = channel
        self.bell = _Bell(channel)
        channel.in_buffer.set_event(self.bell)
        channel.in_stderr_buffer.set_event(self.bell)
        channel.settimeout(_SEND_S)
        self.transport.request(channel, "exec", command)

    def converse(self, data: bytes) -> None:
        """Feed standard input and drain both streams until the channel ends, the deadline or the budget."""
        assert self.channel is not None
        waiting: memoryview | None = memoryview(data)
        while True:
            self.bell.silence()
            over = self._is_over()
            self._drain()
            if over:
                return
            if self.deadline.expired():
                raise self._too_late()
            if waiting is not None:
                waiting = self._feed(waiting)
            else:
                self.bell.wait(min(self.deadline.left(), _WAKE_S))

    def _feed(self, waiting: memoryview) -> memoryview | None:
        """Send what the window takes now; the end of input is sent after the last byte."""
        assert self.channel is not None
        try:
            if waiting:
                return waiting[self.channel.send(waiting[:_CHUNK]) :]  # type: ignore[arg-type]  # any bytes-like does
            self.channel.shutdown_write()
        except TimeoutError:
            return waiting
        except OSError:  # the far side closed the channel; what it printed before is still to be read
            self.bell.ring()
        return None

    def _drain(self) -> None:
        assert self.channel is not None
        while self.channel.recv_ready():
            self._keep(self.stdout, self.channel.recv(_CHUNK))
        while self.channel.recv_stderr_ready():
            self._keep(self.stderr, self.channel.recv_stderr(_CHUNK))

    def _keep(self, stream: list[bytes], data: bytes) -> None:
        stream.append(data)
        self.size += len(data)
        self.line = len(data) - data.rfind(b"\n") - 1 if b"\n" in data else self.line + len(data)
        self.ended_at = time.monotonic() if self.ended_at is not None else None
        if self.size > self.max_bytes:
            raise BudgetExceeded(f"{where(self.host)}: more than {self.max_bytes} bytes of output; cut off")
        if self.line > MAX_LINE:
            raise BudgetExceeded(f"{where(self.host)}: a line of more than {MAX_LINE} bytes; cut off")
        if self.deadline.expired():
            raise self._too_late()

    def _is_over(self) -> bool:
        assert self.channel is not None
        if self.channel.closed or not self.transport.is_active():
            return True
        if not self.channel.exit_status_ready():
            return False
        if self.channel.eof_received:
            return True
        self.ended_at = self.ended_at or time.monotonic()
        return time.monotonic() - self.ended_at > LINGER_S

    def _too_late(self) -> HostError:
        stalled = "" if self.size else ". Nothing at all came: sudo may wait for a name server that is dead"
        return DeadlineExceeded(
            f"{where(self.host)}: the script did not end within {self.deadline.seconds:g} s ({self.size} bytes by "
            f"then); its channel was closed, the device may still be at it{stalled}"
        )

    def output(self, word: str) -> Output:
        """Judge how it ended; a line that died is an error, not an empty answer.

        The exit status proves nothing: OpenSSH sends it when the shell has ended, and what that printed comes after it.
        Where it is missing, the line may have died between the end of the stream and the status.
        """
        assert self.channel is not None
        status = self.channel.exit_status if self.channel.exit_status >= 0 else None
        stdout, stderr = b"".join(self.stdout), b"".join(self.stderr)
        if not self.channel.eof_received or status is None:
            if self.deadline.expired():
                raise self._too_late()
            if self.channel.closed:
                self.transport.join(_SETTLE_S)  # one that dies closes its channels before it is marked as ended
            require_alive(self.transport, self.host, "command")
        if status is None and not self.size:
            # Whether the end of the stream came too is chance: a channel that we close is closed from there as well.
            raise CommandRefused(f"{where(self.host)}: the device does not run commands for this account")
        if status not in (0, None) and REBOOTING.search(stderr[-2000:].decode("utf-8", "replace")):
            raise Rebooting(f"{where(self.host)}: the device says that it is going down or not yet up")
        return Output(stdout, stderr, status, word)

    def close(self) -> None:
        """Close the channel, so that the device can stop; a dead line is no news here."""
        if self.channel is not None:
            with contextlib.suppress(paramiko.SSHException, OSError, EOFError):
                self.channel.close()
