"""Over a line with delay: what a round trip costs each contestant, and how much each sends over the line."""

from __future__ import annotations

from bench.compare import Spread, Turns, in_turns, once
from bench.line import Line, delayed
from bench.sides import ANSIBLE, FLOOR, NETMIKO, PYINFRA, STOREFLEET, Side
from bench.stage import Stage
from bench.table import Figure
from bench.till import THIN

ROUND_TRIPS_MS = (0, 50, 200)
ANSIBLE_PART = 5
"""Ansible reads a fifth of the hosts here; storefleet then reads the same fifth for the comparison."""


def lines(stage: Stage) -> list[Figure]:
    """Measure everybody at each round trip; the line itself is shown, since it must not be what is measured."""
    hosts = min(stage.wishes.hosts, stage.wishes.line_hosts)
    found: list[Figure] = []
    stage.meter()
    for round_trip in ROUND_TRIPS_MS:
        cgroup = stage.cgroup.child(f"line-{round_trip}")
        with delayed(round_trip, cgroup) as line:
            found += _everybody(stage, line, hosts)
            found += _with_ansible(stage, line, max(2, hosts // ANSIBLE_PART))
        note = f"{line.worst_s * 1000:.1f} ms at worst; {cgroup.cpu_s():.1f} s CPU"
        name = f"{line.name}: the line itself is late by, on average"
        found.append(Figure(name, Spread.of([line.late_s * 1000]), "ms", hosts, 1, note=note))
    return found


def latency(stage: Stage) -> list[Figure]:
    """Measure 300 hosts at a time over 200 ms, the floor beside.

    Two cores cannot run the collector's script 300 times at once, so the far side answers from a recording here.
    """
    hosts, workers = stage.wishes.hosts * 10 // 3, 300
    rounds = stage.wishes.rounds
    stage.thin_tills()
    with delayed(200, stage.cgroup.child("latency")) as line:
        job = stage.job(hosts, line, workers, THIN)
        turns = in_turns(stage.meter(), job, (FLOOR, STOREFLEET), rounds)
    ratio, rate = turns.ratio(STOREFLEET, FLOOR), hosts / turns.wall(STOREFLEET).median
    note = f"{rate:.0f} hosts/s; {workers} at a time"
    return [
        Figure("200 ms, 300 workers: wall time against the floor", ratio, "x", hosts, rounds, 1.25, note=note),
        *(Figure(f"  {side.name}: wall", turns.wall(side), "s", hosts, rounds) for side in (FLOOR, STOREFLEET)),
    ]


def _everybody(stage: Stage, line: Line, hosts: int) -> list[Figure]:
    job, rounds = stage.job(hosts, line), 1
    once(stage.meter(), job, STOREFLEET)
    turns = in_turns(stage.meter(), job, (FLOOR, STOREFLEET, PYINFRA, NETMIKO), rounds)
    head = Figure(f"{line.name}: against the floor", turns.ratio(STOREFLEET, FLOOR), "x", hosts, rounds, 1.25)
    faster = [_faster(turns, line, other, 2.5) for other in (PYINFRA, NETMIKO)]
    return [head, *faster, *(_carried(turns, line, side) for side in (FLOOR, STOREFLEET, PYINFRA, NETMIKO))]


def _with_ansible(stage: Stage, line: Line, hosts: int) -> list[Figure]:
    job = stage.job(hosts, line)
    once(stage.meter(), job, STOREFLEET)
    turns = in_turns(stage.meter(), job, (ANSIBLE, STOREFLEET), 1)
    return [_faster(turns, line, ANSIBLE, 50), _carried(turns, line, ANSIBLE)]


def _faster(turns: Turns, line: Line, other: Side, target: float) -> Figure:
    ratio = turns.ratio(other, STOREFLEET)
    walls = f"{turns.wall(other).median:.1f} s and {turns.wall(STOREFLEET).median:.1f} s"
    name = f"{line.name}: faster than {other.name}"
    return Figure(name, ratio, "x", turns.job.hosts, turns.rounds, target, at_least=True, note=walls)


def _carried(turns: Turns, line: Line, side: Side) -> Figure:
    name = f"  {line.name}: {side.name}: bytes a host, both ways"
    return Figure(name, turns.carried_kib(side), "KiB", turns.job.hosts, turns.rounds)
