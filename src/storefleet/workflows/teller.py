"""Differences with all that is known of them: why, since when, who, what is intended, and how it is mended."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec

from storefleet.collect.traces import Trace
from storefleet.drift.cause import Known, cause
from storefleet.drift.compare import Delta
from storefleet.drift.consequence import Told
from storefleet.drift.signature import behind_signature, signature
from storefleet.drift.who import who
from storefleet.model.drift import Difference, Sighting, Standard
from storefleet.storage.git import Commit
from storefleet.workflows.evidence import Evidence, own_values
from storefleet.workflows.histories import Histories
from storefleet.workflows.intended import Meant
from storefleet.workflows.lives import lived
from storefleet.workflows.picture import Picture
from storefleet.workflows.sightings import sighting
from storefleet.workflows.snapshots import folder_of
from storefleet.workflows.standards import Standards
from storefleet.workflows.telling import told_of
from storefleet.workflows.workspace import Workspace


@dataclass
class Teller:
    """Tells differences of hosts; ``accounts`` are those that we come in with.

    ``then`` is the run with which is compared, where that is not what was approved.
    """

    workspace: Workspace
    histories: Histories
    evidence: Evidence
    standards: Standards
    traces: Mapping[str, tuple[Trace, ...]]
    accounts: Collection[str]
    then: Commit | None = None

    def difference(self, picture: Picture, one: Told, meant: Meant | None, *, is_another: bool) -> Difference:
        """Return a difference; ``meant`` is what is intended there, ``is_another`` that the host is another device."""
        host, delta = picture.host, one.head
        path = f"{folder_of(host.store, host.name)}/{delta.part}"
        first, before = self.histories.since(path, delta)
        mended = self.standards.was_mended(host.name, delta, first.run) if first and meant is None else None
        known = Known(
            first,
            before,
            self.evidence.ended(first.run) if first else "",
            self.evidence.unsaved(host.name),
            self.evidence.ours.get(host.name, ()),
            self.then is None and self.histories.was_approved(path, delta),
            is_intended=mended is not None or (meant is not None and meant.standard.state == "equal"),
            is_another=is_another,
        )
        why, ours = cause(delta, known)
        life = lived(self.histories, path, delta, first, self.then)
        done = self._told(picture, one, meant)
        return msgspec.structs.replace(
            done,
            cause=why,
            standard=Standard(by=mended, state="equal") if mended else done.standard,
            intended=delta.observed if mended else done.intended,
            first_seen=first,
            last_otherwise=before,
            last_seen=life.last_seen,
            life=life.life,
            flaps=life.flaps,
            ours=f"{ours.run} by {ours.by}" if ours else None,
            who=None if ours else who(delta, first, before, self.traces.get(host.name, ()), self.accounts),
            signature=signature(delta, own_values(self.workspace, host)),
        )

    def behind(self, picture: Picture, delta: Delta, meant: Meant) -> Difference:
        """Return what is as it was approved, while something else is intended of it."""
        host = picture.host
        own = own_values(self.workspace, host)
        newest = self.histories.last_reading(host.name)
        since, before = self._apart_since(picture, delta, meant)
        done = self._told(picture, Told(delta), meant)
        return msgspec.structs.replace(
            done,
            cause="behind",
            first_seen=since,
            last_otherwise=before,
            last_seen=sighting(newest) if newest else None,
            life="new" if newest and since == sighting(newest) else "still",
            signature=behind_signature(delta, meant.intent.value, own),
        )

    def _apart_since(self, picture: Picture, delta: Delta, meant: Meant) -> tuple[Sighting | None, Sighting | None]:
        """Return since when the host and what is intended are apart: the later of both, for either may have moved."""
        path = f"{folder_of(picture.host.store, picture.host.name)}/{delta.part}"
        seen, otherwise = self.histories.since(path, delta)
        moved = meant.standard.since
        if seen is not None and otherwise is not None and (moved is None or seen.at > moved.at):
            return seen, otherwise
        return moved, meant.standard.before

    def _told(self, picture: Picture, one: Told, meant: Meant | None) -> Difference:
        name = picture.host.name
        failing = self.standards.failing(name, one.head)
        return told_of(picture, one, meant, failing, self.standards.fix(name, one.head))
