"""Two pictures of one host, fact by fact: what is there on one side only, and what is another on both."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storefleet.drift import config_lines

CONFIG = "running-config"
"""The part that is a text of lines in sections, and not of facts under keys."""

_ELEMENT = re.compile(
    r"(?P<whole>/files\[.*?\]|/services(?:/[^/]+|\[.*?\])|/security/firewall|/security/users\[.*?\]|/ports/listening\[.*?\]"
    r"|/security/(?:jobs|certificates)\[.*?\]|/hardware/\w+\[.*?\]|/network/routes\[.*?\]|/network/interfaces(?:/[^/]+|\[.*?\]))/(?P<field>.+)"
)
"""What is one thing to people: a file of which content and size are others has changed once."""


@dataclass(frozen=True)
class Delta:
    """One thing on both sides; ``None`` where it is not there. ``keys`` are those of its facts that differ.

    Of a configuration ``went`` and ``came`` are the lines of each side that are not on the other.
    """

    part: str
    key: str
    approved: str | None
    observed: str | None
    keys: tuple[str, ...] = ()
    went: tuple[tuple[str, ...], ...] = ()
    came: tuple[tuple[str, ...], ...] = ()

    def name(self, host: str) -> str:
        """Return how people name it: the same for the same difference of the same host, whoever asks when."""
        told = "\0".join((host, self.part, self.key, str(self.approved), str(self.observed)))
        return f"D-{hashlib.sha256(told.encode('utf-8', 'replace')).hexdigest()[:8]}"


def deltas(approved: Mapping[str, str], observed: Mapping[str, str]) -> list[Delta]:
    """Return what differs between the files of a host, by part and key."""
    found: list[Delta] = []
    for part in sorted({*approved, *observed}):
        if part == CONFIG:
            found += [
                Delta(CONFIG, one.key, one.before, one.now, one.keys, one.went, one.came)
                for one in config_lines.changes(approved.get(part, ""), observed.get(part, ""))
            ]
            continue
        before, now = (facts(part, files.get(part, "")) for files in (approved, observed))
        differing: dict[str, list[str]] = defaultdict(list)
        for key in sorted({*before, *now}):
            if before.get(key) != now.get(key) and not _says_nothing(key, before, now):
                whole = _ELEMENT.fullmatch(key)
                differing[whole["whole"] if whole else key].append(key)
        found += [
            Delta(part, name, _told(name, keys, before), _told(name, keys, now), tuple(keys))
            for name, keys in differing.items()
        ]
    return found


def _says_nothing(key: str, one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Tell whether a list is empty on one side and not there on the other: what came or went is told by itself."""
    return (key in one) != (key in other) and one.get(key, other.get(key)) in ("[]", "{}")


def told(delta: Delta, side: Mapping[str, str]) -> str | None:
    """Return what another picture's facts say of the same thing."""
    if delta.part == CONFIG:
        return config_lines.told(delta.keys, side)
    return _told(delta.key, delta.keys, side)


def _told(name: str, keys: Sequence[str], side: Mapping[str, str]) -> str | None:
    """Return what one side says of a thing: of one with fields, those of them that differ."""
    if list(keys) == [name]:
        return side.get(name)
    if not any(key == name or key.startswith(f"{name}/") for key in side):
        return None
    return ", ".join(f"{key.removeprefix(f'{name}/')} {side.get(key, 'absent')}".strip() for key in keys)


def facts(part: str, text: str) -> dict[str, str]:
    """Return the facts of a file by their keys; of a configuration each line behind its sections."""
    if part == CONFIG:
        return config_lines.keyed(text)
    rows = (line.partition(" = ") for line in text.splitlines() if line)
    return {key: value for key, _, value in rows}


def section(delta: Delta) -> str:
    """Return where in a host a difference is: a section of the configuration, or a group of facts."""
    if delta.part == CONFIG:
        head, inside, _ = delta.key.partition(config_lines.SEPARATOR)
        return head if inside or len(delta.keys) > 1 else " ".join(head.split()[:2])
    steps = re.split(r"[/\[]", delta.key.removeprefix("/"))
    return "/".join(steps[:1] if delta.part in ("files", "services", "app") else steps[:2])


def accepted(part: str, approved: str, observed: str, keys: frozenset[str]) -> str:
    """Return a file as it is approved once these facts are taken as they are observed; raises ``ValueError``."""
    if part == CONFIG:
        return config_lines.taken(approved, observed, keys)
    before, now = facts(part, approved), facts(part, observed)
    merged = {key: value for key, value in before.items() if key not in keys}
    merged |= {key: now[key] for key in keys if key in now}
    values = _valueless(approved) | _valueless(observed)
    return "".join(f"{key}\n" if key in values else f"{key} = {merged[key]}\n" for key in sorted(merged))


def _valueless(text: str) -> set[str]:
    """Return the keys that are facts by being there, such as a name in a list."""
    return {line for line in text.splitlines() if " = " not in line}
