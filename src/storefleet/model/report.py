"""The audit document (``storefleet.audit/1``): what a run saw, what changed, and the verdict, as frozen values.

Every report (terminal, JSON, later HTML and others) is a function of this one value, so that they cannot disagree. The
published schema is ``schemas/audit-1.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias, cast

import msgspec

from storefleet.model.base import Json, Value
from storefleet.model.findings import Change, Severity, State

AUDIT_FORMAT = "storefleet.audit/1"

ExitCode: TypeAlias = Literal[0, 1, 2, 3, 4]
StoreState: TypeAlias = Literal["findings", "dark", "incomplete", "clean", "skipped"]
Closing: TypeAlias = Literal["fixed", "retired"]


class Actor(Value, frozen=True):
    """Who started the run, on which machine; ``user`` is the person behind ``sudo`` where there is one."""

    user: str
    on: str
    signed_by: str | None = None


class Inputs(Value, frozen=True):
    """The commit of the fleet folder, and whether it was dirty; ``None`` where the folder is no repository."""

    commit: str | None = None
    dirty: bool | None = None


class RunInfo(Value, frozen=True, kw_only=True):
    """One run: who, what, when, from which inputs. Instants are UTC; ``limit`` is the ``-l`` as typed."""

    id: str
    verb: str
    fleet: str
    actor: Actor
    started_at: str
    finished_at: str | None = None
    limit: str | None = None
    inputs: Inputs = Inputs()
    version: str
    reason: str | None = None
    ticket: str | None = None


class Coverage(Value, frozen=True):
    """Hosts judged of hosts expected; ``percent`` has one decimal and is never rounded up to 100 or to the floor."""

    expected: int
    judged: int
    percent: float
    floor: float


class Verdict(Value, frozen=True):
    """The exit code of the run and the reasons in words."""

    exit: ExitCode
    words: str
    coverage: Coverage


class Totals(Value, frozen=True):
    """Counts over the run. ``results`` shows all seven states and adds up; ``trial`` results stand beside them."""

    stores: int
    hosts: int
    results: Mapping[State, int]
    trial: int = 0


class StoreReport(Value, frozen=True):
    """One store at a glance: a person looks for the store first.

    ``hosts`` counts its contactable hosts, ``judged`` those whose facts were evaluated, ``open`` and ``new`` findings.
    """

    store: str
    state: StoreState
    worst: Severity | None
    dark_since: str | None
    link: str | None
    hosts: int
    judged: int
    open: int
    new: int
    name: str | None = None
    region: str | None = None
    store_format: str | None = msgspec.field(default=None, name="format")
    timezone: str | None = None


class Identity(Value, frozen=True, omit_defaults=True):
    """The serial number with which the device answered, and whether it is the one of the asset register.

    ``contradicted`` says in words what the router of its store sees otherwise than the device claims.
    """

    serial: str | None
    as_expected: bool | None
    contradicted: str | None = None


class ReportedExpectation(Value, frozen=True, omit_defaults=True):
    """The required side. No ``value`` (not even ``null``) means that no single value would do."""

    words: str
    value: Json | msgspec.UnsetType = msgspec.UNSET
    remove: bool = False


class ReportedFinding(Value, frozen=True):
    """One offending element with its life: what changed, and since when.

    ``change`` is ``None`` where nothing was recorded (a waived element, a run without a database).
    ``value_changed`` says that a finding which is still open shows another wrong value than last time; ``flapping`` how
    often it began within two weeks, where that is thrice or more, else 0.
    """

    key: str
    expected: ReportedExpectation
    actual: Json
    change: Change | None
    first_seen: str | None
    observed_at: str | None
    waiver: str | None = None
    ticket: str | None = None
    fix: str | None = None
    present: bool = True
    value_changed: bool = False
    flapping: int = 0


class ReportedResult(Value, frozen=True):
    """One control on one host, as reports show it."""

    control: str
    audit: str
    state: State
    severity: Severity
    title: str = ""
    cause: str | None = None
    refs: Mapping[str, tuple[str, ...]] = {}
    reason: str | None = None
    observed_at: str | None = None
    trial: bool = False
    waiver: str | None = None
    findings: tuple[ReportedFinding, ...] = ()


class HostReport(Value, frozen=True):
    """One host: reached or why not, and its results that are not a pass (all of them with ``--all-results``).

    ``judged`` says that facts of the host were evaluated; ``expected`` that coverage counts it (in service, in an open
    store). ``passed`` counts the passes, whether they are listed or not.
    """

    host: str
    store: str
    role: str
    platform: str
    reached: bool
    reason: str | None
    identity: Identity | None
    results: tuple[ReportedResult, ...]
    passed: int
    judged: bool | None = None
    expected: bool = True
    dark_since: str | None = None

    @property
    def was_judged(self) -> bool:
        """Whether facts were evaluated; an older document without the field says so by ``reached``."""
        return self.judged if self.judged is not None else self.reached and self.reason is None

    @property
    def left_out(self) -> bool:
        """Whether nobody meant to look at it (in repair, never contacted, store closed): that is not darkness."""
        return (
            not self.was_judged and not self.expected and all(item.state in {"skipped", "na"} for item in self.results)
        )


class ClosedFinding(Value, frozen=True):
    """A finding that is gone: ``fixed`` (its control looked and it was not there) or ``retired`` (no longer asked)."""

    host: str
    store: str
    audit: str
    control: str
    key: str
    severity: Severity
    how: Closing
    first_seen: str
    closed_at: str


class Changes(Value, frozen=True):
    """Counts of what changed since each finding's own last decided result.

    ``flapping`` ones are counted under their change too: they come and go, so that each night alone looks harmless.
    """

    new: int = 0
    worse: int = 0
    fixed: int = 0
    still: int = 0
    reopened: int = 0
    retired: int = 0
    flapping: int = 0


class WaiverUse(Value, frozen=True):
    """A waiver that covered something in this run; a ``wide`` one names no finding, and every report says so."""

    id: str
    expires: str
    wide: bool = False


class AuditDocument(Value, frozen=True):
    """The whole document; stores come before hosts."""

    run: RunInfo
    verdict: Verdict
    totals: Totals
    stores: tuple[StoreReport, ...]
    hosts: tuple[HostReport, ...]
    changes: Changes
    closed: tuple[ClosedFinding, ...] = ()
    waivers: tuple[WaiverUse, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return plain JSON in the documented order, with the format name first."""
        body: dict[str, Any] = msgspec.to_builtins(self)
        return {"format": AUDIT_FORMAT, **{key: _plain(part) for key, part in body.items()}}

    def json_pieces(self) -> Iterator[str]:
        """Yield the document's JSON text in ASCII, host by host: as one tree of dicts a fleet's would be gigabytes.

        Everything beyond ASCII is escaped, so that neither half a surrogate pair nor a direction mark of a device can
        break a reader or a terminal.
        """
        yield f'{{"format":{_dumps(AUDIT_FORMAT)}'
        for field in msgspec.structs.fields(self):
            part = getattr(self, field.name)
            yield f",{_dumps(field.encode_name)}:"
            if isinstance(part, tuple):
                yield "["
                yield from (f"{',' if index else ''}{_dumps(item)}" for index, item in enumerate(part))
                yield "]"
            else:
                yield _dumps(part)
        yield "}"

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> AuditDocument:
        """Rebuild the value; raises ``msgspec.ValidationError`` on another format or shape."""
        if document.get("format") != AUDIT_FORMAT:
            message = f"the document is {document.get('format')!r}, not {AUDIT_FORMAT}"
            raise msgspec.ValidationError(message)
        return msgspec.convert({key: part for key, part in document.items() if key != "format"}, cls)


def _dumps(value: Any) -> str:
    return json.dumps(_plain(msgspec.to_builtins(value)), ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Json:
    """Return builtins as JSON has them: lists for tuples, and words for the numbers that JSON does not know."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return cast("Json", value)


class FindingLife(Value, frozen=True):
    """What the record of findings knows about one failing element after this run has been recorded."""

    audit: str
    control: str
    key: str
    change: Change
    first_seen: str
    value_changed: bool = False
    reopened: int = 0
    flapping: int = 0


class Recorded(Value, frozen=True):
    """The answer of recording one host: the life of each open finding it showed, and the findings that closed."""

    lives: tuple[FindingLife, ...] = ()
    closed: tuple[ClosedFinding, ...] = ()
