"""paramiko's transport with what it keeps to itself made visible, and nothing in it that can wait for ever."""

from __future__ import annotations

import contextlib
import zlib
from typing import Any, ClassVar

import paramiko
from paramiko.common import (
    MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_REQUEST,
    MSG_CHANNEL_WINDOW_ADJUST,
    cMSG_CHANNEL_REQUEST,
)
from paramiko.compress import ZlibCompressor
from paramiko.message import Message
from paramiko.packet import Packetizer

from storefleet.connections.algorithms import disabled, ordered_ciphers, ordered_host_keys
from storefleet.connections.wire import Wire

CLOSE_S = 2.0

LARGEST_PACKET = 256 * 1024
"""Seven times what RFC 4253 asks every peer to take."""

_INFO: dict[str, Any] = paramiko.Transport._compression_info  # type: ignore[attr-defined]  # noqa: SLF001 - not in the stubs


class _UntimedPacketizer(Packetizer):
    """paramiko starts one timer thread per handshake; our own deadline makes it needless."""

    def start_handshake(self, timeout: float) -> None:
        """Leave the deadline of the handshake to the thread that waits for it."""


class BadCompression(paramiko.SSHException):
    """A compressed packet is broken, or swells beyond what any peer may send."""


class _Inflate:
    """paramiko's own has no limit: one packet of 32 KiB could swell to 32 MiB."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj()

    def __call__(self, data: bytes) -> bytes:
        try:
            payload = self._stream.decompress(data, LARGEST_PACKET)
        except zlib.error as fault:
            raise BadCompression(str(fault)) from fault
        if self._stream.unconsumed_tail:
            raise BadCompression(f"it swells beyond {LARGEST_PACKET} bytes")
        return payload


class DeviceTransport(paramiko.Transport):
    """One SSH connection. The peer's offer and its last words are kept, since they say why it did not come about.

    What a host prints is text, and the line to it is thin: compressed from the login on (``zlib@openssh.com``) it is a
    third of the bytes. A connection that only ``carries`` another's, which is encrypted, has nothing to gain.
    """

    _compression_info: ClassVar[dict[str, Any]] = {**_INFO, "zlib@openssh.com": (ZlibCompressor, _Inflate)}

    _active_check_timeout = 1.0
    """Seconds between two looks around while nothing comes; paramiko's tenth of one wakes 200 threads 2,000 times."""

    def __init__(
        self, wire: Wire, legacy: frozenset[str], pinned_types: tuple[str, ...], *, carries: bool = False
    ) -> None:
        self.wire = wire
        super().__init__(
            wire,  # type: ignore[arg-type]  # a socket-like object, as the parameter's documentation allows
            disabled_algorithms=disabled(legacy),
            packetizer_class=_UntimedPacketizer,
        )
        self._preferred_keys = ordered_host_keys(pinned_types)
        self._preferred_ciphers = ordered_ciphers()
        self._preferred_compression = ("none",) if carries else ("zlib@openssh.com", "none")
        self.peer_offer: dict[str, list[str]] = {}
        self.farewell = ""
        self._ended_channels: set[int] = set()

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """Host key algorithms in our order; without the certificate variants, since pins are plain keys."""
        return tuple(self._filter_algorithm("keys"))  # type: ignore[attr-defined]  # private, not in the stubs

    def only_host_key(self, algorithms: tuple[str, ...]) -> None:
        """Accept only these host key algorithms, to learn one of several keys."""
        self._preferred_keys = algorithms

    def _check_banner(self) -> None:
        super()._check_banner()  # type: ignore[misc]  # private, so the stubs leave it out
        self.wire.greeting = False

    def _really_parse_kex_init(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        parsed: dict[str, Any] = super()._really_parse_kex_init(*arguments, **options)  # type: ignore[misc]  # same
        self.peer_offer = {
            name: [str(item) for item in parsed[key]]
            for name, key in (
                ("key exchange", "kex_algo_list"),
                ("host key", "server_key_algo_list"),
                ("cipher", "server_encrypt_algo_list"),
                ("MAC", "server_mac_algo_list"),
            )
        }
        return parsed

    def _parse_disconnect(self, message: Message) -> None:
        message.get_int()
        self.farewell = message.get_string().decode("utf-8", "replace")[:500]

    def _parse_channel_open_success(self, message: Message) -> None:
        message.get_int()
        self._ended_channels.discard(message.get_int())  # the server gives a number again that has become free
        message.rewind()
        super()._parse_channel_open_success(message)  # type: ignore[misc]  # private, so the stubs leave it out

    def _send_message(self, message: Message) -> None:
        """Send a packet, unless it comes too late for its channel.

        paramiko makes a channel's packet under one lock and sends it under another, so a packet of one thread may
        follow the close of another; OpenSSH then ends the connection, with everybody who goes through this jump.
        """
        if not self._is_too_late(message.asbytes()[:5]):
            super()._send_message(message)  # type: ignore[misc]  # private, so the stubs leave it out

    def _is_too_late(self, head: bytes) -> bool:
        kind, number = head[0], int.from_bytes(head[1:])
        if not MSG_CHANNEL_WINDOW_ADJUST <= kind <= MSG_CHANNEL_REQUEST:
            return False
        if number in self._ended_channels:
            return True
        if kind == MSG_CHANNEL_CLOSE:
            self._ended_channels.add(number)
        return False

    def last_words(self) -> str:
        """What the server said outside of any channel: login banner and disconnect message."""
        banner = self.get_banner() if self.auth_handler is not None else None
        text = banner.decode("utf-8", "replace")[:2000] if isinstance(banner, bytes) else ""
        return f"{text}\n{self.farewell}".strip()

    def request(self, channel: paramiko.Channel, kind: str, *fields: str | int | bytes) -> None:
        """Send a channel request without waiting for its answer.

        paramiko's ``exec_command`` waits for the reply without a deadline, and costs a round trip. A refusal closes
        the channel, which the reader of the channel sees.
        """
        message = Message()
        message.add_byte(cMSG_CHANNEL_REQUEST)
        message.add_int(channel.remote_chanid)
        message.add_string(kind)
        message.add_boolean(True)  # noqa: FBT003 - a field of the protocol: want_reply
        for field in fields:
            if isinstance(field, int):
                message.add_int(field)
            else:
                message.add_string(field)
        self._send_user_message(message)  # type: ignore[attr-defined]  # private, not in the stubs

    def hang_up(self) -> None:
        """End the connection and wait until its thread has closed the stream, so that nothing leaks."""
        self.wire.hang_up()
        if self.ident is not None:
            with contextlib.suppress(RuntimeError):
                self.join(CLOSE_S)
        self.close()
        self.wire.close()
