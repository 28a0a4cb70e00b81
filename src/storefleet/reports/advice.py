"""The two things to do first in a store: what a tired person needs before any table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storefleet.model.report import AuditDocument, HostReport, StoreReport
from storefleet.reports.entry_text import scope_words
from storefleet.reports.escape import visible
from storefleet.reports.fold import Entry, entries
from storefleet.reports.values import observed, required

_BY_CAUSE = {
    "network": "Look at the store's router first: a fault of the network shows on every till behind it.",
    "power": "Have somebody in the store look at power supply, cable and lamp before anybody is sent.",
    "hardware": "Order the spare part; the machine will not mend itself.",
    "software": "Compare versions with a till of the same role that is clean.",
    "human": "Ask who worked there last: a person changed it, so a person knows why.",
    "conflict": "Two systems want the same thing: stop the one that is not meant to be there.",
    "attack": "Take it for an attack until somebody explains it: leave the machine on, and call security.",
    "external": "Call the provider with the instants of this report; nothing in the store will help.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: what is wrong, how to go about it, and a command where one helps."""

    what: str
    how: str
    command: str | None = None


def first_steps(document: AuditDocument, store: StoreReport, hosts: Sequence[HostReport]) -> list[Step]:
    """Return at most two steps: the way in where nobody answers, else the faults that matter most."""
    if store.state == "dark":
        return [_dark(store, hosts), _again(store, "When it answers again, read it: ")]
    ranked = sorted(entries(hosts), key=lambda entry: not entry.changed)
    steps = [_fault(entry, hosts) for entry in ranked[:2]]
    unseen = [host for host in hosts if not (host.was_judged or host.left_out)]
    if len(steps) < 2 and unseen:
        names = ", ".join(visible(host.host) for host in unseen[:4])
        reason = visible(unseen[0].reason or "no reason given")
        steps.append(Step(f"{names} could not be judged: {reason}", "What is unknown may be broken.", None))
    if len(steps) == 1:
        steps.append(_again(store, "Then see that it is gone: "))
    return steps


def _dark(store: StoreReport, hosts: Sequence[HostReport]) -> Step:
    reason = next((host.reason for host in hosts if host.role == "router" and host.reason), None)
    reason = reason or next((host.reason for host in hosts if host.reason), None)
    said = f" ({visible(reason)})" if reason else ""
    return Step(
        f"Nobody of {store.hosts} {'host' if store.hosts == 1 else 'hosts'} answers{said}",
        "Ring the store: is there power, are the lamps of router and modem lit, does the card terminal still work?",
    )


def _again(store: StoreReport, how: str) -> Step:
    return Step("Look again", how, f"storefleet audit -l {visible(store.store)}")


def _fault(entry: Entry, hosts: Sequence[HostReport]) -> Step:
    names = ", ".join(visible(host.host) for host in entry.hosts[:3])
    more = f" and {len(entry.hosts) - 3} more" if len(entry.hosts) > 3 else ""
    what = f"{visible(entry.words)}: {names}{more}"
    alike = scope_words(entry, hosts)
    if "router" in alike:
        return Step(what, f"It shows on {alike} first.")
    if entry.finding.fix:
        return Step(what, "The fix that its control names:", visible(entry.finding.fix))
    root = (entry.result.cause or "").partition("/")[0]
    how = _BY_CAUSE.get(root) or f"It is {observed(entry.finding)} and should be {required(entry.finding)}."
    return Step(what, how)
