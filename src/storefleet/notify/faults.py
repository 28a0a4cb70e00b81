"""What is new in one audit, gathered by cause: what breaks at once in many stores breaks in one place."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from storefleet.model.escape import visible
from storefleet.model.findings import SEVERITIES, Severity
from storefleet.model.report import AuditDocument, HostReport, ReportedFinding, ReportedResult

INCIDENT_STORES = 5
"""From so many stores with one new cause on it is one incident."""

FRESH = ("new", "worse", "reopened")
_SHOWN = 8
_LONGEST = 120


class Fault(NamedTuple):
    """One finding on one host."""

    host: HostReport
    result: ReportedResult
    finding: ReportedFinding

    @property
    def subject(self) -> str:
        """The cause; a control without one stands for itself."""
        return visible(self.result.cause or self.result.control, _LONGEST)

    @property
    def signature(self) -> tuple[str, str]:
        """What is wrong in words, whatever the host: the control and the place."""
        return visible(self.result.control, _LONGEST), visible(self.finding.key, _LONGEST)


def open_faults(document: AuditDocument) -> Iterator[Fault]:
    """Yield every finding that counts: of failing controls, without those on trial and those waived."""
    for host in document.hosts:
        for result in host.results:
            if result.state == "fail" and not result.trial:
                yield from (Fault(host, result, finding) for finding in result.findings if finding.waiver is None)


def fresh_faults(document: AuditDocument) -> list[Fault]:
    """Return what is new, worse or back."""
    return [fault for fault in open_faults(document) if fault.finding.change in FRESH]


def gathered(faults: Iterable[Fault]) -> tuple[Mapping[str, list[Fault]], Mapping[tuple[str, str], list[Fault]]]:
    """Return the faults of causes that many stores have, by cause, and all others by store and cause."""
    by_cause: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        by_cause[fault.subject].append(fault)
    wide = {cause: found for cause, found in sorted(by_cause.items()) if len(stores_of(found)) >= INCIDENT_STORES}
    single: dict[tuple[str, str], list[Fault]] = defaultdict(list)
    for cause, found in by_cause.items():
        for fault in found if cause not in wide else ():
            single[fault.host.store, cause].append(fault)
    return wide, dict(sorted(single.items()))


def stores_of(faults: Iterable[Fault]) -> list[str]:
    """Return the stores, in the order of their names."""
    return sorted({fault.host.store for fault in faults})


def hosts_of(faults: Iterable[Fault]) -> list[str]:
    """Return the hosts, in the order of their names."""
    return sorted({fault.host.host for fault in faults})


def worst_of(faults: Sequence[Fault]) -> Fault:
    """Return the first fault of the worst severity."""
    return max(faults, key=lambda fault: SEVERITIES.index(fault.result.severity))


def worst_severity(faults: Iterable[Fault]) -> Severity | None:
    """Return the worst severity, or ``None`` where there is no fault."""
    return max((fault.result.severity for fault in faults), key=SEVERITIES.index, default=None)


def fault_lines(faults: Sequence[Fault]) -> list[str]:
    """Return a line for each signature, the widest first: control, place, hosts, what is there and what is due."""
    groups: dict[tuple[str, str], list[Fault]] = defaultdict(list)
    for fault in faults:
        groups[fault.signature].append(fault)
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    more = [f"and {len(ranked) - _SHOWN} more faults"] if len(ranked) > _SHOWN else []
    return [_line(control, place, found) for (control, place), found in ranked[:_SHOWN]] + more


def _line(control: str, place: str, faults: Sequence[Fault]) -> str:
    hosts = hosts_of(faults)
    where = visible(hosts[0], _LONGEST) if len(hosts) == 1 else f"{len(hosts)} hosts"
    values = {_value(fault.finding) for fault in faults}
    seen = values.pop() if len(values) == 1 else f"{len(values)} different values"
    due = visible(faults[0].finding.expected.words, _LONGEST)
    return f"{where} {control} {place} is {seen}{f', should be {due}' if due else ''}"


def _value(finding: ReportedFinding) -> str:
    return visible(json.dumps(finding.actual, ensure_ascii=False), _LONGEST) if finding.present else "absent"
