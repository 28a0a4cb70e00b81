"""What follows from another difference of the same host is told with it: one change by hand is told once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from storefleet.drift.compare import CONFIG, Delta

_PACKAGE = re.compile(r"/software/packages/(?P<name>[^/]+)(/version)?")
_SHUT = re.compile(r"interface (?P<name>\S+)( / (no )?shutdown)?")
_SERVICE = re.compile(r"/services/(?P<name>[^/]+?)(@[^/]*)?\.service")
_PROCESS = re.compile(r'(?:^|, )process "(?P<name>[^"]+)"')
_FOLLOWERS = re.compile(r"/files\[|/network/interfaces/|/ports/listening\[|/(?!software/).*/version$")
"""What may follow from something else at all."""

_FIELDS = re.compile(r"(?:admin_up|link_up|speed|duplex) ")


@dataclass(frozen=True)
class Told:
    """A difference, and those that follow from it."""

    head: Delta
    others: tuple[Delta, ...] = ()


def told_together(some: Sequence[Delta], sources: Mapping[str, str]) -> list[Told]:
    """Return every difference once: at the head of its own, or with the one that it follows from.

    ``sources`` says which facts are read out of which file: ``/app/pos`` → ``/opt/pos/etc/pos.ini``.
    """
    heads: dict[int, int] = {}
    for at, delta in enumerate(some):
        if not _FOLLOWERS.match(delta.key):
            continue  # after an update thousands of packages differ, and none of them follows from another
        head = next(
            (place for place, other in enumerate(some) if place != at and _follows(delta, other, sources)), None
        )
        if head is not None:
            heads[at] = head
    roots = {at: _root(at, heads) for at in range(len(some))}
    return [
        Told(delta, tuple(some[other] for other, root in roots.items() if root == at and other != at))
        for at, delta in enumerate(some)
        if roots[at] == at
    ]


def _root(at: int, heads: Mapping[int, int]) -> int:
    """Return what something follows from in the end; the rules lead to no circle."""
    for _ in heads:
        at = heads.get(at, at)
    return at


def _follows(delta: Delta, head: Delta, sources: Mapping[str, str]) -> bool:
    """Tell whether a difference comes of another by what both say, not by when they were seen."""
    rules = (_is_version_of, _is_port_of, _is_socket_of)
    return _is_file_of(delta, head, sources) or any(rule(delta, head) for rule in rules)


def _is_file_of(delta: Delta, head: Delta, sources: Mapping[str, str]) -> bool:
    """Tell whether a file has another content because of a setting in it that is a fact of its own."""
    place = next((place for place in sources if head.key.startswith(f"{place}/")), None)
    if place is None or delta.key != f"/files[{sources[place]}]":
        return False
    return all(re.match("(sha256|size) ", part) for side in (delta.approved, delta.observed) for part in _parts(side))


def _is_version_of(delta: Delta, head: Delta) -> bool:
    """Tell whether an application says of itself what its package says."""
    if _PACKAGE.fullmatch(head.key) is None or delta.part == "software" or not delta.key.endswith("/version"):
        return False
    return None not in (delta.approved, delta.observed) and _values(delta) == _values(head)


def _values(delta: Delta) -> tuple[str, ...]:
    """Return both versions without what a distribution puts around them: ``1:2.4.1-1`` is ``2.4.1``."""
    sides = ((side or "").removeprefix("version ").strip('"') for side in (delta.approved, delta.observed))
    return tuple(re.sub(r"^\d+:|-[^-]*$", "", side) for side in sides)


def _is_port_of(delta: Delta, head: Delta) -> bool:
    """Tell whether a router's interface is down, or up, because its configuration says so."""
    found = _SHUT.fullmatch(head.key) if head.part == CONFIG else None
    if found is None or delta.key != f"/network/interfaces/{found['name']}":
        return False
    return all(_FIELDS.match(part) for side in (delta.approved, delta.observed) for part in _parts(side))


def _parts(side: str | None) -> Iterator[str]:
    yield from (side or "").split(", ") if side else ()


def _is_socket_of(delta: Delta, head: Delta) -> bool:
    """Tell whether a port is open or closed because the service that listens on it was started or stopped."""
    service = _SERVICE.fullmatch(head.key)
    if service is None or not delta.key.startswith("/ports/listening["):
        return False
    process = _PROCESS.search(delta.approved or delta.observed or "")
    came_or_went = (delta.approved is None) != (delta.observed is None)
    return process is not None and came_or_went and process["name"] == service["name"] and _stopped(head)


def _stopped(head: Delta) -> bool:
    """Tell whether the service runs on one side only."""
    runs = ['active "active"' in (side or "") for side in (head.approved, head.observed)]
    return runs[0] != runs[1]
