"""What one control comes to on one document: the seven states, and how missing evidence bears on them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from storefleet.audit.bind import Setting, bound
from storefleet.audit.gaps import Gap, read_paths, stands, touching
from storefleet.audit.judge import absence, judge
from storefleet.audit.language import Control, Standard
from storefleet.audit.pointer import Pointer
from storefleet.audit.reading import facts_read, strings
from storefleet.audit.resolve import Target, resolve
from storefleet.audit.text import json_text, scalar_text
from storefleet.audit.words import fragment_words
from storefleet.model.base import Json
from storefleet.model.findings import Expected, Finding, State
from storefleet.model.state import StateDocument
from storefleet.templating.engine import compile_expression, is_template, render_value
from storefleet.templating.filters import TemplateFault

_ORDER: tuple[State, ...] = ("fail", "error", "unknown", "pass", "na")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state with its reason; findings when it failed, what was asked when it is unknown."""

    state: State
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    asked: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One host's document with what templates and keywords need; made once per host and audit."""

    setting: Setting
    document: StateDocument
    roots: Mapping[str, Any]
    gaps: Sequence[Gap]
    today: datetime.date


def merged(parts: Sequence[Verdict]) -> Verdict:
    """Join the rounds of a ``for_each``: a fail seen once is a fail, and one unknown keeps the whole from passing."""
    if not parts:
        return Verdict("na", "for_each: there is nothing to repeat it over")
    worst = min(parts, key=lambda part: _ORDER.index(part.state))
    findings = {finding.key: finding for part in parts for finding in part.findings}
    asked = {finding.key: finding for part in parts if part.state == "unknown" for finding in part.asked}
    return replace(worst, findings=tuple(findings.values()), asked=() if findings else tuple(asked.values()))


def verdicts(control: Control, standard: Standard, evidence: Evidence) -> Iterator[Verdict]:
    """Yield a verdict for every round of the control."""
    gaps = _unseen(control, evidence) if control.for_each and evidence.gaps else []
    if gaps:
        yield Verdict("unknown", f"`for_each` cannot be completed: {gaps[0][1].reason}")
    for roots in rounds(control, evidence.roots):
        excused = _when(control, roots, evidence)
        yield excused if excused is not None else _one(control, standard, roots, evidence)


def _unseen(control: Control, evidence: Evidence) -> list[Gap]:
    over = [steps for text in strings(dict(control.for_each)) for steps in facts_read(text)]
    return touching(evidence.gaps, over, evidence.setting.shape)


def rounds(control: Control, roots: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the template roots of every round: once without ``for_each``, else once per element of each list."""
    found: list[Mapping[str, Any]] = [roots]
    for name, source in control.for_each.items():
        found = [{**known, name: item} for known in found for item in _elements(name, render_value(source, known))]
    yield from found


def _elements(name: str, value: Json) -> list[Json]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [{"key": key, "value": part} for key, part in value.items()]
    raise TemplateFault(f"for_each: {name} must be a list, not {json_text(value)}")


def _when(control: Control, roots: Mapping[str, Any], evidence: Evidence) -> Verdict | None:
    if control.when is None:
        return None
    gaps = touching(evidence.gaps, facts_read(control.when), evidence.setting.shape)
    if gaps:
        return Verdict("unknown", f"`when` cannot be decided: {gaps[0][1].reason}")
    try:
        holds = compile_expression(control.when).render(roots)
    except TemplateFault as fault:
        return Verdict("error", f"when: {fault}")
    return None if holds else Verdict("na", f"when: {control.when}")


def _one(control: Control, standard: Standard, roots: Mapping[str, Any], evidence: Evidence) -> Verdict:
    setting = evidence.setting
    pointer = placed(control.pointer, roots) if is_template(control.at) else control.pointer
    gaps = touching(evidence.gaps, read_paths(pointer, standard.read), setting.shape) if evidence.gaps else []
    try:
        wanted = bound(_rendered(standard, roots), setting, control.at)
    except TemplateFault:
        if gaps:
            return Verdict("unknown", gaps[0][1].reason)
        raise
    targets = resolve(pointer, setting.facts, setting.shape, as_list=control.as_list)  # type: ignore[arg-type]
    found = _found(control, targets, wanted)
    if gaps:
        return _doubted(pointer, wanted, found, gaps, evidence)
    if found:
        return Verdict("fail", findings=tuple(found))
    if control.absent == "na" and wanted is not False and not any(target.present for target in targets):
        return Verdict("na", f"{targets[0].key} is absent")
    return Verdict("pass")


def _rendered(standard: Standard, roots: Mapping[str, Any]) -> Json:
    return render_value(standard.fragment, roots) if standard.read.templated else standard.fragment


def _found(control: Control, targets: Sequence[Target], wanted: Json) -> list[Finding]:
    found: list[Finding] = []
    for target in targets:
        if target.present:
            found += judge(target, wanted)
        elif wanted is not False and control.absent == "fail":
            found.append(absence(target, wanted))
    return found


def _doubted(
    pointer: Pointer, wanted: Json, found: Sequence[Finding], gaps: Sequence[Gap], evidence: Evidence
) -> Verdict:
    """With a part unread nothing passes; what was seen to be wrong is wrong all the same."""
    certain = tuple(finding for finding in found if stands(finding, gaps, evidence.setting.shape))
    if certain:
        return Verdict("fail", findings=certain)
    reason = gaps[0][1].reason
    asked = Finding(str(pointer), Expected(fragment_words(wanted)), reason, present=False)
    return Verdict("unknown", reason, asked=(asked,))


def placed(pointer: Pointer, roots: Mapping[str, Any]) -> Pointer:
    """Return the path with its templates rendered, each inside its own step."""
    return pointer.map_text(lambda text: scalar_text(render_value(text, roots)) if is_template(text) else text)
