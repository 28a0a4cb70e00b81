"""What an audit says: results per control and host, and the findings inside a failing one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from storefleet.model.base import Json, Value

State = Literal["pass", "fail", "error", "unknown", "na", "waived", "skipped"]
STATES: tuple[State, ...] = ("pass", "fail", "error", "unknown", "na", "waived", "skipped")

Severity = Literal["info", "low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "low", "medium", "high", "critical")
"""From the least to the worst, so that an index compares."""

Change = Literal["new", "worse", "still", "reopened", "fixed"]


class Expected(Value, frozen=True):
    """The required side of a finding: the rule in words, and a value that passes where there is one.

    ``remove`` says that the element must go; ``has_value`` tells a required JSON ``null`` from "no such value".
    """

    words: str
    value: Json = None
    has_value: bool = False
    remove: bool = False


class Finding(Value, frozen=True):
    """One offending element. ``key`` is stable over time: a path of the state document with keys, never an index.

    ``actual`` is the observed value (``None`` with ``present=False`` when the element is absent). ``waiver`` names the
    waiver that covers this element alone; it is then shown, and neither counted nor opened nor closed.
    """

    key: str
    expected: Expected
    actual: Json = None
    present: bool = True
    waiver: str | None = None


class Result(Value, frozen=True):
    """One control on one host.

    ``reason`` says why a result is ``unknown``, ``error``, ``na`` or ``skipped``; ``findings`` is empty unless the
    state is ``fail`` or ``waived``. ``asked`` is filled where a judged host could not show a part: the places that stay
    unknown and what would be due there; they are no findings. ``observed_at`` is the instant of the evidence, not of
    the judgement.
    """

    control: str
    audit: str
    title: str
    state: State
    severity: Severity
    cause: str | None = None
    refs: Mapping[str, tuple[str, ...]] = {}
    fix: str | None = None
    reason: str | None = None
    observed_at: str | None = None
    trial: bool = False
    waiver: str | None = None
    findings: tuple[Finding, ...] = ()
    asked: tuple[Finding, ...] = ()

    @property
    def offending(self) -> tuple[Finding, ...]:
        """The findings of a failing result; a failure that names no element still counts as one, never as none."""
        if self.state != "fail":
            return ()
        return self.findings or (Finding("/", Expected(self.title)),)
