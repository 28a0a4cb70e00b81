"""What controls ask of the facts of hosts: what is an open finding there, and what a control would have instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from storefleet.audit.fleet_index import NOTHING_SHARED
from storefleet.audit.text import json_text
from storefleet.drift.compare import CONFIG, Delta
from storefleet.drift.config_lines import SEPARATOR
from storefleet.drift.golden import Intent
from storefleet.drift.places import fact_place, fact_places, is_below, related
from storefleet.model.findings import SEVERITIES, Expected
from storefleet.model.store import Host
from storefleet.storage.database import Database
from storefleet.storage.documents import KnownFinding
from storefleet.workflows.gathering import Gathering
from storefleet.workflows.judging import Judging
from storefleet.workflows.snapshots import is_kept
from storefleet.workflows.validation import Rules, load_rules
from storefleet.workflows.workspace import Workspace


@dataclass(frozen=True)
class Wish:
    """What one control asks at one place, and the playbook that it names."""

    expected: Expected
    fix: str | None
    present: bool = True
    """Whether what it minds is there."""

    @property
    def value(self) -> str | None:
        """Return what should be there as a picture would hold it; ``None`` where it must go."""
        return None if self.expected.remove else json_text(self.expected.value)


@dataclass
class Standards:
    """The findings of some hosts, or of all; hosts are judged only where it matters what a control would have."""

    workspace: Workspace
    database: Database
    hosts: Collection[str] | None
    _wishes: dict[str, dict[tuple[str, str], Wish]] = field(default_factory=dict)

    @cached_property
    def _known(self) -> Mapping[str, Sequence[KnownFinding]]:
        return self.database.known_findings(self.hosts)

    @cached_property
    def rules(self) -> Rules:
        """Return what hosts are held against; raises :class:`InputError` with every complaint."""
        gathering = Gathering()
        rules = load_rules(self.workspace, gathering)
        gathering.finish()
        assert rules is not None
        return rules

    @cached_property
    def _judging(self) -> Judging:
        return Judging(self.workspace, self.rules.audits, self.rules.waivers, diffs=False)

    def failing(self, host: str, delta: Delta) -> list[KnownFinding]:
        """Return the open findings on a fact, the gravest first."""
        places = fact_places(delta)
        found = [one for one in self._open(host) if any(related(place, one.key) for place in places)]
        return sorted(found, key=lambda one: -SEVERITIES.index(one.severity))

    def _open(self, host: str) -> Iterator[KnownFinding]:
        return (one for one in self._known.get(host, ()) if one.closed_run is None)

    def wish(self, host: str, finding: KnownFinding) -> Wish | None:
        """Return what a control asks where a finding is open; ``None`` where it fails no more, or is waived."""
        if host not in self._wishes:
            judged = self._judging.documents([host], self.database, NOTHING_SHARED)
            self._wishes[host] = {
                (result.control, one.key): Wish(one.expected, result.fix, one.present)
                for each in judged
                for result in each.results
                if result.state == "fail" and not result.trial
                for one in result.findings
                if one.waiver is None
            }
        return self._wishes[host].get((finding.control, finding.key))

    def intent(self, host: str, delta: Delta) -> Intent | None:
        """Return what the gravest control that fails on a fact, and that can name it, would have there."""
        wishes = ((finding, self.wish(host, finding)) for finding in self.failing(host, delta))
        found = (_said(delta, finding, wish) for finding, wish in wishes if wish is not None)
        return next((one for one in found if one is not None), None)

    def fix(self, host: str, delta: Delta) -> str | None:
        """Return the playbook that the gravest control that fails on a fact names."""
        wishes = (self.wish(host, finding) for finding in self.failing(host, delta))
        return next((wish.fix for wish in wishes if wish is not None and wish.fix), None)

    def was_mended(self, host: str, delta: Delta, run: str) -> str | None:
        """Return the control of which this run found a finding on the fact to be fixed.

        What is another in more than the control looks at was not only mended; of a line in a section it is not known
        what a control would have seen of it.
        """
        places = fact_places(delta)
        if not places or (delta.part == CONFIG and SEPARATOR in delta.key):
            return None
        fixed = (one for one in self._known.get(host, ()) if one.closed_run == run and run)
        covers = related if delta.part == CONFIG else is_below
        return next((one.control for one in fixed if all(covers(place, one.key) for place in places)), None)

    def behind(
        self, host: Host, some: Sequence[Delta], observed: Callable[[str], Mapping[str, str] | None]
    ) -> Iterator[tuple[Delta, KnownFinding, Wish]]:
        """Yield what is as it was approved, and fails all the same; whether it failed then is not asked here.

        Only what can be kept in a picture counts, and only what a control can name: a certificate that runs out has not
        been left behind by anybody. ``observed`` gives the facts of a part of the host, ``None`` where it has none.
        """
        changed = [place for delta in some if (place := fact_place(delta)) is not None]
        for finding in self._open(host.name):
            part = finding.key.removeprefix("/").partition("/")[0].partition("[")[0]
            if any(related(place, finding.key) for place in changed) or (keys := observed(part)) is None:
                continue
            there = tuple(key for key in keys if is_below(key, finding.key) or is_below(finding.key, key))
            if not there and not is_kept(finding.key, of_router=host.role == "router"):
                continue
            wish = self.wish(host.name, finding)
            if wish is None or not _shows(finding.key, keys, present=wish.present):
                continue
            if wish.expected.has_value or wish.expected.remove:
                yield Delta(part, finding.key, None, None, there), finding, wish


def _shows(place: str, side: Mapping[str, str], *, present: bool) -> bool:
    """Tell whether a picture shows what a control minds, where that is an element of a list that is one fact.

    An address that the kernel made by itself is in no picture, so that nobody can say since when it has been there.
    """
    holder = place.rpartition("[")[0]
    if not place.endswith("]") or not side.get(holder, "").startswith("["):
        return True
    return (place[len(holder) + 1 : -1] in json.loads(side[holder])) == present


def _said(delta: Delta, finding: KnownFinding, wish: Wish) -> Intent | None:
    expected = wish.expected
    if not (expected.has_value or expected.remove):
        return None
    value = wish.value
    if delta.part == CONFIG:
        if value is not None or SEPARATOR in delta.key or not delta.came:
            return None
    elif finding.key.startswith(f"{delta.key}/"):
        value = f"{finding.key.removeprefix(f'{delta.key}/')} {value or 'absent'}"
    elif finding.key != delta.key and (value is not None or not is_below(delta.key, finding.key)):
        return None
    return Intent(finding.control, "fails", value, severity=finding.severity)
