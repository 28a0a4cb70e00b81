"""Who changes which store, and what stops all changes, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from storefleet.model.leases import Lease, LeaseState, Stop
from storefleet.reports.escape import visible
from storefleet.reports.times import clock, zone_named

_STATES: dict[LeaseState, str] = {
    "held": "at work",
    "dead": "its process is gone; the next one takes over",
    "elsewhere": "of another machine or boot",
    "expired": "not renewed in time; the next one takes over",
}


def lease_lines(leases: Sequence[Lease], timezone: str) -> Iterator[str]:
    """Yield a line for each store that is in somebody's hand."""
    if not leases:
        yield "no store is being changed"
    for one in leases:
        who = f"{visible(one.store)}  run {visible(one.run)} by {visible(one.owner)} on {visible(one.machine)}"
        times = f"since {_at(one.taken_at, timezone)}, renewed {_at(one.heartbeat_at, timezone)}"
        yield f"{who}, {times}, ends {_at(one.expires_at, timezone)} unless renewed: {_STATES[one.state]}"


def stop_line(stop: Stop, timezone: str) -> str:
    """Return the stop of all changes in a line."""
    ticket = f", ticket {visible(stop.ticket)}" if stop.ticket else ""
    who = f"{visible(stop.by)} on {visible(stop.on)}"
    return f"all changes are stopped since {_at(stop.at, timezone)} by {who}: {visible(stop.reason, 600)}{ticket}"


def _at(text: str, timezone: str) -> str:
    return clock(text, zone_named("UTC" if timezone == "store" else timezone))
