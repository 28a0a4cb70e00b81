"""Logging in: each credential of the inventory once, in its order, and nothing that nobody asked for.

No agent, no key search, no ``ssh_config``. A key login never becomes a password login unless the same credential has
a password; keyboard-interactive answers exactly one hidden prompt, since a rogue device may ask for more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import paramiko

from storefleet.connections.credentials import Wallet
from storefleet.connections.deadline import Deadline
from storefleet.connections.ssh import fault_of, gone, where
from storefleet.connections.translate import REBOOTING
from storefleet.connections.transport import DeviceTransport
from storefleet.errors import CredentialError, HostError, LoginRefused, Rebooting, TimedOut
from storefleet.model.credentials import Credential
from storefleet.model.secret import Secret
from storefleet.model.store import Host


@dataclass
class _OnePrompt:
    """Answers one hidden prompt with the password; anything else ends the connection."""

    secret: Secret
    answered: bool = False
    objection: str = ""
    seen: list[str] = field(default_factory=list)

    def __call__(self, title: str, instructions: str, prompts: list[tuple[str, bool]]) -> list[str]:
        self.seen += [title, instructions, *(prompt for prompt, _ in prompts)]
        if not prompts:
            return []  # OpenSSH ends with an empty round that carries only words
        if len(prompts) > 1 or prompts[0][1] or self.answered:
            self.objection = "it asks for more than one hidden password"
            raise paramiko.SSHException(self.objection)
        self.answered = True
        return [self.secret.reveal()]


def log_in(transport: DeviceTransport, host: Host, credential: Credential, wallet: Wallet, deadline: Deadline) -> None:
    """Try one credential once; raises :class:`LoginRefused`, :class:`Rebooting`, :class:`TimedOut` or a drop.

    The secrets are fetched before anything is sent, so that a credential without a source is no wrong answer.
    """
    key = wallet.key(credential.key) if credential.key else None
    password = wallet.secret(credential.password) if credential.password else None
    if key is None and password is None:
        raise CredentialError(f"{where(host)}: the credential of user {credential.user} has neither key nor password")
    attempt = _Attempt(transport, host, credential.user, deadline)
    allowed: list[str] | None = None
    if key is not None:
        allowed = attempt.with_key(key, or_password=password is not None)
    if password is not None and not transport.is_authenticated():
        attempt.with_password(password, allowed)
    if not transport.is_authenticated():
        raise LoginRefused(f"{where(host)}: the device asks for another factor after the login of {credential.user}")


@dataclass
class _Attempt:
    """One login with one credential."""

    transport: DeviceTransport
    host: Host
    user: str
    deadline: Deadline

    def with_key(self, key: paramiko.PKey, *, or_password: bool) -> list[str] | None:
        """Sign with the key; return what the server takes next, ``None`` where it did not say."""
        return self._run(lambda: self.transport.auth_publickey(self.user, key), or_else=or_password)

    def with_password(self, password: Secret, allowed: list[str] | None) -> None:
        """Use the method that the server names; without its list ``password`` first, which servers may not offer."""
        if allowed is None or "password" in allowed:
            method = self.transport.auth_password
            allowed = self._run(lambda: method(self.user, password.reveal(), fallback=False), or_else=True)
            if self.transport.is_authenticated() or allowed is None or "keyboard-interactive" not in allowed:
                return
        prompt = _OnePrompt(password)
        try:
            self._run(lambda: self.transport.auth_interactive(self.user, prompt), or_else=False)
        except HostError as fault:
            if prompt.objection:
                raise LoginRefused(f"{where(self.host)}: {prompt.objection}; nothing more was sent") from fault
            if REBOOTING.search(" ".join(prompt.seen)):
                raise Rebooting(f"{where(self.host)}: the device says that it is going down or not yet up") from fault
            raise

    def _run(self, method: Callable[[], list[str]], *, or_else: bool) -> list[str] | None:
        """Run one method; return what the server asks for next (an empty list: we are in).

        Raises when the method failed, except that with ``or_else`` a method which the server does not offer returns
        those that it does, and a refused key returns ``None``. A refused password is never tried another way.
        """
        self.transport.auth_timeout = max(0.1, self.deadline.left())
        try:
            return list(method())
        except paramiko.BadAuthenticationType as fault:
            if or_else and set(fault.allowed_types) & {"password", "keyboard-interactive"}:
                return list(fault.allowed_types)
            raise _refusal(self.transport, self.host, fault) from fault
        except paramiko.AuthenticationException as fault:
            if or_else and self.transport.is_active() and not self.deadline.expired() and self._was_key():
                return None
            raise _refusal(self.transport, self.host, fault, self.deadline) from fault
        except (paramiko.SSHException, OSError, EOFError, ValueError) as fault:
            raise fault_of(fault, self.transport, self.host, "login") from fault

    def _was_key(self) -> bool:
        return self.transport.auth_handler is not None and self.transport.auth_handler.auth_method == "publickey"


def _refusal(
    transport: DeviceTransport, host: Host, fault: paramiko.AuthenticationException, deadline: Deadline | None = None
) -> HostError:
    if transport.is_active():
        if deadline is not None and deadline.expired():
            return TimedOut(f"{where(host)}: login: no answer within {deadline.seconds:g} s")
        return fault_of(fault, transport, host, "login")
    if "too many" in transport.farewell.lower():
        return LoginRefused(f"{where(host)}: login: the device ended it: {transport.farewell}")
    return gone(transport, host, "login")
