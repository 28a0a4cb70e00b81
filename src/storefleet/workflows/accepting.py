"""`drift accept`: what is, is how it should be; said by somebody, with a reason, and kept in the archive for good."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from storefleet.drift.compare import Delta, accepted
from storefleet.drift.signature import signature
from storefleet.errors import InputError
from storefleet.model.store import Host
from storefleet.storage.git import Trailer
from storefleet.storage.snapshots import APPROVED, OBSERVED, Night
from storefleet.workflows import clock
from storefleet.workflows.drifting import Drift
from storefleet.workflows.evidence import own_values
from storefleet.workflows.hidden import keys_of
from storefleet.workflows.sightings import NOTHING_SEEN, need
from storefleet.workflows.snapshots import folder_of, repository
from storefleet.workflows.workspace import Workspace, actor


@dataclass(frozen=True)
class AcceptRequest:
    """What is accepted: differences by their names, all with one signature, or everything as it was found."""

    limit: str
    reason: str
    ticket: str | None = None
    names: tuple[str, ...] = ()
    signature: str | None = None
    as_found: bool = False


@dataclass(frozen=True)
class Accepted:
    """How many differences of how many hosts were accepted."""

    hosts: int
    differences: int


def accept(workspace: Workspace, request: AcceptRequest) -> Accepted:
    """Write what is accepted into the approved picture; raises :class:`InputError` where nothing is meant."""
    _check(request)
    snapshots = repository(workspace)
    need(snapshots, OBSERVED, NOTHING_SEEN)
    hosts = workspace.select(request.limit)
    with workspace.open_database() as database, snapshots.begin() as seen, snapshots.begin(APPROVED) as night:
        drift = Drift(workspace, database, snapshots, seen, night.known)
        done = _as_found(hosts, seen, night) if request.as_found else _chosen(workspace, request, hosts, drift, night)
        if not done.differences:
            raise InputError(f"nothing of {request.limit} is left to be accepted: {_what(request)}")
        trailers = (*_trailers(request, done), *keys_of(drift.histories, hosts, night.changed))
        snapshots.end(night, f"accept {request.limit}", trailers, int(clock.now().timestamp()))
    return done


def _check(request: AcceptRequest) -> None:
    ways = sum((bool(request.names), request.signature is not None, request.as_found))
    if ways != 1:
        ways_named = "differences (D-…), --signature TEXT, or --as-found"
        raise InputError(
            f"say in one way what is accepted: {ways_named}" if ways else f"name what is accepted: {ways_named}"
        )
    if not request.reason.strip():
        raise InputError("--reason is empty: say why this is how it should be")


def _what(request: AcceptRequest) -> str:
    if request.as_found:
        return "it is as it was approved, or was never seen"
    return f"no difference has the signature {request.signature!r:.120}" if request.signature else "no such difference"


def _as_found(hosts: Sequence[Host], seen: Night, night: Night) -> Accepted:
    before = len(night.changed)
    touched = 0
    for host in hosts:
        folder = folder_of(host.store, host.name)
        if folder in seen.known:
            many = len(night.changed)
            night.take(folder, seen.known[folder])
            touched += len(night.changed) > many
    return Accepted(touched, len(night.changed) - before)


def _chosen(
    workspace: Workspace, request: AcceptRequest, hosts: Sequence[Host], drift: Drift, night: Night
) -> Accepted:
    left = set(request.names)
    touched = many = 0
    for host in hosts:
        own = own_values(workspace, host)
        picture = drift.picture(host)
        meant = [
            one
            for one in (picture.told if picture else ())
            if one.head.name(host.name) in request.names
            or (request.signature and signature(one.head, own) == request.signature)
        ]
        if meant:
            _take(host, [delta for one in meant for delta in (one.head, *one.others)], drift, night)
            left -= {one.head.name(host.name) for one in meant}
            touched, many = touched + 1, many + len(meant)
    if left and left & _behind(hosts, drift):
        named = ", ".join(sorted(left))
        raise InputError(
            f"{named}: it is as it was approved, and behind the standard; change the standard, or plan it; nothing was"
            " accepted"
        )
    if left:
        raise InputError(f"{', '.join(sorted(left))}: no such difference of {request.limit} now; nothing was accepted")
    return Accepted(touched, many)


def _behind(hosts: Sequence[Host], drift: Drift) -> set[str]:
    """Return the names of what is as it was approved while something else is intended."""
    pictures = [(host, picture) for host in hosts if (picture := drift.picture(host)) is not None]
    return {delta.name(host.name) for host, picture in pictures for delta, _ in drift.intended.of(picture).behind}


def _take(host: Host, meant: Sequence[Delta], drift: Drift, night: Night) -> None:
    folder = folder_of(host.store, host.name)
    files = night.before(folder)
    observed = drift.night.before(folder)
    by_part: dict[str, set[str]] = defaultdict(set)
    for delta in meant:
        by_part[delta.part].update(delta.keys)
    for part, keys in by_part.items():
        try:
            text = accepted(part, files.get(part, ""), observed.get(part, ""), frozenset(keys))
        except ValueError as fault:
            raise InputError(f"{host.name}: {fault}; name all of them, or use --as-found") from fault
        if text:
            files[part] = text
        else:
            files.pop(part, None)
    night.keep(folder, files)


def _trailers(request: AcceptRequest, done: Accepted) -> tuple[Trailer, ...]:
    who = actor(os.environ)
    told = {
        "Accepted-By": f"{who.user} on {who.on}",
        "Reason": request.reason,
        "Ticket": request.ticket or "",
        "Differences": ", ".join(request.names) or (request.signature or f"all of {done.hosts} hosts, as found"),
    }
    return tuple(Trailer(name, value) for name, value in told.items() if value)
