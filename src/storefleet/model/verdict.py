"""The exit code of an audit, and why: the one place where the table of exit codes is decided.

Coverage, broken controls and stores dark too long make 3 and win over findings (1): a run that saw too little has no
right to call the fleet clean or to rank what is wrong.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from storefleet.model.base import Value
from storefleet.model.findings import SEVERITIES, Change, Severity
from storefleet.model.report import Coverage, ExitCode, HostReport, StoreReport, Verdict
from storefleet.model.summary import counted_findings

_WORDS = {"new": "new", "worse": "worse", "still": "still open", "reopened": "reopened"}
_PRECEDENCE: tuple[ExitCode, ...] = (0, 1, 3, 4, 2)


class VerdictRules(Value, frozen=True):
    """What makes a run fail. Without ``fail_on_change`` every open finding of the severity counts."""

    min_coverage: float = 100.0
    fail_on_severity: Severity = "info"
    fail_on_change: tuple[Change, ...] | None = None
    dark_after_s: float | None = None


def combine(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that wins: refused (2, nothing was touched) over 4 over 3 over 1 over 0."""
    return max(codes, key=_PRECEDENCE.index, default=0)


def coverage(hosts: Iterable[HostReport], floor: float) -> Coverage:
    """Count the hosts that coverage expects and how many of them were judged."""
    expected = [host for host in hosts if host.expected]
    judged = sum(host.was_judged for host in expected)
    return Coverage(len(expected), judged, _percent(judged, len(expected), floor), floor)


def _percent(judged: int, expected: int, floor: float) -> float:
    """Round to one decimal, but never up to the floor or to 100: what falls short must look so."""
    exact = judged * 100 / expected if expected else 100.0
    rounded = round(exact, 1)
    return math.floor(exact * 10) / 10 if rounded >= floor > exact or rounded >= 100 > exact else rounded


def decide(hosts: Sequence[HostReport], stores: Sequence[StoreReport], rules: VerdictRules, now: datetime) -> Verdict:
    """Return the verdict; its words name what decided first and always end with the coverage."""
    seen = coverage(hosts, rules.min_coverage)
    incomplete = _incomplete(hosts, stores, rules, seen, now)
    counted = _counted(hosts, rules)
    code: ExitCode = 3 if incomplete else 1 if counted else 0
    words = [*incomplete, _finding_words(hosts, counted)]
    if not any("coverage" in word for word in incomplete):
        words.append(f"coverage {_number(seen.percent)} %")
    return Verdict(code, "; ".join(words), seen)


def _incomplete(
    hosts: Sequence[HostReport], stores: Sequence[StoreReport], rules: VerdictRules, seen: Coverage, now: datetime
) -> list[str]:
    reasons: list[str] = []
    if not any(host.was_judged for host in hosts):
        reasons.append("no host was judged")
    if seen.judged * 100 < rules.min_coverage * seen.expected:
        reasons.append(f"coverage {_number(seen.percent)} % is under the floor of {_number(rules.min_coverage)} %")
    broken = sum(result.state == "error" and not result.trial for host in hosts for result in host.results)
    if broken:
        reasons.append(f"{broken} {'result is' if broken == 1 else 'results are'} an error of the check itself")
    return reasons + _dark_words(dark_too_long(stores, rules.dark_after_s, now), rules.dark_after_s or 0)


def _dark_words(dark: Mapping[str, int], after_s: float) -> list[str]:
    if not dark:
        return []
    named = ", ".join(f"{store} ({hours} h)" for store, hours in list(dark.items())[:3])
    more = f" and {len(dark) - 3} more" if len(dark) > 3 else ""
    return [f"{'store' if len(dark) == 1 else 'stores'} dark over {_number(after_s / 3600)} h: {named}{more}"]


def dark_too_long(stores: Iterable[StoreReport], after_s: float | None, now: datetime) -> dict[str, int]:
    """Return the stores dark longer than ``after_s``, with whole hours, the longest first."""
    if after_s is None:
        return {}
    since = {store.store: datetime.fromisoformat(store.dark_since) for store in stores if store.dark_since}
    dark = {store: (now - at).total_seconds() for store, at in since.items()}
    late = sorted((item for item in dark.items() if item[1] > after_s), key=lambda item: (-item[1], item[0]))
    return {store: int(seconds // 3600) for store, seconds in late}


def _counted(hosts: Sequence[HostReport], rules: VerdictRules) -> Counter[tuple[Change | None, Severity]]:
    """Count the findings that make exit 1; one without a recorded change counts, since nobody can call it old."""
    least = SEVERITIES.index(rules.fail_on_severity)
    return Counter(
        (finding.change, result.severity)
        for result, finding in counted_findings(hosts)
        if SEVERITIES.index(result.severity) >= least
        and (rules.fail_on_change is None or finding.change is None or finding.change in rules.fail_on_change)
    )


def _finding_words(hosts: Sequence[HostReport], counted: Mapping[tuple[Change | None, Severity], int]) -> str:
    total = len(counted_findings(hosts))
    if not counted:
        return f"no finding that counts, {total} open" if total else "no findings"
    order = sorted(counted, key=lambda pair: (-SEVERITIES.index(pair[1]), pair[0] or ""))
    parts = [" ".join(filter(None, (str(counted[pair]), _WORDS.get(pair[0] or ""), pair[1]))) for pair in order]
    return f"{', '.join(parts)} {'finding' if sum(counted.values()) == 1 else 'findings'}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
