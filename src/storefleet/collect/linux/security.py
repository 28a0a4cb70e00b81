"""Who can log in, and what guards the door."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Generator

from storefleet.collect.facts import Fact, Findings, Found, in_order
from storefleet.collect.text import NEEDS_ROOT, Records, integer
from storefleet.model.base import Json
from storefleet.model.state import Missing

_KEY = re.compile(r"(?:^|\s)(?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+\s+([A-Za-z0-9+/]{40,}={0,2})")
_PASSWORDS = ("none", "locked", "set")


def users(text: str) -> Findings:
    """Read the probe ``users``: accounts, and the keys that open them.

    The state of each password was worked out on the device; a hash never leaves it.
    """
    records = Records(text)
    shadow = dict(records.fields("shadow", 2))
    by_user = yield from _keys(records)
    found: list[dict[str, Json]] = []
    for name, password, uid, gid, home, shell in records.fields("user", 6):
        number = integer(uid)
        if number is None:
            yield Missing("/security/users", f"cannot parse: the line of {name}")
            continue
        entry: dict[str, Json] = {"name": name, "uid": number, "home": home, "shell": shell}
        group = integer(gid)
        if group is not None:
            entry["gid"] = group
        state = shadow.get(name) if password == "x" else password  # noqa: S105 - passwd's mark for "see shadow"
        if state in _PASSWORDS:
            entry["password"] = state
        elif records.first("shadow") != "read":
            yield Missing(f"/security/users/{len(found)}/password", NEEDS_ROOT)
        if name in by_user:
            entry["authorized_keys"] = in_order(by_user[name])
        found.append(entry)
    _groups(records, found)
    if found:
        yield Fact("/security/users", list(found))


def _groups(records: Records, found: list[dict[str, Json]]) -> None:
    names: dict[int, str] = {}
    members: dict[str, set[str]] = {}
    for line in records.lines("group"):
        parts = line.split(":")
        number = integer(parts[2]) if len(parts) == 4 else None
        if number is not None:
            names[number] = parts[0]
            for member in parts[3].split(","):
                members.setdefault(member, set()).add(parts[0])
    for entry in found:
        primary = names.get(entry["gid"]) if isinstance(entry.get("gid"), int) else None  # type: ignore[arg-type]
        own = members.get(str(entry["name"]), set()) | ({primary} if primary else set())
        entry["groups"] = in_order(own)


def _keys(records: Records) -> Generator[Found, None, dict[str, set[str]]]:
    """Fingerprints of every key that opens an account; one file that may not be read makes the whole list unknown."""
    denied = sorted({name for name, _ in records.fields("denied", 2)})
    by_user: dict[str, set[str]] = {}
    for name, line in records.fields("key", 2):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        print_ = fingerprint(stripped)
        if print_ is None:
            yield Missing("/security/authorized_keys", f"cannot parse: a line of {name}'s authorized keys")
        else:
            by_user.setdefault(name, set()).add(print_)
    if denied:
        yield Missing("/security/authorized_keys", NEEDS_ROOT + ": " + ", ".join(denied))
    else:
        yield Fact("/security/authorized_keys", in_order({key for found in by_user.values() for key in found}))
    return by_user


def fingerprint(line: str) -> str | None:
    """Return ``SHA256:…`` of the key in one line of an authorized_keys file, as ``ssh-keygen -l`` prints it."""
    match = _KEY.search(line)
    if match is None:
        return None
    try:
        blob = base64.b64decode(match[1], validate=True)
    except (binascii.Error, ValueError):
        return None
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
