"""Which fact of a host a difference is about, so that controls speak of it, and which lane it cuts."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from storefleet.drift.compare import CONFIG, Delta

_FACTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(line), place)
    for line, place in (
        (r"interface (?P<name>\S+).*", "/network/interfaces/{name}"),
        (r"(?:no )?ipv?6? route (?P<name>\S+).*", "/network/routes[{name}"),
        (r"(?:no )?ip name-server.*", "/network/dns"),
        (r"(?:no )?ntp .*", "/network/ntp"),
        (r"(?:no )?log syslog.*", "/management/syslog"),
        (r"line vty.*", "/management/vty"),
    )
)
"""Which fact of a router a line of its configuration decides."""

_INTERFACE = re.compile(r"(?:interface |/network/interfaces/)(?P<name>[^/ ]+)(?: / (?:no )?shutdown)?")


def fact_place(delta: Delta) -> str | None:
    """Return the place of the fact in the state document; ``None`` for a line that decides none."""
    if delta.part != CONFIG:
        return delta.key
    found = ((pattern.fullmatch(delta.key), place) for pattern, place in _FACTS)
    return next((place.format(**match.groupdict()) for match, place in found if match), None)


def fact_places(delta: Delta) -> tuple[str, ...]:
    """Return the places of all the facts that differ: of a file of which only the mode does, of no other."""
    place = fact_place(delta)
    return delta.keys if delta.part != CONFIG and delta.keys else (place,) if place is not None else ()


def is_below(key: str, place: str) -> bool:
    """Tell whether a key is a place or stands below it; ``eth10`` is not below ``eth1``."""
    ends = (",", "]") if "[" in place and not place.endswith("]") else ("/", "[")
    return key == place or key.startswith(tuple(f"{place}{end}" for end in ends))


def related(one: str, other: str) -> bool:
    """Tell whether one of two places is the other, or holds it."""
    return is_below(one, other) or is_below(other, one)


def cut_lane(delta: Delta, configuration: Mapping[str, str], devices: Collection[str]) -> str | None:
    """Return the device of a store behind a router's port that was shut, by the port's description or its name.

    ``configuration`` holds the approved lines by their keys, ``devices`` the store's own names: ``pos1``.
    """
    found = _INTERFACE.fullmatch(delta.key)
    if found is None or not _is_shut(delta):
        return None
    head = f"interface {found['name']} / description "
    described = [key.removeprefix(head) for key in configuration if key.startswith(head)]
    words = {word for text in (*described, found["name"]) for word in (text, *re.split(r"[^A-Za-z0-9_]+", text))}
    return next((device for device in devices if device in words), None)


def _is_shut(delta: Delta) -> bool:
    if delta.part == CONFIG:
        return any(path[-1] == "shutdown" for path in delta.came)
    return "admin_up false" in (delta.observed or "").split(", ")
