"""Nornir's way to our sessions: two thin connection plugins, so that a Nornir task can ask for a host's connection.

Nornir's plugin registers share one class-level dictionary with every other user of the process (3.6.0), hence the
prefix. What Nornir hands in as password is not used: credentials come from the connector, by the host's purpose.
"""

from __future__ import annotations

from typing import Any

from nornir.core.configuration import Config
from nornir.core.plugins.connections import ConnectionPluginRegister

from storefleet.connections.connector import Connector
from storefleet.connections.session import DeviceSession
from storefleet.model.store import Host

SSH = "storefleet-ssh"
CLI = "storefleet-cli"


class _Plugin:
    """What both plugins share: Nornir keeps the session in ``connection`` and calls ``close`` at the end."""

    connection: DeviceSession

    def open(
        self,
        hostname: str | None,
        username: str | None,
        password: str | None,
        port: int | None,
        platform: str | None,
        extras: dict[str, Any] | None = None,
        configuration: Config | None = None,
    ) -> None:
        """Log in; ``extras`` must hold ``connector``, ``host`` (of our model) and ``expires_at``."""
        given = extras or {}
        connector, host, expires_at = given.get("connector"), given.get("host"), given.get("expires_at")
        if (
            not isinstance(connector, Connector)
            or not isinstance(host, Host)
            or not isinstance(expires_at, int | float)
        ):
            raise TypeError("storefleet's connections need extras: connector, host and expires_at")
        session = connector.session(host, float(expires_at))
        self._enter(session)
        self.connection = session

    def _enter(self, session: DeviceSession) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Close the session."""
        self.connection.close()


class SshConnection(_Plugin):
    """The account that runs scripts."""

    def _enter(self, session: DeviceSession) -> None:
        session.open_shell()


class CliConnection(_Plugin):
    """A router's command line."""

    def _enter(self, session: DeviceSession) -> None:
        session.open_cli()


def register() -> None:
    """Make both plugins known to Nornir; more than once is harmless."""
    ConnectionPluginRegister.register(SSH, SshConnection)
    ConnectionPluginRegister.register(CLI, CliConnection)
