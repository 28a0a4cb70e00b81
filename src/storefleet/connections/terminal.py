"""The text of one terminal: read within a deadline and a budget, in the device's charset, and nobody waits for ever."""

from __future__ import annotations

import codecs
import re
import threading
from collections.abc import Callable

import paramiko

from storefleet.connections.deadline import Deadline
from storefleet.connections.ssh import gone, where
from storefleet.connections.transport import DeviceTransport
from storefleet.errors import BudgetExceeded, DeadlineExceeded, Dropped, HostError, OutputIncomplete
from storefleet.model.store import Host

TAIL = 4096
"""How much of the end is looked at to tell whether it is the end."""

_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>78])|\r|\x07")
_CHUNK = 32 * 1024
_WAKE_S = 0.5
_QUIET_S = 0.02


class Terminal:
    """One open channel with a terminal on it."""

    def __init__(
        self,
        channel: paramiko.Channel,
        transport: DeviceTransport,
        host: Host,
        pagers: tuple[re.Pattern[str], ...],
    ) -> None:
        try:
            codecs.lookup(host.charset)
        except LookupError:
            raise OutputIncomplete(f"{host.name}: its charset {host.charset!r} is not known here") from None
        self.channel = channel
        self.transport = transport
        self.host = host
        self.news = threading.Event()
        self._pagers = pagers
        channel.in_buffer.set_event(self.news)

    def clean(self, raw: bytes) -> str:
        """Decode in the device's charset; what is no character there becomes a replacement, never an exception."""
        return _SEQUENCE.sub("", raw.decode(self.host.charset, "replace"))

    def send(self, line: str, deadline: Deadline) -> None:
        """Type one line."""
        self.channel.settimeout(max(0.01, deadline.left()))
        try:
            self.channel.sendall(f"{line}\n".encode("ascii"))
        except TimeoutError:
            raise self.too_late(deadline, "") from None

    def too_late(self, deadline: Deadline, seen: str) -> HostError:
        """Say what the device is waiting for, where its last line tells."""
        last = seen.rsplit("\n", 1)[-1].strip()
        if any(pattern.fullmatch(last) for pattern in self._pagers):
            return OutputIncomplete(f"{where(self.host)}: the device waits for a key at {last!r}; nothing was typed")
        return DeadlineExceeded(f"{where(self.host)}: no prompt came back within {deadline.seconds:g} s")

    def too_much(self, budget: int) -> BudgetExceeded:
        """More than was allowed."""
        return BudgetExceeded(f"{where(self.host)}: more than {budget} bytes of output; cut off")

    def gone(self) -> HostError:
        """The terminal was closed by the device."""
        if not self.transport.is_active():
            return gone(self.transport, self.host, "command")
        return Dropped(f"{where(self.host)}: the device closed its command line")


class Exchange:
    """Collects the terminal's text for one exchange, within a deadline and a budget."""

    def __init__(self, terminal: Terminal, deadline: Deadline, budget: int) -> None:
        self._terminal = terminal
        self._deadline = deadline
        self._budget = budget
        self._raw = bytearray()

    def text(self) -> str:
        """Everything read so far, in the device's charset, without terminal sequences."""
        return self._terminal.clean(bytes(self._raw))

    def until(self, probe: Callable[[str], str | None]) -> str:
        """Read until the probe finds what it wants in the (short) text, and return that."""
        while (found := probe(self.text())) is None:
            self._more()
        return found

    def until_end(self, suffix: str) -> str:
        """Read until the text ends so. Until then only the tail is looked at: all of it would cost its square."""
        while not self._terminal.clean(bytes(self._raw[-TAIL:])).endswith(suffix):
            self._more()
        return self.text()

    def quiet(self) -> str:
        """Listen a moment longer: an end after which something comes was none."""
        self._terminal.news.clear()
        if self._terminal.channel.recv_ready() or self._terminal.news.wait(_QUIET_S):
            self._more()
        return self.text()

    def _more(self) -> None:
        terminal = self._terminal
        while not terminal.channel.recv_ready():
            terminal.news.clear()
            if terminal.channel.recv_ready():
                break
            if self._deadline.expired():
                raise terminal.too_late(self._deadline, self.text()[-TAIL:])
            if terminal.channel.closed or terminal.channel.eof_received:
                raise terminal.gone()
            terminal.news.wait(min(self._deadline.left(), _WAKE_S))
        self._raw += terminal.channel.recv(_CHUNK)
        if len(self._raw) > self._budget:
            raise terminal.too_much(self._budget)
