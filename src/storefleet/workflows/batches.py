"""In which batches hosts are changed, and when no further one is begun."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from storefleet.model.plan import HostApplied, HostPlan
from storefleet.playbook.language import Play
from storefleet.workflows.job import batches_of


def batches(plays: Sequence[Play], hosts: Sequence[HostPlan]) -> Iterator[list[HostPlan]]:
    """Yield the hosts in batches of hosts where a play counts hosts, else of stores; the strictest play decides."""
    counting = [play for play in plays if play.serial_hosts]
    by_name = {host.host: host for host in hosts}
    if counting:
        strictest = min(counting, key=lambda play: max(map(len, batches_of(play, list(by_name))), default=0))
        for batch in batches_of(strictest, list(by_name)):
            yield [by_name[name] for name in batch]
        return
    stores: dict[str, list[HostPlan]] = {}
    for host in hosts:
        stores.setdefault(host.store, []).append(host)
    size = min((play.serial_stores for play in plays if play.serial_stores), default=1)
    names = list(stores)
    for start in range(0, len(names), size):
        yield [host for name in names[start : start + size] for host in stores[name]]


def lanes(plays: Sequence[Play]) -> int:
    """Return how many hosts of one store are changed at a time."""
    return min((play.lanes_at_once for play in plays if play.lanes_at_once), default=1)


def too_many(
    plays: Sequence[Play], ended: Sequence[HostApplied], failed: Collection[str], batch: Sequence[HostPlan]
) -> str:
    """Tell why no further batch is begun: too many stores have failed, or too many hosts of the batch before."""
    names = {host.host for host in batch}
    bad = sum(host.ended != "changed" for host in ended if host.host in names)
    if any(play.any_errors_fatal for play in plays) and bad:
        return "not begun: a host had failed (any_errors_fatal)"
    percentages = [play.max_fail_percentage for play in plays if play.max_fail_percentage is not None]
    if percentages and batch and bad * 100 > min(percentages) * len(batch):
        return f"not begun: {bad} of {len(batch)} hosts of the batch before had failed (max_fail_percentage)"
    most = [play.max_fail_stores for play in plays if play.max_fail_stores is not None]
    if (most or not percentages) and len(failed) > min(most, default=0):
        return f"not begun: {len(failed)} {'store' if len(failed) == 1 else 'stores'} had failed"
    return ""
