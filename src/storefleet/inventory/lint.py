"""Fleet lint: what is well written and still cannot be, or will surprise someone; `check` says it first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from storefleet.documents.nodes import Source
from storefleet.errors import Complaint, SelectorError
from storefleet.inventory.addressing import check_addresses
from storefleet.inventory.contents import Fleet
from storefleet.inventory.faults import Faults
from storefleet.inventory.meanings import ambiguous_names
from storefleet.model.selection import check_fields, known_fields, parse
from storefleet.model.store import Host

Note = Callable[[Source, str, str], None]
"""Takes the place, the message and the store or host that it is about."""


@dataclass(frozen=True)
class Lint:
    """What `check` refuses, and what it only says; the fleet's own warnings are not repeated here."""

    complaints: tuple[Complaint, ...]
    warnings: tuple[Complaint, ...]


def lint(fleet: Fleet, pinned: Collection[str] | None = None) -> Lint:
    """Look over the whole fleet; ``pinned`` are the hosts with a known host key, ``None`` where nobody looked."""
    errors, warnings = Faults(), Faults()
    check_addresses(fleet, errors, warnings)
    for name, meanings in ambiguous_names(fleet):
        source = _place_of(name, fleet)
        said = f"the name {name!r} means {' and '.join(meanings)}, and not the same hosts; rename one"
        errors.add(source, said, "", name)
    _check_use(fleet, errors, warnings)
    for host in fleet.hosts.values():
        if host.connection == "ssh" and host.connect.host is None and host.address is None:
            message = "has neither address: nor connect.host:, so it cannot be reached; write one, or connection: none"
            errors.add(fleet.places.hosts[host.name], message, host.name, "unreachable")
        for message in _host_warnings(fleet, host, pinned):
            warnings.add(fleet.places.hosts[host.name], message, host.name, message)
    for source, message, about in _unused(fleet):
        warnings.add(source, message, about, message)
    return Lint(tuple(sorted(set(errors.complaints()))), tuple(sorted(set(warnings.complaints()))))


def _host_warnings(fleet: Fleet, host: Host, pinned: Collection[str] | None) -> Iterator[str]:
    store = fleet.store_of(host)
    if host.status in {"in_repair", "spare"} and host.until is None:
        yield f"status: {host.status} without until:; it stays out of the audit until someone remembers"
    if host.connection == "none" or (store is not None and store.status == "closed"):
        return
    if not fleet.credentials_for(host, "read"):
        yield "no line of use: in credentials.yaml gives a read credential"
    if pinned is not None and host.name not in pinned:
        yield "no host key is pinned; it will be refused until: storefleet hostkeys trust (look first: hostkeys scan)"


def _check_use(fleet: Fleet, errors: Faults, warnings: Faults) -> None:
    """Hold every line of ``use:`` against the fleet: a field that does not exist, or hosts that no line reaches."""
    known = known_fields(fleet.hosts.values(), fleet.stores)
    for rule, source in zip(fleet.credentials.use, fleet.places.rules, strict=True):
        selector = parse(rule.hosts)
        try:
            check_fields(selector, known)
        except SelectorError as fault:
            errors.add(source, f"use: hosts: {fault}", "", rule.hosts)
            continue
        if not any(selector.matches(host, fleet.store_of(host)) for host in fleet.hosts.values()):
            warnings.add(source, f"use: hosts: {rule.hosts}: matches no host", "", rule.hosts)


def _unused(fleet: Fleet) -> Iterator[tuple[Source, str, str]]:
    """Yield what is written and makes no host: a format without a store, a kind without a device, lanes left empty."""
    used = {store.format for store in fleet.stores.values()}
    extended = {name for format_ in fleet.blueprint.formats.values() for name in format_.extends}
    kinds = {host.kind for host in fleet.hosts.values()}
    for name, format_ in fleet.blueprint.formats.items():
        if name not in used and name not in extended:
            yield format_.source, f"formats.{name}: no store has this format", ""
    for name, line in fleet.blueprint.kinds.items():
        if name not in kinds:
            yield line.source, f"devices.{name}: no host is of this kind", ""
    for store, empty in fleet.places.empty_lanes.items():
        if fleet.stores[store].status != "closed":
            yield from _empty_lanes(fleet, store, empty)


def _empty_lanes(fleet: Fleet, store: str, empty: Collection[str]) -> Iterator[tuple[Source, str, str]]:
    """Yield a warning for every line of the store's format that an empty cell leaves without a device."""
    made = fleet.blueprint.formats.get(fleet.stores[store].format)
    for row in made.rows if made else ():
        if row.key.lane_column in empty:
            message = f"{row.key.lane_column}: is empty, so {row.key.text} makes no device; write 0 if that is meant"
            yield fleet.places.stores[store], message, store


def _place_of(name: str, fleet: Fleet) -> Source:
    for places in (fleet.places.stores, fleet.places.hosts):
        if name in places:
            return places[name]
    for kind in fleet.blueprint.kinds.values():
        if name in {kind.role, kind.platform, *(kind.groups or ())}:
            return kind.source
    for store in fleet.stores.values():
        if name in {store.region, store.format}:
            return fleet.places.stores[store.id]
    return Source("inventory", 0)
