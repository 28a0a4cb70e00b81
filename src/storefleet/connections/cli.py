"""A router's command line: netmiko's driver on a connection that is already authenticated, and answers that are whole.

netmiko prepares the terminal (paging off, width) for each vendor. It does not log in: :class:`_OurClient` hands it a
channel of our own transport, so that host keys, credentials and deadlines are decided in one place.

netmiko's ``send_command`` ends an answer at the first text that looks like the prompt, so a device (or an interface
description) that contains one cuts the output without a word. Here each answer is closed by a comment line with a
fresh random word, which the device echoes after its real prompt. Whatever comes between the first prompt and that echo
shows that the first prompt was not the end: the answer is then refused as incomplete.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from typing import Any

import netmiko
import paramiko
from netmiko.base_connection import BaseConnection
from netmiko.exceptions import NetmikoBaseException

from storefleet.connections.deadline import Deadline
from storefleet.connections.platforms import CliPlatform
from storefleet.connections.ssh import fault_of, gone, require_alive, where
from storefleet.connections.terminal import TAIL, Exchange, Terminal
from storefleet.connections.transport import DeviceTransport
from storefleet.errors import CommandRefused, HostError, OutputIncomplete, TimedOut
from storefleet.model.effects import ShowCommands
from storefleet.model.store import Host

_GREETING_BYTES = 256 * 1024

_FOREIGN = (paramiko.SSHException, NetmikoBaseException, OSError, EOFError, ValueError)


class _OurClient(paramiko.SSHClient):
    """What netmiko takes for its own client: connecting is already done, and nobody waits without an end."""

    def __init__(self, transport: DeviceTransport, deadline: Deadline) -> None:
        super().__init__()
        self._ours = transport
        self._deadline = deadline

    def connect(self, *_: Any, **__: Any) -> None:
        """Do nothing: the transport is authenticated."""

    def invoke_shell(
        self, term: str = "dumb", width: int = 511, height: int = 1000, *_: Any, **__: Any
    ) -> paramiko.Channel:
        """Open a terminal. ``dumb`` keeps readline from sending bracketed-paste sequences with each prompt."""
        channel = self._ours.open_session(timeout=self._deadline.left())
        self._ours.request(channel, "pty-req", "dumb", width, height, 0, 0, b"")
        self._ours.request(channel, "shell")
        return channel

    def close(self) -> None:
        """Hang up the transport that was handed in."""
        self._ours.hang_up()


class _HandedIn:
    """Mixed into a netmiko driver: the client comes from us."""

    our_client: _OurClient

    def _build_ssh_client(self) -> paramiko.SSHClient:
        return self.our_client


def open_command_line(transport: DeviceTransport, host: Host, platform: CliPlatform, deadline: Deadline) -> CommandLine:
    """Open a terminal on an authenticated transport, let netmiko's driver prepare it, and learn the exact prompt.

    The transport is hung up when this fails.
    """
    driver = netmiko.ssh_dispatcher(platform.driver)
    kind = type(f"Storefleet{driver.__name__}", (_HandedIn, driver), {})
    connection: BaseConnection = kind(
        host=host.name, device_type=platform.driver, auto_connect=False, read_timeout_override=max(0.1, deadline.left())
    )
    connection.our_client = _OurClient(transport, deadline)  # type: ignore[attr-defined]  # of the mixin
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(connection.disconnect)
        on_failure.callback(transport.hang_up)
        try:
            connection.establish_connection()
            connection.session_preparation()
            line = CommandLine(connection, transport, host, platform)
            line.synchronise(deadline)
        except _FOREIGN as fault:
            raise _preparation_error(fault, transport, host, deadline) from fault
        on_failure.pop_all()
    return line


def _preparation_error(fault: BaseException, transport: DeviceTransport, host: Host, deadline: Deadline) -> HostError:
    if not transport.is_active():
        return gone(transport, host, "prompt")
    if deadline.expired():
        return TimedOut(f"{where(host)}: prompt: none that is known within {deadline.seconds:g} s after the login")
    return fault_of(fault, transport, host, "prompt")


class CommandLine:
    """An open terminal whose prompt is known to the letter."""

    def __init__(
        self, connection: BaseConnection, transport: DeviceTransport, host: Host, platform: CliPlatform
    ) -> None:
        channel = connection.remote_conn
        assert isinstance(channel, paramiko.Channel)
        self._connection = connection
        self._transport = transport
        self._host = host
        self._platform = platform
        self._prompt = ""
        self._terminal = Terminal(channel, transport, host, platform.pagers)

    def synchronise(self, deadline: Deadline) -> None:
        """Let the device echo two random words: what stands between and after the echoes is the prompt, to the letter.

        netmiko cannot tell: it cuts its prompt at 16 characters and strips its blanks.
        """
        first, second = self._mark(), self._mark()
        reader = Exchange(self._terminal, deadline, _GREETING_BYTES)
        self._terminal.send(first, deadline)
        reader.until(lambda text: text if text.partition(f"{first}\n")[2] else None)
        reader.quiet()
        self._terminal.send(second, deadline)
        found = re.compile(rf"{re.escape(first)}\n([^\n]+){re.escape(second)}\n\1$")
        self._prompt = reader.until(lambda text: match.group(1) if (match := found.search(text)) else None)

    def show(self, effect: ShowCommands, deadline: Deadline) -> tuple[str, ...]:
        """Answer every command, each whole; raises an error of the tree at the first that is not."""
        limit = deadline.within(effect.deadline_s)
        budget = effect.max_bytes
        answers: list[str] = []
        for command in effect.commands:
            answers.append(self._one(command, limit, budget))
            budget -= len(answers[-1])
        return tuple(answers)

    def _one(self, command: str, deadline: Deadline, budget: int) -> str:
        try:
            require_alive(self._transport, self._host, "command")
            text = self._whole(command, deadline, budget)
        except (paramiko.SSHException, OSError, EOFError) as fault:
            raise fault_of(fault, self._transport, self._host, "command") from fault
        for line in text.splitlines()[:3]:
            if any(pattern.match(line.strip()) for pattern in self._platform.refusals):
                raise CommandRefused(f"{where(self._host)}: {command!r} was refused: {line.strip()[:200]}")
        return text

    def _whole(self, command: str, deadline: Deadline, budget: int) -> str:
        """Send the command, then the mark after the first prompt; the answer is what stands before that prompt."""
        reader = Exchange(self._terminal, deadline, budget + TAIL)
        self._terminal.send(command, deadline)
        first = reader.until_end(f"\n{self._prompt}")
        mark = self._mark()
        self._terminal.send(mark, deadline)
        tail = f"{mark}\n{self._prompt}"
        reader.until_end(tail)
        if reader.quiet() != first + tail:
            raise self._incomplete(command, "its prompt stands inside the output, so where it ends cannot be told")
        echo, _, body = first.removesuffix(self._prompt).partition("\n")
        if echo != command:
            raise self._incomplete(command, "the device did not echo the command as it was sent")
        if any(line.startswith(self._prompt) for line in body.split("\n")):
            raise self._incomplete(command, "a line of the output begins with the prompt")
        return body

    def _incomplete(self, command: str, why: str) -> OutputIncomplete:
        return OutputIncomplete(f"{where(self._host)}: {command!r}: {why}; treated as unknown")

    def _mark(self) -> str:
        return f"{self._platform.comment}{secrets.token_hex(8)}"

    def close(self) -> None:
        """Hang up; no ``exit`` is typed, since a device that hangs must not hold us."""
        self._transport.hang_up()
        self._connection.disconnect()  # also takes netmiko's filter off its logger; it would leak one per connection
