"""Who is who in a fleet, out of the archive, the asset register, the pinned host keys and the newest audits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from storefleet.connections.known_hosts import KnownHosts
from storefleet.drift.identity import is_another, is_comparable, ledger
from storefleet.drift.identity_book import Entry
from storefleet.drift.identity_values import KINDS, NOTHING, Identity, Kind
from storefleet.model.drift import IdentityNote
from storefleet.model.store import Host
from storefleet.storage.database import Database
from storefleet.storage.git import Commit
from storefleet.storage.snapshots import OBSERVED, Night, Snapshots
from storefleet.storage.versions import versions
from storefleet.workflows.scope import why_skipped
from storefleet.workflows.snapshots import folder_of, has_read
from storefleet.workflows.workspace import Workspace

_ID = re.compile(r'^/system/(serial|machine_id) = (".*")$', re.MULTILINE)
_MAC = re.compile(r'^/network/interfaces/.+/mac = "([0-9A-Fa-f:]+)"$', re.MULTILINE)
_REFUSED = re.compile(
    r"\S+ \([^()]*\): (?P<says>shows [^;]*?, (?:but [^;]* is pinned|which is revoked in [^;]*)); nothing was sent\."
    r"(?: That key is pinned for (?P<owners>[^:]+):)?"
)
"""The words of ``HostKeyChanged``, of which an audit keeps nothing but the words."""
_LOOK_BACK = 5
"""Audits in which a host that is dark is looked for: one with ``-l`` may not have asked it."""


@dataclass
class Identities:
    """The ledger of a comparison, made when it is first asked for: of the whole fleet, whoever is asked about.

    ``base`` is the side with which is compared: what was approved, or the run ``then``.
    """

    workspace: Workspace
    database: Database
    snapshots: Snapshots
    night: Night
    base: Mapping[str, Mapping[str, str]]
    dark: Mapping[str, str]
    then: Commit | None = None
    _read: dict[str, Identity] = field(default_factory=dict)

    def of(self, hosts: Sequence[Host]) -> tuple[IdentityNote, ...]:
        """Return what is to say of these hosts."""
        found = [note for host in hosts for note in self._notes.get(host.name, ())]
        dark = [host for host in hosts if host.name in self.dark and self._is_asked(host)]
        return (*found, *(self._refused[host.name] for host in dark if host.name in self._refused))

    def is_another(self, host: str) -> bool:
        """Tell whether a host is another device than the approved one."""
        return host in self._notes and is_another(self._entries[host], self._notes[host])

    @cached_property
    def _notes(self) -> Mapping[str, list[IdentityNote]]:
        found: dict[str, list[IdentityNote]] = {}
        approved = "was seen then of" if self.then else "was approved of"
        for note in ledger(tuple(self._entries.values()), self._span, approved):
            found.setdefault(note.host, []).append(note)
        return found

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        shared: dict[str, list[str]] = {}
        for key, names in KnownHosts.load(self.workspace.known_hosts).shared():
            for name in names:
                shared.setdefault(name, []).append(key.fingerprint)
        return {
            name: self._entry(host, tuple(shared.get(name, ()))) for name, host in self.workspace.fleet.hosts.items()
        }

    def _entry(self, host: Host, keys: tuple[str, ...]) -> Entry:
        """Return what is known of a host; its addresses are read only where nothing else can be compared."""
        folder = folder_of(host.store, host.name)
        before, now = self.base.get(folder, {}), self.night.known.get(folder, {})
        if host.name in self.dark or not self._is_asked(host):
            now = {}
        entry = Entry(host.name, self._identity(before), self._identity(now), keys=keys)
        if self.then is None:
            entry = Entry(host.name, entry.approved, entry.observed, host.serial, host.mac, keys)
        if is_comparable(entry) or not now or (entry.mac is None and before.get("network") == now.get("network")):
            return entry
        approved = self._with_addresses(entry.approved, before)
        return Entry(host.name, approved, self._with_addresses(entry.observed, now), entry.serial, entry.mac, keys)

    def _identity(self, files: Mapping[str, str]) -> Identity:
        if (content := files.get("system")) is None:
            return NOTHING
        if content not in self._read:
            self._read[content] = ids(self.night.content(content))
        return self._read[content]

    def _with_addresses(self, known: Identity, files: Mapping[str, str]) -> Identity:
        text = self.night.content(files["network"]) if "network" in files else ""
        return Identity.of(known.serial, known.machine_id, _MAC.findall(text))

    def _is_asked(self, host: Host) -> bool:
        return why_skipped(host, self.workspace.store(host)) is None

    def _span(self, host: str, kind: Kind) -> tuple[int, int]:
        """Return since when a host has shown an id, and when it was read last.

        Since when does not matter where the newest run read all that show one: then it was at once.
        """
        until = self._last_read[host]
        if self._is_of_one_run:
            return 0, until
        shown, since = self._entries[host].observed.id(kind), until
        for commit, content in self._versions.get(f"{self._folder(host)}/system", ()):
            if self._identity({"system": content} if content else {}).id(kind) != shown:
                break
            since = min(since, self._places[commit.name])
        return since, until

    def _folder(self, host: str) -> str:
        return folder_of(self.workspace.fleet.hosts[host].store, host)

    @cached_property
    def _alike(self) -> Collection[str]:
        """Hosts that show what another one shows."""
        shown = [
            (kind, value.casefold(), name)
            for name, entry in self._entries.items()
            for kind in KINDS
            if (value := entry.observed.id(kind)) is not None
        ]
        many = Counter((kind, value) for kind, value, _ in shown)
        return frozenset(name for kind, value, name in shown if many[kind, value] > 1)

    @cached_property
    def _last_read(self) -> Mapping[str, int]:
        runs = self._runs
        return {name: next((self._places[run.name] for run in runs if has_read(run, name)), -1) for name in self._alike}

    @cached_property
    def _is_of_one_run(self) -> bool:
        return set(self._last_read.values()) == {self._places[self._runs[0].name]}

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """Return the runs by their order in time: two of them may have begun in one second."""
        return {run.name: place for place, run in enumerate(reversed(self._runs))}

    @cached_property
    def _runs(self) -> Sequence[Commit]:
        return self.snapshots.commits()

    @cached_property
    def _versions(self) -> Mapping[str, Sequence[tuple[Commit, str]]]:
        return versions(self.snapshots, OBSERVED, {self._folder(name) for name in self._alike})

    @cached_property
    def _refused(self) -> Mapping[str, IdentityNote]:
        """Return the dark hosts that the newest audit which asked them could not read for their host key."""
        found: dict[str, IdentityNote] = {}
        left = set(self.dark) & {name for name, host in self.workspace.fleet.hosts.items() if self._is_asked(host)}
        for run in self._audits() if left else ():
            document = self.database.audit_document(run)
            for report in document.hosts if document else ():
                if report.host in left and not report.left_out:
                    left.discard(report.host)
                    if (note := refusal(report.host, report.reason or "")) is not None:
                        found[report.host] = note
            if not left:
                break
        return found

    def _audits(self) -> Iterator[str]:
        runs = (run.info for run in self.database.runs(20 * _LOOK_BACK))
        audits = [info.id for info in runs if info.verb == "audit"]
        yield from audits[:_LOOK_BACK]


def ids(text: str) -> Identity:
    """Return the ids that a file ``system`` of the archive holds; only their lines are looked at."""
    found: dict[str, str] = {}
    for name, value in _ID.findall(text):
        try:
            found[name] = msgspec.json.decode(value, type=str)
        except msgspec.MsgspecError:
            continue
    return Identity.of(found.get("serial"), found.get("machine_id"))


def refusal(host: str, reason: str) -> IdentityNote | None:
    """Return the note of a host that was not asked because of its key, out of the reason that an audit keeps."""
    said = _REFUSED.match(reason)
    if said is None:
        return None
    owners = tuple(said["owners"].split(", ")) if said["owners"] else ()
    evidence = [f"it {said['says']}"]
    evidence += [f"that key is pinned for {', '.join(owners)}"] if owners else []
    words = "it shows another host key than the pinned one, so that nothing was asked of it"
    return IdentityNote(host=host, kind="refused", others=owners, words=words, evidence=tuple(evidence))
