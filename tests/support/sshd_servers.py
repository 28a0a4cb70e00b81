"""Real SSH servers on loopback addresses, with users of their own that the machine never sees."""

from __future__ import annotations

import functools
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from storefleet.connections.connector import Connector
from storefleet.connections.known_hosts import KnownHosts, PinnedKey
from storefleet.model.credentials import Credential, KeySource, Lockout
from storefleet.model.limits import Limits
from storefleet.model.store import Connect, Host, LegacySsh

PASSWORD = "canary-Pa55word-of-till"
LIMITS = Limits(tcp_s=5, banner_s=10, login_s=15, connects_per_second=1000)


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def wait_for(address: str, port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1000):
        if process.poll() is not None:
            pytest.fail(f"the server ended with {process.returncode}")
        try:
            socket.create_connection((address, port), 1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    pytest.fail("the server did not start")


def public(path: Path) -> PinnedKey:
    kind, encoded = path.with_suffix(".pub").read_text().split()[:2]
    line = f"x {kind} {encoded}"
    (path.parent / "one").write_text(line)
    return KnownHosts.load(path.parent / "one").keys("x")[0]


@dataclass
class Server:
    """One running server: where it is, its host keys, and the client key that it lets in."""

    address: str
    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    keys: dict[str, PinnedKey] = field(default_factory=dict)

    @property
    def client_key(self) -> str:
        return str(self.folder / "client")

    def host(
        self, name: str = "S0001-pos1", via: str | None = None, platform: str = "linux", legacy: LegacySsh | None = None
    ) -> Host:
        store, device = name.split("-")
        connect = Connect(port=self.port, via=via)
        return Host(
            name=name,
            store=store,
            device=device,
            role="till",
            platform=platform,
            address=self.address,
            connect=connect,
            legacy_ssh=legacy,
        )

    def log(self) -> str:
        return (self.folder / "log").read_text()


@dataclass
class Fleet:
    """Starts servers, and makes a connector that knows them."""

    folders: list[Path] = field(default_factory=list)
    servers: list[Server] = field(default_factory=list)
    connectors: list[Connector] = field(default_factory=list)

    def folder(self) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="storefleet-sshd-"))
        folder.chmod(0o755)
        self.folders.append(folder)
        return folder

    def sshd(
        self,
        *options: str,
        address: str = "127.0.0.1",
        host_keys: tuple[str, ...] = ("ed25519",),
        sudoers: str = "",
        shell: str = "/bin/sh",
        mounts: str = "",
        group: int = 64123,
        also: tuple[str, ...] = (),
    ) -> Server:
        folder = self.folder()
        keys = {kind: make_key(folder / f"host_{kind}", kind) for kind in host_keys}
        make_key(folder / "client", "ed25519")
        (folder / "authorized").write_text((folder / "client.pub").read_text())
        account_files(folder, sudoers, shell, group)
        port = free_port(address)
        lines = [
            *(f"ListenAddress {each}:{port}" for each in (address, *also)),
            "PidFile none",
            "UsePAM no",
            "StrictModes no",
            "LogLevel VERBOSE",
            f"AuthorizedKeysFile {folder}/authorized",
            "PermitRootLogin yes",
            "MaxStartups 200",
            *options,
        ]
        lines += [f"HostKey {folder}/host_{kind}" for kind in host_keys]
        (folder / "config").write_text("\n".join(lines) + "\n")
        Path("/run/sshd").mkdir(exist_ok=True)
        script = mounts + "".join(
            f"mount --bind {folder}/{name} /etc/{name}; " for name in ("passwd", "shadow", "group", "sudoers")
        )
        return self.start(
            folder,
            address,
            port,
            keys,
            ["unshare", "--mount", "sh", "-c", f"{script} exec /usr/sbin/sshd -D -e -f {folder}/config"],
        )

    def start(self, folder: Path, address: str, port: int, keys: dict[str, PinnedKey], command: list[str]) -> Server:
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        server = Server(address, port, folder, process, keys)
        self.servers.append(server)
        wait_for(address, port, process)
        return server

    def connector(
        self,
        *hosts: tuple[Host, Server],
        credentials: tuple[Credential, ...] = (),
        pin: bool = True,
        limits: Limits = LIMITS,
        lockout: Lockout | None = None,
        keep: int = 0,
    ) -> Connector:
        known = {host.name: tuple(server.keys.values()) for host, server in hosts} if pin else {}
        by_name = {host.name: host for host, _ in hosts}
        server_of = {host.name: server for host, server in hosts}

        def lookup(host: Host, _purpose: str) -> tuple[tuple[str, Credential], ...]:
            if credentials:
                return tuple((f"credential-{n}", credential) for n, credential in enumerate(credentials))
            return (("key", Credential(user="root", key=KeySource(file=server_of[host.name].client_key))),)

        connector = Connector(lookup, KnownHosts(known), by_name.__getitem__, limits, lockout=lockout, keep=keep)
        self.connectors.append(connector)
        return connector

    def close(self) -> None:
        for connector in self.connectors:
            connector.close()
        for server in self.servers:
            server.process.terminate()
        for server in self.servers:
            server.process.wait(10)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


def make_key(path: Path, kind: str) -> PinnedKey:
    size = ["-b", "2048"] if kind == "rsa" else []
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-f", str(path)], check=True)
    return public(path)


@functools.cache
def hashed_password() -> str:
    return subprocess.run(
        ["openssl", "passwd", "-6", PASSWORD], capture_output=True, check=True, text=True
    ).stdout.strip()


def account_files(folder: Path, sudoers: str, shell: str, group: int) -> None:
    """Copies of the machine's account files with one more user, to be mounted where only the server sees them.

    root has a home of its own there: what this machine's ``.bashrc`` does is no part of a test.
    """
    uid = 64123
    others = [line for line in Path("/etc/passwd").read_text().splitlines() if not line.startswith("root:")]
    ours = [f"root:x:0:0:root:{folder}:/bin/sh", f"till:x:{uid}:{group}::{folder}:{shell}"]
    (folder / "passwd").write_text("\n".join([*others, *ours, ""]))
    (folder / "shadow").write_text(Path("/etc/shadow").read_text() + f"till:{hashed_password()}:19000:0:99999:7:::\n")
    (folder / "shadow").chmod(0o640)
    (folder / "group").write_text(Path("/etc/group").read_text() + "till:x:64123:\n")
    (folder / "sudoers").write_text(f"Defaults !lecture\nroot ALL=(ALL:ALL) ALL\n{sudoers}\n")
    (folder / "sudoers").chmod(0o440)
