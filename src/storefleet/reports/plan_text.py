"""A plan and what came of it, for people: each host with what would be made, the worst first, equal ones told once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import chop_cells
from rich.text import Text

from storefleet.model.instants import instant
from storefleet.model.plan import HostApplied, HostPlan, Plan, PlannedChange
from storefleet.reports.escape import visible, visible_lines
from storefleet.reports.layout import flow, labelled
from storefleet.reports.times import clock, zone_named

_DIFF = {"+": "green", "-": "red", "@": "cyan"}
_ENDS = {"changed": "green", "refused": "yellow", "left": "yellow", "failed": "red", "undone": "red", "doubt": "red"}
_CLASS = {"none": "", "config": "", "service": "yellow", "reboot": "red", "path": "red"}


def plan_lines(plan: Plan, timezone: str, width: int) -> list[Text]:
    """Return the plan: what would change where, what may not, who could not be read, and until when it holds."""
    lines: list[Text] = []
    for same in _equal(plan.hosts):
        lines += _hosts(same, width)
    lines += _said(plan.hosts, width)
    quiet = [host.host for host in plan.hosts if not (host.to_do or host.notes or host.refused)]
    if quiet:
        lines += flow([Text(f"{len(quiet)} of {len(plan.hosts)} hosts are as they must be: {_names(quiet)}")], width, 0)
    for name, why in plan.unread.items():
        lines += flow([Text(f"{visible(name)} could not be read: {visible(why, 400)}", style="yellow")], width, 0)
    for name, why in plan.left_out.items():
        lines += flow([Text(f"{visible(name)} is left out: {visible(why)}")], width, 0)
    return [*lines, *flow([_summary(plan, timezone)], width, 0)]


def _summary(plan: Plan, timezone: str) -> Text:
    changes = sum(len(host.changes) for host in plan.to_change)
    undecided = sum(len(host.undecided) for host in plan.to_change)
    stores = len({host.store for host in plan.to_change})
    refused = sum(host.refused is not None for host in plan.hosts)
    not_now = sum(host.not_now is not None for host in plan.to_change)
    zone = zone_named("UTC" if timezone == "store" else timezone)
    until = clock(plan.expires_at, zone, instant(plan.run.started_at))
    parts = [
        f"{_count(changes, 'change')} on {_count(len(plan.to_change), 'host')} of {_count(stores, 'store')}",
        *([f"{_count(undecided, 'task')} decided on the device"] if undecided else []),
        *([f"{_count(refused, 'host')} refused"] if refused else []),
        *([f"{_count(not_now, 'host')} may not start now"] if not_now else []),
        *([f"{_count(len(plan.unread), 'host')} could not be read"] if plan.unread else []),
        *([f"to be applied until {until}"] if plan.to_change else []),
    ]
    return Text("; ".join(parts), style="bold")


def _said(hosts: Iterable[HostPlan | HostApplied], width: int) -> list[Text]:
    """Return what `debug` says, each message once with those who say it."""
    said: dict[str, list[str]] = {}
    for host in hosts:
        for text in dict.fromkeys(host.said):
            said.setdefault(text, []).append(host.host)
    lines: list[Text] = []
    for text, names in said.items():
        first, *more = visible_lines(text, 2000) or [""]
        lines += flow([Text(f"{_names(names)} says: ", style="bold").append(first, style="not bold")], width, 0)
        for line in more:
            lines += flow([Text(line)], width, 2)
    return lines


def _equal(hosts: Iterable[HostPlan]) -> list[list[HostPlan]]:
    """Gather the hosts on which the same would be made: forty tills are one paragraph."""
    groups: dict[tuple[object, ...], list[HostPlan]] = {}
    for host in hosts:
        if host.to_do or host.notes or host.refused is not None:
            shown = tuple((one.task, one.action, one.target, one.diff, one.maybe) for one in host.changes)
            groups.setdefault((host.refused, host.not_now, shown, host.undecided, host.notes, host.fetches), []).append(
                host
            )
    return sorted(groups.values(), key=lambda group: group[0].refused is None)


def _hosts(hosts: Sequence[HostPlan], width: int) -> list[Text]:
    first = hosts[0]
    head = Text(_names([host.host for host in hosts]), style="bold")
    head.append(f"   {first.change_class}", style=_CLASS[first.change_class])
    lines = flow([head], width, 0)
    if first.refused is not None:
        lines += flow([Text(f"refused: {visible(first.refused, 600)}", style="red")], width, 2)
    elif first.not_now is not None:
        lines += flow([Text(f"not now: {visible(first.not_now, 600)}", style="yellow")], width, 2)
    for number, change in enumerate(first.changes, 1):
        lines += _change(number, change, width)
    if first.fetches:
        lines += flow([Text(f"<  {_count(first.fetches, 'file')} brought home")], width, 2)
    for note in first.notes:
        lines += flow([Text(f"!  {visible(note, 300)}", style="yellow")], width, 2)
    for task in first.undecided:
        words = (
            f"?  {visible(task.task)}: decided on the device (at most {task.change_class}): {visible(task.why, 300)}"
        )
        lines += flow([Text(words, style="yellow")], width, 2)
    return lines


def _change(number: int, change: PlannedChange, width: int) -> list[Text]:
    more = [change.change_class, *(["maybe"] if change.maybe else []), *([] if change.way_back else ["no way back"])]
    words = f"{visible(change.task)}: {change.action} {visible(change.target)} ({', '.join(more)})"
    lines = labelled(f"{number}  ", words, width, 2)
    for line in visible_lines(change.diff.expandtabs(4), 240) if change.diff else ():
        for part in chop_cells(line, width - 5) or [""]:
            lines.append(Text(" " * 5).append(part, style=_DIFF.get(line[:1], "")))
    return lines


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(visible(name) for name in names[:6])
    return shown if len(names) <= 6 else f"{shown} and {len(names) - 6} more"


def end_lines(host: HostApplied, width: int) -> list[Text]:
    """Return how one host came out."""
    words = f"{host.ended:<8} {visible(host.host)}   {_count(host.made, 'change')} made"
    if host.why:
        words += f": {visible(host.why, 600)}"
    return flow([Text(words, style=_ENDS[host.ended])], width, 0)


def applied_lines(hosts: Sequence[HostApplied], width: int) -> list[Text]:
    """Return how each host came out, and where what was replaced is kept."""
    lines: list[Text] = []
    for host in hosts:
        lines += end_lines(host, width)
    lines += _said(hosts, width)
    kept = sorted({host.kept for host in hosts if host.kept})
    for folder in kept:
        lines += flow([Text("what was replaced is kept on each device, in"), Text(visible(folder))], width, 0, " ")
    return lines
