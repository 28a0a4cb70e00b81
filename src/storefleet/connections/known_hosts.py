"""The pinned host keys: an OpenSSH ``known_hosts`` file, keyed by host name as a HostKeyAlias, never by address.

The same private address exists in many stores. paramiko's own loader is quadratic (25,000 lines take 106 s), dies on
``@revoked`` and forgets comments; here one pass builds an index, and adding a key keeps every other byte.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from storefleet.connections.files import open_regular
from storefleet.documents.files import write_atomically
from storefleet.errors import Complaint, InputError
from storefleet.model.base import is_identifier

_KEY_TYPES = ("ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-")


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """One public host key: its type, the blob that SSH sends, and where it stands in the file."""

    type: str
    blob: bytes
    comment: str = ""
    line: int = 0

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` as OpenSSH prints it."""
        return fingerprint(self.blob)


def fingerprint(blob: bytes) -> str:
    """Return the OpenSSH fingerprint of a public key blob."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


@dataclass(frozen=True)
class KnownHosts:
    """The index: keys by host name, and the keys that no host may show."""

    by_name: Mapping[str, tuple[PinnedKey, ...]] = field(default_factory=dict)
    revoked: frozenset[bytes] = frozenset()
    path: str = "known_hosts"

    @classmethod
    def load(cls, path: Path) -> KnownHosts:
        """Read a file once; a missing one pins nothing. Raises :class:`InputError` with every bad line."""
        data = _read(path)
        by_name: dict[str, list[PinnedKey]] = {}
        revoked: set[bytes] = set()
        complaints: list[Complaint] = []
        for number, line in enumerate(data.split(b"\n"), 1):
            try:
                entry = _parse(line, number)
            except ValueError as fault:
                complaints.append(Complaint(str(path), number, str(fault)))
                continue
            if entry is None:
                continue
            marker, names, key = entry
            if marker == "@revoked":
                revoked.add(key.blob)
            elif not marker:
                for name in names:
                    by_name.setdefault(name, []).append(key)
        if complaints:
            raise InputError(complaints)
        return cls({name: tuple(keys) for name, keys in by_name.items()}, frozenset(revoked), str(path))

    def keys(self, name: str) -> tuple[PinnedKey, ...]:
        """Return the keys pinned for a host name, in the file's order."""
        return self.by_name.get(name, ())

    @cached_property
    def _owners(self) -> Mapping[bytes, tuple[str, ...]]:
        owners: dict[bytes, list[str]] = {}
        for name, keys in self.by_name.items():
            for key in keys:
                owners.setdefault(key.blob, []).append(name)
        return {blob: tuple(names) for blob, names in owners.items()}

    def owners(self, blob: bytes) -> tuple[str, ...]:
        """Return the host names for which this key is pinned: more than one means a cloned image."""
        return self._owners.get(blob, ())

    def shared(self) -> Iterator[tuple[PinnedKey, tuple[str, ...]]]:
        """Yield each key that several hosts have, with their names: whoever holds one of them can play the others."""
        for blob, names in self._owners.items():
            if len(set(names)) > 1:
                yield next(key for key in self.by_name[names[-1]] if key.blob == blob), tuple(dict.fromkeys(names))


def add(path: Path, name: str, key: PinnedKey, comment: str) -> None:
    """Append one line; every other byte of the file stays, and a reader sees the old file or the new one."""
    if not is_identifier(name):
        raise InputError(f"{name!r} is not a host name of the inventory")
    words = " ".join("".join(c if c.isprintable() else " " for c in comment).split())
    line = f"{name} {key.type} {base64.b64encode(key.blob).decode()} {words}".rstrip()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # two people enrolling at once must not lose a line
        before = _read(path)
        gap = b"" if not before or before.endswith(b"\n") else b"\n"
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
        write_atomically(path, before + gap + line.encode() + b"\n", mode)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            if mode & 0o022:
                message = f"others may write here (mode {mode:04o}), so it proves nothing; chmod go-w {path}"
                raise InputError([Complaint(str(path), 0, message)])
            return stream.read()
    except FileNotFoundError:
        return b""
    except OSError as fault:
        raise InputError([Complaint(str(path), 0, f"cannot be read: {fault.strerror}")]) from fault


def _parse(line: bytes, number: int) -> tuple[str, tuple[str, ...], PinnedKey] | None:
    text = line.decode("utf-8", "replace").strip()
    if not text or text.startswith("#"):
        return None
    marker = ""
    if text.startswith("@"):
        marker, _, text = text.partition(" ")
        if marker not in ("@revoked", "@cert-authority"):
            raise ValueError(f"the marker {marker} is not known; OpenSSH has @revoked and @cert-authority")
    fields = text.split(None, 3)
    if len(fields) < 3:
        raise ValueError("not a known_hosts line; NAME KEYTYPE BASE64 [COMMENT] is due")
    names, key_type, encoded = fields[:3]
    if not marker and names.startswith("|1|"):
        raise ValueError("a hashed name cannot be looked up by a person; write the host's name")
    if not marker and any(character in names for character in "*?!"):
        raise ValueError(f"{names} is a pattern; a key is pinned for one host name")
    comment = fields[3] if len(fields) > 3 else ""
    return marker, tuple(names.split(",")), PinnedKey(key_type, _blob(key_type, encoded), comment, number)


def _blob(key_type: str, encoded: str) -> bytes:
    if not key_type.startswith(_KEY_TYPES):
        raise ValueError(f"{key_type[:40]!r} is not a key type")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the key is not valid base64; the line is damaged") from None
    length = int.from_bytes(blob[:4], "big")
    if blob[4 : 4 + length] != key_type.encode():
        raise ValueError(f"the key inside is not of the type {key_type}; the line is damaged")
    return blob
