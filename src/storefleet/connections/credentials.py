"""Fetching secrets and keys from where the inventory says they are: once per run, and never onto any page.

What is fetched is a :class:`Secret`, which prints as ``***``. No message here quotes what a source gave.
"""

from __future__ import annotations

import io
import os
import stat
import subprocess
import threading
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

import paramiko

from storefleet.connections.files import open_regular
from storefleet.errors import CredentialError
from storefleet.model.credentials import KeySource, SecretSource
from storefleet.model.secret import Secret

COMMAND_S = 10.0
MAX_BYTES = 64 * 1024

T = TypeVar("T")


class Wallet:
    """Resolves each source once, whoever asks first; a source that failed is not asked again in this run."""

    def __init__(self, agent_keys: Callable[[], tuple[paramiko.PKey, ...]] | None = None) -> None:
        self._agent_keys = agent_keys if agent_keys is not None else _agent_keys
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._found: dict[Hashable, object] = {}

    def secret(self, source: SecretSource) -> Secret:
        """Return the secret of a source; raises :class:`CredentialError` with the remedy."""
        return self._once(source, lambda: _fetch(source))

    def key(self, source: KeySource) -> paramiko.PKey:
        """Return a private key from a file or, by its fingerprint, from the agent."""
        return self._once(source, lambda: self._load_key(source))

    def secrets(self) -> tuple[Secret, ...]:
        """Return every secret fetched so far, so that a recorder can look for them."""
        return tuple(found for found in list(self._found.values()) if isinstance(found, Secret))

    def _once(self, source: Hashable, fetch: Callable[[], T]) -> T:
        with self._lock:
            lock = self._locks.setdefault(source, threading.Lock())
        with lock:
            if source not in self._found:
                try:
                    self._found[source] = fetch()
                except CredentialError as fault:
                    self._found[source] = str(fault)
        found = self._found[source]
        if isinstance(found, str):
            raise CredentialError(found)
        return found  # type: ignore[return-value]  # what fetch() of this very source returned

    def _load_key(self, source: KeySource) -> paramiko.PKey:
        if source.agent is not None:
            return self._from_agent(source.agent)
        if source.file is None:
            raise CredentialError("a key needs `file:` or `agent:` in credentials.yaml")
        text = _read_private(source.file)
        passphrase = self.secret(source.passphrase) if source.passphrase else None
        return _parse_key(text, source.file, passphrase)

    def _from_agent(self, wanted: str) -> paramiko.PKey:
        for key in self._agent_keys():
            if key.fingerprint == wanted:
                return key
        raise CredentialError(
            f"the SSH agent does not hold the key {wanted}; is SSH_AUTH_SOCK set, and does `ssh-add -l` list it?"
        )


class _AgentKey(paramiko.AgentKey):
    """A key of the agent for many threads: the agent's socket takes one request at a time."""

    _turn = threading.Lock()

    def sign_ssh_data(self, data: Any, algorithm: str | None = None) -> Any:
        """Let the agent sign, one at a time."""
        with self._turn:
            return super().sign_ssh_data(data, algorithm)


def _agent_keys() -> tuple[paramiko.PKey, ...]:
    try:
        agent = paramiko.Agent()
        return tuple(_AgentKey(key.agent, key.blob, key.comment) for key in agent.get_keys())
    except (paramiko.SSHException, OSError) as fault:
        raise CredentialError(f"the SSH agent does not answer: {fault}") from fault


def _fetch(source: SecretSource) -> Secret:
    if source.env is not None:
        text = os.environ.get(source.env, "")
        if not text:
            raise CredentialError(f"the environment variable {source.env} is not set; export it before the run")
        return Secret(text)
    if source.file is not None:
        return _first_line(_read_private(source.file), f"the file {source.file}")
    if source.command:
        return _first_line(_run(source.command), f"the command {source.command[0]}")
    raise CredentialError("a secret needs one of `env:`, `file:` or `command:` in credentials.yaml")


def _first_line(text: str, what: str) -> Secret:
    line = text.split("\n", 1)[0].rstrip("\r")
    if not line:
        raise CredentialError(f"{what} gave an empty first line where a secret is due")
    return Secret(line)


def _run(command: tuple[str, ...]) -> str:
    """Run an argv without a shell. Only the program's name is shown: an argument may be telling."""
    name = command[0]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_S, check=False, close_fds=True
        )
    except subprocess.TimeoutExpired:
        raise CredentialError(f"the command {name} gave no secret within {COMMAND_S:g} s; run it by hand") from None
    except OSError as fault:
        raise CredentialError(f"the command {name} cannot be run: {fault.strerror}") from None
    if done.returncode != 0:
        raise CredentialError(f"the command {name} ended with status {done.returncode}; run it by hand to see why")
    try:
        return done.stdout.decode()
    except UnicodeDecodeError:
        raise CredentialError(f"the command {name} gave text that is not UTF-8") from None


def _read_private(name: str) -> str:
    """Read a regular file of ours or root's that nobody else can open, judged on the open file itself."""
    path = Path(name)
    try:
        with open_regular(path) as stream:
            found = os.fstat(stream.fileno())
            if found.st_uid not in (0, os.geteuid()):
                raise CredentialError(f"{path} belongs to another user; chown it to root or to the account that runs")
            if found.st_mode & 0o077:
                mode = stat.S_IMODE(found.st_mode)
                raise CredentialError(f"{path} can be opened by others (mode {mode:04o}); chmod 600 {path}")
            return stream.read(MAX_BYTES).decode()
    except OSError as fault:
        raise CredentialError(f"{path} cannot be read: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise CredentialError(f"{path} is not text") from None


def _parse_key(text: str, name: str, passphrase: Secret | None) -> paramiko.PKey:
    word = passphrase.reveal() if passphrase else None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text), password=word)
        except paramiko.PasswordRequiredException:
            raise CredentialError(f"{name} is encrypted; say where its `passphrase:` comes from") from None
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    hint = "the passphrase is wrong, or " if passphrase else ""
    raise CredentialError(f"{name}: {hint}it holds no ed25519, ecdsa or rsa private key in OpenSSH or PEM format")
