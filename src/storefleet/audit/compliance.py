"""The compliance diff: what the document says, what it must say, and the difference that ``patch`` applies.

Nothing is guessed: where no value can be named (a certificate's expiry, a pattern) or two controls contradict each
other, the finding is a comment outside the hunks.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from storefleet.audit.edit import EditFault, put, remove
from storefleet.audit.flat import flatten
from storefleet.audit.pointer import PointerFault, parse
from storefleet.audit.shape import Node, state_schema
from storefleet.audit.text import json_text, same
from storefleet.model.base import Json, Value
from storefleet.model.findings import Finding, Result
from storefleet.model.state import StateDocument

Judge = Callable[[StateDocument], Sequence[Result]]
"""Judges a document by the same audits; with one, the diff is proven before it is shown."""

_NAMED = frozenset({"present", "absent"})


class ComplianceDiff(Value, frozen=True):
    """One host: the observed and the required flat text, the unified diff between them, and what no diff can say."""

    host: str
    observed_text: str
    required_text: str
    diff: str
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wish:
    """What one control asks at one key."""

    control: str
    finding: Finding

    @property
    def doable(self) -> bool:
        return self.finding.expected.remove or self.finding.expected.has_value

    def agrees(self, other: _Wish) -> bool:
        """Tell whether both can be granted by one change of one key."""
        mine, theirs = self.finding.expected, other.finding.expected
        if mine.remove or theirs.remove:
            return mine.remove and theirs.remove
        return same(mine.value, theirs.value)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The changes to make, one per key, and the findings that stay words."""

    wishes: tuple[_Wish, ...]
    comments: tuple[str, ...]


def compliance_diff(document: StateDocument, results: Sequence[Result], judge: Judge | None = None) -> ComplianceDiff:
    """Return the diff of one host.

    With ``judge`` the required document is judged too: a change that does not mend its control, or that breaks another,
    becomes a comment. So the patched document passes wherever a hunk was printed.
    """
    shape = state_schema()
    before = {result.control for result in results if result.state == "fail"} if judge else set()
    plan = _planned(results)
    required = _granted(document, plan, shape)
    while judge is not None and plan.wishes:
        refused = _refused(plan, judge(required), before)
        if not refused:
            break
        plan = _without(plan, refused)
        required = _granted(document, plan, shape)
    observed_text = flatten(document.facts, shape)
    required_text = _annotated(flatten(required.facts, shape), observed_text, plan.wishes)
    hunks = difflib.unified_diff(
        observed_text.splitlines(keepends=True),
        required_text.splitlines(keepends=True),
        f"{document.host}.observed",
        f"{document.host}.required",
        n=0,
    )
    diff = "".join([*(f"# {comment}\n" for comment in plan.comments), *hunks])
    return ComplianceDiff(document.host, observed_text, required_text, diff, plan.comments)


def store_diff(hosts: Iterable[ComplianceDiff]) -> str:
    """Return the diffs of one store's hosts as one file that ``patch`` takes."""
    return "".join(host.diff for host in sorted(hosts, key=lambda host: host.host))


def _planned(results: Sequence[Result]) -> _Plan:
    by_key, comments = _sorted_out(results)
    gone = [key for key, wishes in by_key.items() if wishes[0].finding.expected.remove]
    wishes: list[_Wish] = []
    for key, group in by_key.items():
        clash = _clash(key, group, gone)
        if clash is None:
            wishes.append(group[0])
        else:
            comments += [_comment(wish, f"contradicted: {clash}") for wish in group]
    return _Plan(tuple(wishes), tuple(comments))


def _sorted_out(results: Sequence[Result]) -> tuple[dict[str, list[_Wish]], list[str]]:
    """Return what a diff could say, by key, and the comments for the rest; what is waived is neither."""
    by_key: dict[str, list[_Wish]] = {}
    comments: list[str] = []
    for result in results:
        open_ones = [finding for finding in result.findings if result.state == "fail" and finding.waiver is None]
        for wish in (_Wish(result.control, finding) for finding in open_ones):
            if result.trial or not wish.doable:
                comments.append(_comment(wish, "on trial" if result.trial else None))
            else:
                by_key.setdefault(wish.finding.key, []).append(wish)
    return by_key, comments


