"""A fleet folder written for servers that stand on loopback: good hosts, and any kind of evil ones."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))  # tests are no package

from hostile_servers import PASSWORD
from sshd_servers import Fleet, Server

from storefleet.connections.known_hosts import PinnedKey

STORES = "store,name,region,timezone,format,number\nS0001,Harbour,north,Europe/Berlin,none,1\n"
BLUEPRINTS = "intended: {}\ndevices:\n  till: {role: till, platform: linux}\nformats:\n  none: {}\n"
AUDIT = """audit: basics
title: What every host has
applies_to: all
controls:
  - {id: T-01, title: It has a name, severity: high, at: /system/hostname, schema: {minLength: 1}}
  - {id: T-02, title: It has a loopback, severity: high, at: /network/interfaces/lo/admin_up, schema: {const: true}}
  - {id: T-03, title: root is user 0, severity: high, at: "/security/users[root]/uid", schema: {const: 0}}
  - {id: T-04, title: Packages are known, severity: low, at: /software/package_system, schema: {enum: [dpkg, none]}}
"""
CONTROLS = ("T-01", "T-02", "T-03", "T-04")
SETTINGS = """fleet: hostile
network: {workers: 60, per_store: 60, connects_per_second: 10000, host_deadline: %s}
"""


@dataclass
class Folder:
    """A fleet folder that grows host by host, and is written when it is asked for."""

    path: Path
    deadline: str = "25s"
    lines: list[str] = field(default_factory=list)
    use: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)

    def good(self, name: str, server: Server, address: str | None = None) -> None:
        """Add a host that a real sshd serves, reached by its key."""
        self.credentials.append(f"  key-{name}: {{user: root, key: {{file: {server.client_key}}}}}")
        self.add(
            name, server.port, tuple(server.keys.values()), address=address or server.address, credential=f"key-{name}"
        )

    def add(
        self,
        name: str,
        port: int,
        keys: tuple[PinnedKey, ...] = (),
        *,
        address: str = "127.0.0.1",
        platform: str = "linux",
        credential: str = "password",
    ) -> None:
        """Add any host; it must stand on an address of its own, and is reached where its server listens."""
        more = f", data: {{role: till, address: 127.9.0.{len(self.lines) + 1}}}"
        self.lines.append(f"S0001-{name}: {{hostname: {address}, port: {port}, platform: {platform}{more}}}")
        self.use.append(f"  - {{hosts: S0001-{name}, read: {credential}, shell: {credential}}}")
        for key in keys:
            self.known.append(f"S0001-{name} {key.type} {base64.b64encode(key.blob).decode()} test")

    def write(self) -> Path:
        """Write the folder."""
        inventory = self.path / "inventory"
        inventory.mkdir(parents=True, exist_ok=True)
        (self.path / "audits").mkdir(exist_ok=True)
        (self.path / "storefleet.yaml").write_text(SETTINGS % self.deadline)
        (self.path / "audits" / "basics.yaml").write_text(AUDIT)
        (inventory / "stores.csv").write_text(STORES)
        (inventory / "blueprints.yaml").write_text(BLUEPRINTS)
        (inventory / "hosts.yaml").write_text("\n".join(self.lines) + "\n")
        (inventory / "known_hosts").write_text("\n".join(self.known) + "\n")
        password = "  password: {user: sf, password: {env: SF_TEST_PASSWORD}}"
        credentials = [
            "credentials:",
            password,
            *self.credentials,
            "use:",
            *self.use,
            "lockout: {per_host: 2, fleet: 5}",
        ]
        (inventory / "credentials.yaml").write_text("\n".join(credentials) + "\n")
        return self.path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("SF_TEST_PASSWORD", PASSWORD)
    monkeypatch.delenv("STOREFLEET_FLEET", raising=False)
    return Folder(tmp_path / "fleet")


@pytest.fixture
def servers() -> Iterator[Fleet]:
    made = Fleet()
    yield made
    made.close()
