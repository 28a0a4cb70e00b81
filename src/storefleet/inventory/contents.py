"""The whole fleet folder as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from storefleet.documents.nodes import Source
from storefleet.errors import Complaint
from storefleet.inventory.blueprint import Blueprint
from storefleet.inventory.calendars import Calendars
from storefleet.inventory.logins import names_for
from storefleet.inventory.nornir_files import Element, Groups
from storefleet.model.credentials import Credential, CredentialRule, Credentials, Purpose
from storefleet.model.selection import ReadFile, Selector, parse, select
from storefleet.model.store import Host, Store


@dataclass(frozen=True)
class Places:
    """Which line of which file made each store and host, and each line of ``use:``; for complaints.

    ``empty_lanes`` are the lane columns that a store's row leaves empty, which is not the same as ``0``.
    """

    stores: Mapping[str, Source] = field(default_factory=dict)
    hosts: Mapping[str, Source] = field(default_factory=dict)
    rules: tuple[Source, ...] = ()
    empty_lanes: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Fleet:
    """Everything that the inventory says; hosts and stores in the order of the files."""

    folder: Path
    stores: Mapping[str, Store]
    hosts: Mapping[str, Host]
    inherited: Groups = field(default_factory=Groups)
    credentials: Credentials = field(default_factory=Credentials)
    blueprint: Blueprint = field(default_factory=Blueprint)
    warnings: tuple[Complaint, ...] = ()
    places: Places = field(default_factory=Places)
    calendars: Calendars | None = None

    @property
    def groups(self) -> Mapping[str, Element]:
        """Return the groups of ``groups.yaml``."""
        return self.inherited.groups

    @property
    def defaults(self) -> Element:
        """Return ``defaults.yaml``."""
        return self.inherited.defaults

    @property
    def known_hosts(self) -> Path:
        """Return where the pinned host keys stand."""
        return self.folder / "inventory" / "known_hosts"

    @property
    def probes(self) -> Path:
        """Return where probes of one's own applications are declared; the file may be missing."""
        return self.folder / "inventory" / "probes.yaml"

    def store_of(self, host: Host) -> Store | None:
        """Return the store of a host, or ``None`` for one that stands in no store."""
        return self.stores.get(host.store)

    def hosts_of(self, store: str) -> tuple[Host, ...]:
        """Return the hosts of a store, in the order of its format."""
        return self._by_store.get(store, ())

    def select(self, text: str, read_file: ReadFile | None = None) -> list[Host]:
        """Return the hosts that a selector names; raises ``SelectorError`` where it means nothing."""
        return select(text, self.hosts.values(), self.stores, read_file)

    def credentials_for(self, host: Host, purpose: Purpose) -> tuple[tuple[str, Credential], ...]:
        """Return the named credentials of the first line of ``use:`` that fits, in the order to be tried."""
        store = self.stores.get(host.store)
        for selector, rule in self._rules:
            if selector.matches(host, store):
                return tuple((name, self.credentials.credentials[name]) for name in names_for(rule, purpose))
        return ()

    @cached_property
    def _rules(self) -> tuple[tuple[Selector, CredentialRule], ...]:
        return tuple((parse(rule.hosts), rule) for rule in self.credentials.use)

    @cached_property
    def _by_store(self) -> dict[str, tuple[Host, ...]]:
        gathered: dict[str, list[Host]] = {}
        for host in self.hosts.values():
            gathered.setdefault(host.store, []).append(host)
        return {store: tuple(hosts) for store, hosts in gathered.items()}