def _clash(key: str, group: Sequence[_Wish], gone: Iterable[str]) -> str | None:
    """Say who contradicts what is asked at a key: another control, or one that removes what it stands in."""
    if not all(group[0].agrees(other) for other in group):
        return ", ".join(sorted({wish.control for wish in group}))
    return "what removes it" if any(_below(key, other) for other in gone) else None


def _below(key: str, above: str) -> bool:
    return key != above and key.startswith(above) and key[len(above)] in "/["


def _comment(wish: _Wish, why: str | None = None) -> str:
    finding = wish.finding
    seen = json_text(finding.actual) if finding.present else "absent"
    shown = seen if len(seen) <= 120 else seen[:117] + "..."
    note = f" ({why})" if why else ""
    return _one_line(f"{wish.control} {finding.key}: is {shown}, should be {finding.expected.words}{note}")


def _one_line(text: str) -> str:
    return text if text.isprintable() else json_text(text)[1:-1]


def _granted(document: StateDocument, plan: _Plan, shape: Node) -> StateDocument:
    facts: dict[str, Json] = copy.deepcopy(dict(document.facts))
    for wish in plan.wishes:
        finding = wish.finding
        try:
            steps = parse(finding.key).steps
            if finding.expected.remove:
                remove(facts, steps, shape)
            else:
                put(facts, steps, copy.deepcopy(finding.expected.value), shape)
        except (EditFault, PointerFault):
            continue  # the judge sees that nothing changed and makes a comment of it
    return msgspec.structs.replace(document, facts=facts)


def _refused(plan: _Plan, results: Sequence[Result], before: set[str]) -> set[str]:
    """Return the keys whose change must not be shown: it mends nothing, or it breaks what passed."""
    refused: set[str] = set()
    wanted: dict[str, set[str]] = {}
    for wish in plan.wishes:
        wanted.setdefault(wish.control, set()).add(wish.finding.key)
    for result in results:
        if result.state not in {"fail", "error"}:
            continue
        keys = {finding.key for finding in result.findings}
        if result.control in before and keys and not _about(keys, wanted.get(result.control, set())):
            continue  # what is left of it was a comment already
        refused |= wanted.get(result.control, set()) & keys
        refused |= {wish.finding.key for wish in plan.wishes if _about({wish.finding.key}, keys)}
        if result.state == "error":
            refused |= wanted.get(result.control, set())
    return refused


def _about(keys: set[str], others: set[str]) -> bool:
    return any(one == two or _below(one, two) or _below(two, one) for one in keys for two in others)


def _without(plan: _Plan, refused: set[str]) -> _Plan:
    kept = tuple(wish for wish in plan.wishes if wish.finding.key not in refused)
    dropped = (_comment(wish, "no single value satisfies every control") for wish in plan.wishes if wish not in kept)
    return _Plan(kept, (*plan.comments, *dropped))


def _annotated(text: str, observed: str, wishes: Iterable[_Wish]) -> str:
    """Put the rule behind a required value that is only one of many."""
    rules = {wish.finding.key: wish.finding for wish in wishes if _is_choice(wish.finding)}
    if not rules:
        return text
    old = set(observed.splitlines())
    return "".join(f"{line}\n" for line in _with_rules(text.splitlines(), old, rules))


def _is_choice(finding: Finding) -> bool:
    expected = finding.expected
    return expected.has_value and expected.words not in _NAMED and expected.words != json_text(expected.value)


def _with_rules(lines: Iterable[str], old: set[str], rules: dict[str, Finding]) -> Iterator[str]:
    for line in lines:
        path = line.split(" = ", 1)[0]
        words = [
            finding.expected.words
            for key, finding in rules.items()
            if key == path or _below(path, key) or _below(key, path)
        ]
        yield f"{line}   # {_one_line(words[0])}" if words and line not in old else line
