"""What a run changed, for people: each host, how it came out, and what was planned for it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from storefleet.model.plan import HostApplied, HostPlan, Plan
from storefleet.reports.escape import visible
from storefleet.reports.layout import flow
from storefleet.reports.plan_text import end_lines


def changed_lines(plan: Plan, hosts: Sequence[HostApplied], width: int) -> list[Text]:
    """Return the plan's name and author, then every host with its changes in words."""
    author = f"planned by {visible(plan.run.actor.user)} on {visible(plan.run.actor.on)} at {plan.run.started_at}"
    lines = flow([Text(f"{visible(plan.playbook)}, plan {plan.run.id}, {author}")], width, 0)
    planned = {host.host: host for host in plan.hosts}
    for end in hosts:
        lines += end_lines(end, width)
        lines += flow([Text(part) for part in _changes(planned.get(end.host))], width, 4)
    return [*lines, *_kept(hosts, width)]


def _changes(host: HostPlan | None) -> list[str]:
    if host is None:
        return []
    return [f"{change.action} {visible(change.target)}" for change in host.changes]


def _kept(hosts: Sequence[HostApplied], width: int) -> list[Text]:
    kept = sorted({host.kept for host in hosts if host.kept})
    return [line for folder in kept for line in flow([Text(f"kept on each device in {visible(folder)}")], width, 0)]
