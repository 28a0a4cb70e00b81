"""Nornir's own files: ``groups.yaml`` and ``defaults.yaml`` for what hosts share, ``hosts.yaml`` for plain hosts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from storefleet.documents import nodes
from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node, Source
from storefleet.inventory.addresses import is_ip
from storefleet.inventory.hostchecks import host_faults
from storefleet.inventory.texts import suggestion
from storefleet.model.base import Json, Value
from storefleet.model.store import Host

_HOST_DATA = (
    *("store", "device", "role", "address", "connection", "status", "until", "ticket"),
    *("label", "serial", "mac", "model", "charset", "kind", "n"),
)
"""Keys of a plain host's ``data`` that become fields of our own host; the others stay its data."""


class ConnectionOption(Value, frozen=True):
    """Nornir's options of one connection plugin."""

    hostname: str | None = None
    port: int | None = None
    username: str | None = None
    password: None = None
    platform: str | None = None
    extras: Mapping[str, Json] = {}


class Element(Value, frozen=True):
    """A group, the defaults, or a plain host, as Nornir writes them; a password is never taken from here."""

    source: Source = Source("", 0)
    hostname: str | None = None
    port: int | None = None
    username: str | None = None
    password: None = None
    platform: str | None = None
    groups: tuple[str, ...] = ()
    data: Mapping[str, Json] = {}
    connection_options: Mapping[str, ConnectionOption] = {}


@dataclass(slots=True)
class Groups:
    """What hosts inherit; ``declared`` is whether there is a ``groups.yaml``, whose names are then binding."""

    groups: Mapping[str, Element] = field(default_factory=dict)
    defaults: Element = field(default_factory=Element)
    declared: bool = False
    _extended: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    def extended(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the groups with those that they are in, in Nornir's order of precedence."""
        known = self._extended.get(names)
        if known is None:
            found: dict[str, None] = {}
            for name in names:
                found.setdefault(name)
                element = self.groups.get(name)
                for parent in self.extended(element.groups) if element else ():
                    found.setdefault(parent)
            known = self._extended[names] = tuple(found)
        return known

    def inherited(self, names: tuple[str, ...], attribute: str) -> Json:
        """Return the first value of an attribute over groups (already extended) and defaults."""
        for name in names:
            element = self.groups.get(name)
            if element and getattr(element, attribute) is not None:
                return getattr(element, attribute)  # type: ignore[no-any-return]  # platform or port
        return getattr(self.defaults, attribute)  # type: ignore[no-any-return]  # as above

    def unknown(self, names: tuple[str, ...]) -> Iterator[str]:
        """Yield a complaint about every group that ``groups.yaml`` does not have."""
        for name in names if self.declared else ():
            if name not in self.groups:
                yield f"groups: groups.yaml has no group {name!r}{suggestion(name, self.groups)}"


def read_groups(groups: Node | None, defaults: Node | None, notes: Decoder) -> Groups:
    """Read both files; groups that contain themselves or name others that do not exist are complained about."""
    found = (notes.decode(groups, dict[str, Element], "groups") if groups else None) or {}
    base = (notes.decode(defaults, Element, "defaults") if defaults else None) or Element()
    for name, element in found.items():
        for parent in element.groups:
            if parent not in found:
                notes.complain(element.source, f"{name}: there is no group {parent!r}{suggestion(parent, found)}")
    looped = {name for name in found if name in set(_above(name, found))}
    for name in sorted(looped):
        notes.complain(found[name].source, f"{name}: the group contains itself")
    sound = {name: element for name, element in found.items() if name not in looped}
    return Groups(sound, base, declared=groups is not None)


def _above(name: str, groups: Mapping[str, Element]) -> Iterator[str]:
    waiting = list(groups[name].groups)
    seen: set[str] = set()
    while waiting:
        parent = waiting.pop()
        if parent not in seen and parent in groups:
            seen.add(parent)
            waiting.extend(groups[parent].groups)
            yield parent


def read_hosts(
    node: Node | None, groups: Groups, stores: Collection[str], notes: Decoder
) -> Iterator[tuple[Host, Source]]:
    """Yield the plain hosts; one in no store has the store ``""``, a jump host at head office for example."""
    if node is None or not isinstance(node, nodes.Mapping):
        if node is not None:
            notes.complain(node.source, "hosts: a mapping of host names is due here")
        return
    for key, part in node.entries:
        element = notes.decode(part, Element, key.text)
        if element is None:
            continue
        try:
            host = _plain_host(key.text, element, groups, stores)
        except msgspec.ValidationError as fault:
            notes.complain(key.source, f"{key.text}: {fault}")
            continue
        wrong = [*host_faults(host), *groups.unknown(host.groups)]
        if host.store and host.store not in stores:
            wrong.append(f"data.store: stores.csv has no store {host.store!r}{suggestion(host.store, stores)}")
        for message in wrong:
            notes.complain(key.source, f"{key.text}: {message}")
        if not wrong:
            yield host, key.source


def _plain_host(name: str, element: Element, groups: Groups, stores: Collection[str]) -> Host:
    known = {key: element.data[key] for key in _HOST_DATA if key in element.data}
    store, _, device = name.rpartition("-")
    inside = store in stores
    extended = groups.extended(element.groups)
    if element.hostname is not None and is_ip(element.hostname):
        known.setdefault("address", element.hostname)
    connect: dict[str, Json] = {
        "host": None if element.hostname == known.get("address") else element.hostname,
        "port": element.port or groups.inherited(extended, "port") or 22,
        "via": element.data.get("via"),
    }
    fields: dict[str, Json] = {
        "name": name,
        "store": store if inside else "",
        "device": device if inside else name,
        "role": "host",
        **known,
        "platform": element.platform or groups.inherited(extended, "platform") or "",
        "connect": connect,
        "groups": list(extended),
        "data": {key: value for key, value in element.data.items() if key not in {*_HOST_DATA, "via"}},
    }
    return msgspec.convert(fields, Host)
