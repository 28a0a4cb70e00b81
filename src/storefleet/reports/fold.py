"""Folding: the same fault on many hosts is one entry with its hosts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from storefleet.model.findings import SEVERITIES, State
from storefleet.model.report import HostReport, ReportedFinding, ReportedResult
from storefleet.reports.phrases import sentence
from storefleet.reports.values import observed, required


@dataclass(frozen=True, slots=True)
class Entry:
    """One fault as the reader meets it; ``finding`` and ``result`` are those of its first host."""

    result: ReportedResult
    finding: ReportedFinding
    hosts: tuple[HostReport, ...]
    findings: tuple[ReportedFinding, ...]

    @property
    def words(self) -> str:
        """What is wrong, in one sentence."""
        return sentence(self.result, self.finding)

    @property
    def changed(self) -> bool:
        """Whether it is more than what was known before, on any host."""
        return any(finding.change not in {"still", None} for finding in self.findings)


def entries(hosts: Iterable[HostReport], *, trial: bool = False) -> list[Entry]:
    """Return the faults that are not waived, the worst first, then the widest spread."""
    found: Mapping[object, list[tuple[HostReport, ReportedResult, ReportedFinding]]] = defaultdict(list)
    for host in hosts:
        for result in host.results:
            if result.state != "fail" or result.trial != trial:
                continue
            for finding in result.findings:
                if finding.waiver is None:
                    sign = (result.audit, result.control, finding.key, observed(finding), required(finding))
                    found[sign].append((host, result, finding))
    folded = [
        Entry(group[0][1], group[0][2], tuple(item[0] for item in group), tuple(item[2] for item in group))
        for group in found.values()
    ]
    return sorted(folded, key=_rank)


def _rank(entry: Entry) -> tuple[object, ...]:
    result = entry.result
    return (-SEVERITIES.index(result.severity), -len(entry.hosts), result.control, entry.finding.key)


@dataclass(frozen=True, slots=True)
class Reason:
    """Results of one state that have the same reason, and the controls they have in common."""

    words: str
    controls: tuple[str, ...]
    hosts: tuple[HostReport, ...]


def by_reason(hosts: Iterable[HostReport], state: State) -> list[Reason]:
    """Return results of one state by reason and controls, the widest spread first."""
    groups: dict[tuple[str, tuple[str, ...]], list[HostReport]] = defaultdict(list)
    for host in hosts:
        controls: dict[str, list[str]] = defaultdict(list)
        for result in host.results:
            if result.state == state and not result.trial:
                controls[result.reason or "no reason given"].append(result.control)
        for words, names in controls.items():
            groups[words, tuple(names)].append(host)
    found = [Reason(words, names, tuple(group)) for (words, names), group in groups.items()]
    return sorted(found, key=lambda reason: (-len(reason.hosts), reason.words, reason.controls))


def waiver_ids(result: ReportedResult) -> set[str]:
    """Return the waivers that cover a result or one of its findings."""
    ids = {finding.waiver for finding in result.findings if finding.waiver}
    if result.state == "waived" and not ids:
        return set((result.waiver or "no waiver named").split(", "))
    return ids
