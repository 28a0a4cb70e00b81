"""Purpose-built servers on loopback that behave as no honest device would."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import paramiko
from paramiko.compress import ZlibCompressor, ZlibDecompressor

from storefleet.connections.connector import Connector
from storefleet.connections.known_hosts import KnownHosts, PinnedKey
from storefleet.connections.session import DeviceSession
from storefleet.model.credentials import Credential, Lockout, SecretSource
from storefleet.model.limits import Limits
from storefleet.model.store import Connect, Host, LegacySsh

PASSWORD = "canary-Pa55word-of-router"
LIMITS = Limits(tcp_s=2, banner_s=1, login_s=3, connects_per_second=100_000)
HOST_KEY = paramiko.ECDSAKey.generate()
PINNED = PinnedKey(HOST_KEY.get_name(), HOST_KEY.asbytes())
SHA1_ONLY = {"kex": [name for name in paramiko.Transport._preferred_kex if not name.endswith("sha1")]}


@contextlib.contextmanager
def raw_server(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """Each connection is handled on a thread; all of them end with the test."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)
    accepted: list[socket.socket] = []

    def serve_one(client: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            handle(client)

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            accepted.append(client)
            threading.Thread(target=serve_one, args=(client,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for client in accepted:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()


class Device(paramiko.ServerInterface):
    """A fake device: which logins it offers, and what it does when asked to run something."""

    allowed = "password"
    prompts: tuple[tuple[str, bool], ...] = (("Password: ", False),)

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.answers: list[str] = []

    def get_allowed_auths(self, username: str) -> str:
        return self.allowed

    def check_auth_none(self, username: str) -> int:
        self.seen.append("none")
        return paramiko.AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        if "password" not in self.allowed:
            return paramiko.AUTH_FAILED
        self.seen.append(password)
        return paramiko.AUTH_SUCCESSFUL if password == PASSWORD else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.seen.append("publickey")
        return paramiko.AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> paramiko.InteractiveQuery:
        return paramiko.InteractiveQuery("", "", *self.prompts)

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        self.answers += responses
        return paramiko.AUTH_SUCCESSFUL if responses == [PASSWORD] else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_pty_request(self, channel: paramiko.Channel, *_: object) -> bool:
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        threading.Thread(target=self._quietly, args=(self.run, channel, command), daemon=True).start()
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        threading.Thread(target=self._quietly, args=(self.shell, channel), daemon=True).start()
        return True

    @staticmethod
    def _quietly(method: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            method(*arguments)

    def run(self, channel: paramiko.Channel, command: bytes) -> None:
        while channel.recv(4096):
            pass
        channel.sendall(b"hello\n")
        channel.send_exit_status(0)
        channel.close()

    def shell(self, channel: paramiko.Channel) -> None:
        time.sleep(60)


@contextlib.contextmanager
def ssh_server(
    device: Device,
    key: paramiko.PKey = HOST_KEY,
    disabled: dict[str, list[str]] | None = None,
    *,
    compressor: type[ZlibCompressor] | None = None,
) -> Iterator[int]:
    def handle(client: socket.socket) -> None:
        transport = paramiko.Transport(client, disabled_algorithms=disabled)
        if compressor is not None:
            transport.use_compression()
            transport._compression_info = {"zlib@openssh.com": (compressor, ZlibDecompressor)}
        transport.add_server_key(key)
        transport.start_server(threading.Event(), device)
        transport.join()

    with raw_server(handle) as port:
        yield port


def host_at(
    port: int,
    name: str = "S0001-router",
    platform: str = "frr",
    charset: str = "utf-8",
    legacy: LegacySsh | None = None,
) -> Host:
    store, device = name.split("-")
    return Host(
        name=name,
        store=store,
        device=device,
        role="router",
        platform=platform,
        address="127.0.0.1",
        connect=Connect(port=port),
        charset=charset,
        legacy_ssh=legacy,
    )


def connector_for(
    *credentials: Credential,
    keys: tuple[PinnedKey, ...] = (PINNED,),
    name: str = "S0001-router",
    lockout: Lockout | None = None,
    limits: Limits = LIMITS,
) -> Connector:
    given = credentials or (Credential(user="sf", password=SecretSource(env="SF_TEST_PASSWORD")),)
    named = tuple((f"credential-{number}", credential) for number, credential in enumerate(given))
    return Connector(lambda _host, _purpose: named, KnownHosts({name: keys}), {}.__getitem__, limits, lockout=lockout)


def session_with(port: int, *credentials: Credential, seconds: float = 20, **options: object) -> DeviceSession:
    host_options = {key: options.pop(key) for key in ("platform", "charset", "legacy") if key in options}
    return connector_for(*credentials, **options).session(host_at(port, **host_options), time.monotonic() + seconds)


class Router(Device):
    """A command line that echoes as a terminal does, knows a few commands, and ignores comments."""

    prompt = "S0001-router# "

    def __init__(self, **replies: str) -> None:
        super().__init__()
        self.typed: list[str] = []
        self.table = {"show version": "FRRouting 8.4.4\r\n", "show clock": "", **replies}

    def write(self, channel: paramiko.Channel, text: str) -> None:
        channel.sendall(text.encode())

    def shell(self, channel: paramiko.Channel) -> None:
        self.write(channel, f"Hello, this is FRRouting\r\n\r\n{self.prompt}")
        pending = b""
        while data := channel.recv(4096):
            pending += data
            while b"\n" in pending:
                line, _, pending = pending.partition(b"\n")
                self.one(channel, line.decode())

    def one(self, channel: paramiko.Channel, line: str) -> None:
        self.typed.append(line)
        self.write(channel, f"{line}\r\n{self.reply(line)}{self.prompt}")

    def reply(self, line: str) -> str:
        if not line or line.startswith(("!", "terminal ")):
            return ""
        return self.table.get(line, f"% Unknown command: {line}\r\n")
