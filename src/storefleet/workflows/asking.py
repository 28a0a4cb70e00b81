"""`drift --ask`: hosts whose picture differs are asked what they wrote down of who did what when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from storefleet.collect.traces import Trace, traces
from storefleet.drift.compare import Delta
from storefleet.drift.persons import by_our_clock
from storefleet.drift.who import files_of
from storefleet.drift.who_router import wanted
from storefleet.fleet import run as fleet_run
from storefleet.inventory.nornir_plugin import to_nornir_inventory
from storefleet.model.effects import Step
from storefleet.model.outcome import Answer
from storefleet.model.store import Host
from storefleet.workflows import clock
from storefleet.workflows.reading import ShowProgress
from storefleet.workflows.sessions import live
from storefleet.workflows.workspace import Workspace


def asked(
    workspace: Workspace, differing: Mapping[str, Sequence[Delta]], since: Mapping[str, int], show: ShowProgress
) -> tuple[dict[str, tuple[Trace, ...]], dict[str, str]]:
    """Return what each host wrote down, and of each that could not be asked why."""
    hosts = [workspace.fleet.hosts[name] for name in differing]
    limits = workspace.limits(None)
    found: dict[str, tuple[Trace, ...]] = {}
    left: dict[str, str] = {}
    connector = live(workspace, limits)

    def step(host: Host) -> Step[tuple[Trace, ...]]:
        some, now = differing[host.name], int(clock.now().timestamp())
        lines = wanted(some) if host.platform == "frr" else None
        return traces(files_of(some), since.get(host.name, 0), now, lines)

    try:
        with show("asking who", len(hosts)) as progress:

            def answered(answer: Answer[tuple[Trace, ...]]) -> None:
                progress.step(answer.host, answered=answer.failure is None)
                if answer.failure is not None:
                    left[answer.host] = answer.failure.reason
                found[answer.host] = by_our_clock(answer.result or (), int(clock.now().timestamp()))

            fleet_run.run(to_nornir_inventory(workspace.fleet, hosts), step, connector, limits, answered)
    finally:
        connector.close()
    return found, left
