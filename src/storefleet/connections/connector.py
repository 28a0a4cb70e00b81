"""The way to every host of a run: sockets, jumps, host keys, credentials and caps, shared by all threads."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

from storefleet.connections.credentials import Wallet
from storefleet.connections.deadline import Deadline
from storefleet.connections.jumps import JumpPool
from storefleet.connections.kept import KeptLines
from storefleet.connections.known_hosts import KnownHosts
from storefleet.connections.lockout import LockoutGuard
from storefleet.connections.login import log_in
from storefleet.connections.pacing import Pace
from storefleet.connections.session import DeviceSession
from storefleet.connections.ssh import handshake, verify_host_key, where
from storefleet.connections.transport import DeviceTransport
from storefleet.connections.wire import Wire, open_socket
from storefleet.errors import CredentialError, CredentialLocked, HostError, JumpFailed, LoginRefused, NameUnknown
from storefleet.model.credentials import Credential, Lockout, Purpose
from storefleet.model.limits import Limits
from storefleet.model.store import Host

Lookup = Callable[[Host, Purpose], tuple[tuple[str, Credential], ...]]


def quiet_libraries() -> None:
    """Stop the log lines of paramiko and netmiko: they would carry device output and, at DEBUG, what was typed."""
    for name in ("paramiko", "netmiko"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


class Connector:
    """Opens sessions. ``lookup`` gives the credentials of a host in the order in which they are tried.

    With ``keep`` so many connections outlive their sessions: one of the same host and account takes them up.
    """

    def __init__(
        self,
        lookup: Lookup,
        known_hosts: KnownHosts,
        host_of: Callable[[str], Host],
        limits: Limits,
        *,
        lockout: Lockout | None = None,
        wallet: Wallet | None = None,
        keep: int = 0,
    ) -> None:
        quiet_libraries()
        self.limits = limits
        self.known_hosts = known_hosts
        self.wallet = wallet if wallet is not None else Wallet()
        self._lookup = lookup
        self._host_of = host_of
        self._guard = LockoutGuard(lockout if lockout is not None else Lockout())
        self._pace = Pace(limits.connects_per_second)
        self._kept = KeptLines(keep)
        self._jumps = JumpPool(self._open_jump, limits, self._kept.end_carried)

    def session(
        self, host: Host, expires_at: float, purpose: Purpose | None = None, *, anew: bool = False
    ) -> DeviceSession:
        """Return a session that opens its connections when asked; ``expires_at`` is an instant of ``monotonic``.

        Its scripts run under the credential for ``purpose``, by default the one with which the platform is read. With
        ``anew`` it takes up no connection that was kept: who waits for a host to come back must not ask the old one.
        """
        return DeviceSession(self, host, expires_at, purpose, anew=anew)

    def take_up(self, host: Host, purpose: Purpose) -> tuple[DeviceTransport, Credential] | None:
        """Return what an earlier session of the host let go, where it stands and is of the account that is due."""
        credentials = self._lookup(host, purpose)
        if not credentials:
            return None
        _, due = credentials[0]
        transport = self._kept.take(host.name, due)
        return (transport, due) if transport is not None else None

    def let_go(self, host: Host, transport: DeviceTransport, credential: Credential) -> None:
        """End a connection that went well, or keep it for a later session of the host."""
        if not self._kept.put(host.name, credential, transport):
            transport.hang_up()

    def close(self) -> None:
        """Close the connections that are kept and those to jumps; sessions are closed by whoever opened them."""
        self._kept.close()
        self._jumps.close()

    def handshake(
        self,
        host: Host,
        deadline: Deadline,
        *,
        only: tuple[str, ...] = (),
        trail: tuple[str, ...] = (),
        carries: bool = False,
    ) -> DeviceTransport:
        """Connect as far as the host key, which is not judged yet; nothing secret is sent to this host."""
        self._pace.take(deadline)
        wire = self._wire(host, deadline, trail)
        types = tuple(key.type for key in self.known_hosts.keys(host.name))
        return handshake(wire, host, self.limits, deadline, pinned_types=types, only=only, carries=carries)

    def log_in(
        self,
        host: Host,
        purpose: Purpose,
        deadline: Deadline,
        trail: tuple[str, ...] = (),
        *,
        carries: bool = False,
    ) -> tuple[DeviceTransport, Credential]:
        """Connect, check the host key, then try the declared credentials in their order, each once."""
        credentials = self._lookup(host, purpose)
        if not credentials:
            raise CredentialError(f"{host.name}: no `{purpose}` credential is declared for it in credentials.yaml")
        refused: HostError | None = None
        for name, credential in credentials:
            try:
                return self._log_in_with(host, name, credential, deadline, trail, carries=carries), credential
            except LoginRefused as fault:
                refused = fault
            except (CredentialLocked, CredentialError) as fault:  # not tried: a sibling may still get in
                refused = refused or fault
        assert refused is not None
        raise refused

    def _log_in_with(
        self,
        host: Host,
        name: str,
        credential: Credential,
        deadline: Deadline,
        trail: tuple[str, ...],
        *,
        carries: bool,
    ) -> DeviceTransport:
        """Use a connection of its own: servers end one on a change of user, and after too many wrong answers."""
        with contextlib.ExitStack() as on_failure:
            transport = self.handshake(host, deadline, trail=trail, carries=carries)
            on_failure.callback(transport.hang_up)
            verify_host_key(transport, host, self.known_hosts)
            with self._guard.attempt(host.name, name, deadline):
                log_in(transport, host, credential, self.wallet, deadline.within(self.limits.login_s))
            on_failure.pop_all()
        return transport

    def _wire(self, host: Host, deadline: Deadline, trail: tuple[str, ...]) -> Wire:
        address = host.connect.host or host.address
        if not address:
            raise NameUnknown(f"{host.name}: it has no address; give it one in the blueprint or the store's file")
        via = host.connect.via
        phase = deadline.within(self.limits.tcp_s)
        if via is None:
            return Wire(open_socket(address, host.connect.port, phase, where(host)))
        if not trail:
            self._refuse_loop(host)
        return self._jumps.through(via, (address, host.connect.port), where(host), deadline, (*trail, host.name))

    def _refuse_loop(self, host: Host) -> None:
        """Follow the jumps on paper first: two threads that met in a loop would wait for each other."""
        seen = [host.name]
        via = host.connect.via
        while via is not None:
            seen.append(via)
            if via in seen[:-1]:
                raise JumpFailed(f"{where(host)}: the way is a loop: {' → '.join(seen)}; mend `via` in the inventory")
            try:
                via = self._host_of(via).connect.via
            except KeyError:
                raise JumpFailed(f"{where(host)}: its jump {via} is no host of the inventory") from None

    def _open_jump(self, name: str, deadline: Deadline, trail: tuple[str, ...]) -> DeviceTransport:
        return self.log_in(self._host_of(name), "read", deadline, trail, carries=True)[0]
