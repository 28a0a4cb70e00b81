"""Judging one host: every control that applies to it, in one of seven states, never a pass by accident."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from storefleet.audit.bind import Setting
from storefleet.audit.durations import duration, instant, span_words
from storefleet.audit.fleet_index import SharedValues
from storefleet.audit.fragments import keywords_in
from storefleet.audit.gaps import gaps_of
from storefleet.audit.language import Audit, Control
from storefleet.audit.shape import state_schema
from storefleet.audit.verdict import Evidence, Verdict, merged, verdicts
from storefleet.audit.waivers import Waivers
from storefleet.model.base import Json
from storefleet.model.findings import Result
from storefleet.model.state import StateDocument
from storefleet.model.store import Host, Store, template_roots
from storefleet.templating.engine import render_value
from storefleet.templating.filters import TemplateFault

Matches = Callable[[str, Host], bool]
"""Tells whether a selector expression means a host; the selector engine lives in the inventory."""


def everything(_expression: str, _host: Host) -> bool:
    """Match any host: for a caller that has selected already."""
    return True


def index_paths(audits: Iterable[Audit]) -> tuple[str, ...]:
    """Return the paths whose values must be unique in the fleet, for the fleet's index."""
    paths = {
        control.at
        for audit in audits
        for control in audit.controls
        for fragment in (control.schema, control.until_then)
        if "uniqueInFleet" in keywords_in(fragment)
    }
    return tuple(sorted(paths))


def evaluate(
    audit: Audit,
    host: Host,
    store: Store,
    document: StateDocument | None,
    *,
    unreachable: str | None,
    now: datetime,
    index: SharedValues,
    waivers: Waivers,
    matches: Matches = everything,
) -> list[Result]:
    """Return one result per control of the audit that applies to the host, in the order of the file.

    ``document`` is the host's newest evidence, or ``None`` with ``unreachable`` saying why there is none.
    """
    if not matches(audit.applies_to, host):
        return []
    controls = [c for c in audit.controls if c.applies_to is None or matches(c.applies_to, host)]
    general = _without_evidence(host, store, document, unreachable)
    if general is not None or document is None:
        state = general or Verdict("unknown", "no document")
        return [_result(audit, control, state, None) for control in controls]
    moment = now if now.tzinfo else now.replace(tzinfo=UTC)
    evidence = Evidence(
        Setting(moment, host.name, document.facts, state_schema(), index),
        document,
        roots(audit, host, store, document.facts),
        gaps_of(document),
        moment.astimezone(ZoneInfo(store.timezone)).date(),
    )
    results = []
    for control in controls:
        result = _result(audit, control, _judged(control, evidence), document.collected_at)
        results.append(waivers.applied(result, host, evidence.today, matches))
    return results


def _without_evidence(
    host: Host, store: Store, document: StateDocument | None, unreachable: str | None
) -> Verdict | None:
    """Return the state that holds for every control of a host that was left out or could not be seen."""
    if store.status == "closed":
        return Verdict("skipped", f"{store.id} is closed")
    if host.status != "in_service":
        more = "".join(f"{word}{part}" for word, part in ((" until ", host.until), (", ", host.ticket)) if part)
        return Verdict("skipped", host.status.replace("_", " ") + more)
    if host.connection == "none":
        return Verdict("skipped", "counted, never contacted (connection: none)")
    if unreachable is not None:
        return Verdict("unknown", unreachable)
    if document is None:
        return Verdict("unknown", "no state document of this host")
    if document.host != host.name:
        return Verdict("error", f"the state document is that of {document.host}")
    return None


def roots(audit: Audit, host: Host, store: Store, facts: Mapping[str, Json] | None) -> dict[str, Any]:
    """Return the names that templates of an audit may use; ``facts`` is ``None`` when checking without a device."""
    found = template_roots(host, store)
    found["lists"] = _lists(audit, found)
    if facts is not None:
        found["facts"] = facts
    return found


def _lists(audit: Audit, known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the named lists, rendered where they hold templates.

    One that cannot be rendered is left out, so that each control which uses it is an ``error`` and no other is.
    """
    if not audit.templated_lists:
        return audit.lists
    found: dict[str, Any] = dict(audit.lists)
    for name in audit.templated_lists:
        try:
            found[name] = render_value(list(audit.lists[name]), known)
        except TemplateFault:
            del found[name]
    return found


def _judged(control: Control, evidence: Evidence) -> Verdict:
    """Judge one control; whatever breaks in it is this control's ``error``, never a pass and never another's end."""
    try:
        standard = control.standard(evidence.today)
        if standard.fragment is None:
            return Verdict("na", f"takes effect on {control.effective}")
        stale = _stale(control, evidence)
        return stale or merged(list(verdicts(control, standard, evidence)))
    except Exception as fault:  # noqa: BLE001 - a template, a keyword or a document of an unforeseen shape may raise anything
        return Verdict("error", f"{type(fault).__name__}: {fault}" if not str(fault) else str(fault))


def _stale(control: Control, evidence: Evidence) -> Verdict | None:
    if control.max_age is None:
        return None
    age = evidence.setting.now - instant(evidence.document.collected_at)
    if age <= duration(control.max_age):
        return None
    return Verdict("unknown", f"the evidence is {span_words(age)} old, older than max_age {control.max_age}")


def _result(audit: Audit, control: Control, verdict: Verdict, observed_at: str | None) -> Result:
    return Result(
        control=control.id,
        audit=audit.id,
        title=control.title,
        state=verdict.state,
        severity=control.severity,
        cause=control.cause,
        refs=control.refs,
        fix=control.fix,
        reason=verdict.reason,
        observed_at=observed_at,
        trial=control.trial,
        findings=verdict.findings,
        asked=verdict.asked,
    )
