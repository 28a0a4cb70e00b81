"""Folding: the same fault on many hosts is one entry with its hosts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from storefleet.model.findings import SEVERITIES
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


def by_reason(
    hosts: Sequence[HostReport], state: str
) -> list[tuple[str, tuple[HostReport, ...], tuple[ReportedResult, ...]]]:
    """Group results of one state by their reason and controls: reason, hosts, the results of the first host."""
    groups: dict[tuple[str, tuple[str, ...]], list[HostReport]] = defaultdict(list)
    results: dict[tuple[str, tuple[str, ...]], tuple[ReportedResult, ...]] = {}
    for host in hosts:
        reasons: dict[str, list[ReportedResult]] = defaultdict(list)
        for result in host.results:
            if result.state == state and not result.trial:
                reasons[result.reason or "no reason given"].append(result)
        for reason, of_host in reasons.items():
            sign = (reason, tuple(result.control for result in of_host))
            groups[sign].append(host)
            results.setdefault(sign, tuple(of_host))
    order = sorted(groups, key=lambda sign: (-len(groups[sign]), sign))
    return [(sign[0], tuple(groups[sign]), results[sign]) for sign in order]
