"""One host's session: answers effects over connections that it opens when the first effect needs them."""

from __future__ import annotations

from typing import Protocol, TypeVar, cast

from storefleet.connections.cli import CommandLine, open_command_line
from storefleet.connections.credentials import Wallet
from storefleet.connections.deadline import Deadline
from storefleet.connections.masking import Masking
from storefleet.connections.platforms import platform_of
from storefleet.connections.script import run_script
from storefleet.connections.transport import DeviceTransport
from storefleet.errors import CommandRefused, HostError, NotAllowed
from storefleet.model.credentials import Credential, Purpose
from storefleet.model.effects import Effect, Output, RunScript, ShowCommands
from storefleet.model.limits import Limits
from storefleet.model.store import Host

A = TypeVar("A")


class Session(Protocol):
    """Whatever can answer the effects of a step for one host: a device, or a recording of one."""

    def answer(self, effect: Effect[A]) -> A:
        """Return the answer of the effect's type; raises a :class:`~storefleet.errors.HostError`."""
        ...

    def close(self) -> None:
        """Let go of the host; more than once is harmless."""
        ...


class Opener(Protocol):
    """Who can log in to a host: the connector."""

    limits: Limits
    wallet: Wallet

    def log_in(self, host: Host, purpose: Purpose, deadline: Deadline) -> tuple[DeviceTransport, Credential]:
        """Return an authenticated transport and the credential that was taken."""
        ...

    def take_up(self, host: Host, purpose: Purpose) -> tuple[DeviceTransport, Credential] | None:
        """Return what an earlier session of the host let go, where it stands and is of the account that is due."""
        ...

    def let_go(self, host: Host, transport: DeviceTransport, credential: Credential) -> None:
        """End a connection that went well, or keep it for a later session of the host."""
        ...


class DeviceSession:
    """A live device. A router's command line and its shell account are two logins; each is opened once, when needed."""

    def __init__(
        self, opener: Opener, host: Host, expires_at: float, purpose: Purpose | None = None, *, anew: bool = False
    ) -> None:
        self.host = host
        own = platform_of(host.platform).shell_purpose
        self._purpose: Purpose = own if own == "shell" else purpose or own  # a router's scripts have their own account
        self._opener = opener
        self._deadline = Deadline.at_instant(expires_at)
        self._shell: tuple[DeviceTransport, Credential] | None = None
        self._cli: CommandLine | None = None
        self._anew = anew
        self._went_well = True

    def answer(self, effect: Effect[A]) -> A:
        """Answer one effect before its own deadline and the host's; raises a ``HostError``.

        A device that echoes a secret of ours does not get it into anything that is kept.
        """
        try:
            return cast("A", self._answer(effect))
        except HostError as fault:
            self._went_well = False
            masked = self._masking().error(fault)
            if masked is fault:
                raise
            raise masked from None

    def _masking(self) -> Masking:
        return Masking(self._opener.wallet.secrets())

    def _answer(self, effect: Effect[A]) -> Output | tuple[str, ...]:
        if isinstance(effect, RunScript):
            output = self._run(effect)  # first: it is what fetches the secrets
            return self._masking().output(output)
        if isinstance(effect, ShowCommands):
            shown = self._show(effect)
            return tuple(map(self._masking().text, shown))
        raise NotAllowed(f"{self.host.name}: {type(effect).__name__} cannot be asked of a device session")

    def open_shell(self) -> DeviceTransport:
        """Log in to the account that runs scripts, if that has not been done."""
        if self._shell is None:
            kept = None if self._anew else self._opener.take_up(self.host, self._purpose)
            self._shell = kept or self._opener.log_in(self.host, self._purpose, self._deadline)
        return self._shell[0]

    def open_cli(self) -> CommandLine:
        """Log in to the router's command line, if that has not been done."""
        if self._cli is None:
            platform = platform_of(self.host.platform)
            if platform.cli is None:
                raise NotAllowed(f"{self.host.name}: a {self.host.platform} host has no command line to show things on")
            transport, _ = self._opener.log_in(self.host, "read", self._deadline)
            deadline = self._deadline.within(self._opener.limits.login_s)
            self._cli = open_command_line(transport, self.host, platform.cli, deadline)
        return self._cli

    def _run(self, effect: RunScript) -> Output:
        transport = self.open_shell()
        assert self._shell is not None
        return run_script(transport, self.host, self._shell[1].user, effect, self._deadline)

    def _show(self, effect: ShowCommands) -> tuple[str, ...]:
        platform = platform_of(self.host.platform)
        for command in effect.commands:
            platform.check(command, self.host.name)
        line = self.open_cli()
        try:
            return line.show(effect, self._deadline)
        except CommandRefused:
            raise
        except HostError:  # what the device still says would be taken for the next answer: a new login is the only cure
            self._cli = None
            line.close()
            raise

    def close(self) -> None:
        """Close what was opened; a connection over which all went well may serve a later session."""
        shell, self._shell = self._shell, None
        cli, self._cli = self._cli, None
        if cli is not None:
            cli.close()
        if shell is not None and self._went_well:
            self._opener.let_go(self.host, *shell)
        elif shell is not None:
            shell[0].hang_up()
