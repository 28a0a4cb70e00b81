"""``credentials.yaml``: names and sources of logins, and which hosts use which; never a secret itself."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from storefleet.documents import nodes
from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node, Source
from storefleet.errors import Complaint, SelectorError
from storefleet.inventory.overrides import entry_source
from storefleet.inventory.stores import is_date
from storefleet.inventory.texts import suggestion
from storefleet.model.credentials import Credential, CredentialRule, Credentials, KeySource, SecretSource
from storefleet.model.selection import parse

_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}\$?")
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/…]+=*")


def read_credentials(
    node: Node | None, today: datetime.date, notes: Decoder, warnings: list[Complaint]
) -> tuple[Credentials, tuple[Source, ...]]:
    """Read the file; returns the credentials and the line of each ``use:`` rule."""
    if node is None:
        return Credentials(), ()
    file = notes.decode(node, Credentials, "credentials")
    if file is None:
        return Credentials(), ()
    places = _places(node, "credentials")
    for name, credential in file.credentials.items():
        for message in _credential_faults(credential):
            notes.complain(places[name], f"{name}: {message}")
        if credential.retire_by and is_date(credential.retire_by) and credential.retire_by < today.isoformat():
            source = places[name]
            message = f"{name}: retire_by: {credential.retire_by} has passed; rotate it, and remove it here"
            warnings.append(Complaint(source.path, source.line, message))
    rules = _rule_places(node)
    for rule, source in zip(file.use, rules, strict=True):
        _check_rule(rule, source, file, notes)
    for name in _unused(file):
        source = places[name]
        warnings.append(Complaint(source.path, source.line, f"{name}: no line of use: names it; add one, or remove it"))
    return file, rules


def names_for(rule: CredentialRule, purpose: str) -> tuple[str, ...]:
    """Return the names that a rule gives for one purpose, in the order in which they are tried."""
    given: str | tuple[str, ...] = getattr(rule, purpose)
    return (given,) if isinstance(given, str) else given


def _check_rule(rule: CredentialRule, source: Source, file: Credentials, notes: Decoder) -> None:
    try:
        parse(rule.hosts)
    except SelectorError as fault:
        notes.complain(source, f"use: hosts: {fault}")
    for purpose in ("read", "change", "shell"):
        for name in names_for(rule, purpose):
            credential = file.credentials.get(name)
            if credential is None:
                message = f"use: {purpose}: there is no credential {name!r}{suggestion(name, file.credentials)}"
                notes.complain(source, message)
            elif credential.only_for:
                notes.complain(source, f"use: {purpose}: {name!r} is only for {credential.only_for}")


def _unused(file: Credentials) -> Iterator[str]:
    used = {name for rule in file.use for purpose in ("read", "change", "shell") for name in names_for(rule, purpose)}
    yield from (name for name, credential in file.credentials.items() if name not in used and not credential.only_for)


def _credential_faults(credential: Credential) -> Iterator[str]:
    if not _USER.fullmatch(credential.user):
        yield f"user: {credential.user!r} is no account name"
    if credential.key is None and credential.password is None:
        yield "has neither key: nor password:; name where one comes from"
    if credential.key is not None:
        yield from _key_faults(credential.key)
    for name in ("password", "enable"):
        source: SecretSource | None = getattr(credential, name)
        if source is not None:
            yield from _source_faults(name, source)
    for name in ("introduced", "retire_by"):
        text: str | None = getattr(credential, name)
        if text is not None and not is_date(text):
            yield f"{name}: a date as 2026-12-05 is due here, not {text!r}"


def _key_faults(key: KeySource) -> Iterator[str]:
    if (key.file is None) == (key.agent is None):
        yield "key: name exactly one of file: and agent:"
    if key.agent is not None and not _FINGERPRINT.fullmatch(key.agent):
        yield 'key: agent: write the fingerprint of exactly one key, as "SHA256:…"'
    if key.passphrase is not None:
        yield from _source_faults("key: passphrase", key.passphrase)


def _source_faults(what: str, source: SecretSource) -> Iterator[str]:
    given = [name for name in ("env", "file", "command") if getattr(source, name) is not None]
    if len(given) != 1:
        yield f"{what}: name exactly one of env:, file: and command:"
    if source.env is not None and not _ENV.fullmatch(source.env):
        yield f"{what}: env: write the name of an environment variable, not its value"
    if source.command is not None and not source.command:
        yield f"{what}: command: is empty; write the program and its arguments as a list"


def _places(node: Node, key: str) -> dict[str, Source]:
    """Return the line of each entry of one mapping within the document."""
    for name, part in node.entries if isinstance(node, nodes.Mapping) else ():
        if name.text == key and isinstance(part, nodes.Mapping):
            return {entry.text: entry.source for entry, _ in part.entries}
    return {}


def _rule_places(node: Node) -> tuple[Source, ...]:
    for name, part in node.entries if isinstance(node, nodes.Mapping) else ():
        if name.text == "use" and isinstance(part, nodes.Sequence):
            return tuple(entry_source(item, "hosts") for item in part.items)
    return ()
