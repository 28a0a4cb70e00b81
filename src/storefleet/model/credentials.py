"""Credentials as the inventory declares them: names and sources, never the secret itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from storefleet.model.base import Value

Purpose: TypeAlias = Literal["read", "change", "shell"]
"""What a session is for: verbs that change nothing log in with ``read``; ``shell`` is a router's second account."""


class SecretSource(Value, frozen=True):
    """Where a secret comes from; exactly one is set. A file must belong to us and be closed to others (0600)."""

    env: str | None = None
    file: str | None = None
    command: tuple[str, ...] | None = None


class KeySource(Value, frozen=True):
    """A private key: a file (with the source of its passphrase), or exactly one key of the agent by fingerprint."""

    file: str | None = None
    passphrase: SecretSource | None = None
    agent: str | None = None


class Credential(Value, frozen=True):
    """One named login. ``become`` says how root is taken on a host where ``user`` is not root."""

    user: str
    key: KeySource | None = None
    password: SecretSource | None = None
    enable: SecretSource | None = None
    become: Literal["sudo"] | None = None
    introduced: str | None = None
    retire_by: str | None = None
    only_for: str | None = None


class CredentialRule(Value, frozen=True):
    """Which credentials a selection of hosts uses, in the order in which they are tried."""

    hosts: str
    read: str | tuple[str, ...] = ()
    change: str | tuple[str, ...] = ()
    shell: str | tuple[str, ...] = ()


class Lockout(Value, frozen=True):
    """Wrong answers after which a credential is put aside: on one host, and over the whole fleet."""

    per_host: int = 2
    fleet: int = 5


class Credentials(Value, frozen=True):
    """The whole of ``inventory/credentials.yaml``."""

    credentials: Mapping[str, Credential] = {}
    use: tuple[CredentialRule, ...] = ()
    lockout: Lockout = msgspec.field(default_factory=Lockout)
