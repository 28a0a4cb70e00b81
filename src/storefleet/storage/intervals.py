"""The life of a finding, as a pure decision: what a night's results do to the intervals of one host.

Each key is compared with its own last decided result. A night that could not look (unknown, error, na, skipped,
waived) decides nothing: it neither opens nor closes, however often it repeats.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from storefleet.model.base import Json
from storefleet.model.findings import SEVERITIES, Change, Finding, Result, Severity
from storefleet.model.report import Closing

Scope: TypeAlias = Literal["some-controls", "named-audits", "all-audits"]
"""What a run evaluated on each host that it judged; only what lies inside can be called retired."""

LONGEST = 1500
"""Bytes of a key that are stored as they are: an index row of PostgreSQL takes 2,700, with host, audit and control."""

Place: TypeAlias = tuple[str, str, str]
"""Audit, control, key."""

JITTER = 1.05
"""A number must be this much further off than at its worst so far to be called worse."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What is stored of one finding of one host, open or the last closed one of its key."""

    id: int
    place: Place
    severity: Severity
    first_seen: str
    first_run: str
    closed_at: str | None
    closed_run: str | None
    closed_how: Closing | None
    digest: str
    distance: float | None
    worse_since: str | None
    worse_run: str | None
    reopened: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One failing element tonight, and the stored interval that it continues, if any."""

    place: Place
    severity: Severity
    change: Change
    digest: str
    distance: float | None
    value_changed: bool
    continues: Interval | None
    reopened: int


@dataclass(frozen=True, slots=True)
class Night:
    """What to write for one host."""

    seen: tuple[Seen, ...]
    closed: tuple[tuple[Interval, Closing], ...]


def judge(stored: Sequence[Interval], results: Sequence[Result], unfinished: Collection[str], scope: Scope) -> Night:
    """Compare tonight's results of one judged host with its intervals (the newest one of each key).

    ``unfinished`` are the runs that have told nobody yet, tonight's among them: what one of them found is told again.
    """
    last = {interval.place: interval for interval in stored}
    seen = [_seen(result, finding, last, unfinished) for result in results for finding in _counted(result)]
    return Night(tuple(seen), tuple(_closed(stored, results, unfinished, scope)))


def _counted(result: Result) -> Iterable[Finding]:
    unique = {finding.key: finding for finding in result.offending if finding.waiver is None}
    return unique.values()


def _seen(result: Result, finding: Finding, last: Mapping[Place, Interval], unfinished: Collection[str]) -> Seen:
    before = last.get((result.audit, result.control, storable(finding.key)))
    digest = digest_of(finding)
    distance = distance_of(finding)
    continues = before if before is not None and before.closed_how != "fixed" else None
    return Seen(
        place=(result.audit, result.control, finding.key),
        severity=result.severity,
        change=_change(result.severity, distance, before, unfinished),
        digest=digest,
        distance=distance,
        value_changed=continues is not None and continues.digest != digest,
        continues=continues,
        reopened=0 if before is None else before.reopened + (before.closed_how == "fixed"),
    )


def _change(severity: Severity, distance: float | None, before: Interval | None, unfinished: Collection[str]) -> Change:
    if before is None:
        return "new"
    if before.closed_how == "fixed":
        return "reopened"
    if before.first_run in unfinished:  # a run that died, or a second look in the same run: it has not been told
        return "reopened" if before.reopened else "new"
    if before.worse_run in unfinished:
        return "worse"
    if SEVERITIES.index(severity) > SEVERITIES.index(before.severity) or _further(distance, before.distance):
        return "worse"
    return "still"


def _further(now: float | None, before: float | None) -> bool:
    return now is not None and before is not None and now > before * JITTER


def _closed(
    stored: Sequence[Interval], results: Sequence[Result], unfinished: Collection[str], scope: Scope
) -> Iterable[tuple[Interval, Closing]]:
    by_control: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        by_control[result.audit, result.control].append(result)
    audits = {result.audit for result in results}
    for interval in stored:
        audit, control, key = interval.place
        tonight = by_control.get((audit, control), [])
        asked = scope == "all-audits" or (scope == "named-audits" and audit in audits)
        gone = _fixed(key, tonight) if tonight else asked
        how: Closing = "fixed" if tonight else "retired"
        if gone and _is_news(interval, how, unfinished):
            yield interval, how


def _is_news(interval: Interval, how: Closing, unfinished: Collection[str]) -> bool:
    """Tell whether a closing is to be told: the first time, and again after a run that died before telling it."""
    if interval.closed_how is None or interval.closed_how == how:
        return interval.closed_how is None or interval.closed_run in unfinished
    return how == "fixed"


def _fixed(key: str, tonight: Sequence[Result]) -> bool:
    """Tell whether the whole control was decided and the element is not among the offending ones."""
    decided = all(result.state in {"pass", "fail"} for result in tonight)
    return decided and key not in {storable(finding.key) for result in tonight for finding in result.offending}


def storable(text: str) -> str:
    """Return the text as every database can hold it: a device may have sent half a surrogate pair, or NUL.

    A text that is too long for an index of PostgreSQL keeps its beginning, and a hash tells it from its likes.
    """
    data = text.replace("\0", "\\x00").encode("utf-8", "backslashreplace")
    if len(data) > LONGEST:
        data = data[: LONGEST // 2] + b"~" + hashlib.sha256(data).hexdigest()[:32].encode()
    return data.decode("utf-8", "ignore")


def digest_of(finding: Finding) -> str:
    """Return a short hash of the observed value: it tells "the same wrong" from "another wrong"."""
    text = json.dumps([finding.present, finding.actual], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def distance_of(finding: Finding) -> float | None:
    """Return how far an observed number is from the required one; ``None`` where that means nothing."""
    required = _number(finding.expected.value) if finding.expected.has_value else None
    actual = _number(finding.actual)
    return None if required is None or actual is None else abs(actual - required)


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:  # a device may print any number of digits
        return None
