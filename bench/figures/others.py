"""Against what an operator would otherwise take for the same reading."""

from __future__ import annotations

from bench.compare import Turns, in_turns, once
from bench.sides import ANSIBLE, NETMIKO, PYINFRA, STOREFLEET, Side
from bench.stage import Stage
from bench.table import Figure


def ansible(stage: Stage) -> list[Figure]:
    """Measure ``ansible-playbook`` and storefleet, both on the same, perhaps smaller, number of hosts."""
    return _against(stage, ANSIBLE, 50, min(stage.wishes.hosts, stage.wishes.ansible_hosts))


def pyinfra(stage: Stage) -> list[Figure]:
    """Measure pyinfra."""
    return _against(stage, PYINFRA, 2.5, stage.wishes.hosts)


def netmiko(stage: Stage) -> list[Figure]:
    """Measure plain Nornir with netmiko."""
    return _against(stage, NETMIKO, 2.5, stage.wishes.hosts)


def _against(stage: Stage, other: Side, target: float, hosts: int) -> list[Figure]:
    meter, job, rounds = stage.meter(), stage.job(hosts), stage.wishes.rounds
    once(meter, job, STOREFLEET)
    turns = in_turns(meter, job, (other, STOREFLEET), rounds)
    faster = turns.ratio(other, STOREFLEET)
    note = "" if hosts == stage.wishes.hosts else f"both sides at N={hosts}: it is too slow for {stage.wishes.hosts}"
    return [
        Figure(f"faster than {other.name}", faster, "x", hosts, rounds, target, at_least=True, note=note),
        Figure(f"  less controller CPU than {other.name}", turns.cpu_ratio(other, STOREFLEET), "x", hosts, rounds),
        *_details(turns, other, hosts, rounds),
    ]


def _details(turns: Turns, other: Side, hosts: int, rounds: int) -> list[Figure]:
    return [
        Figure(f"  {side.name}: {what}", value, unit, hosts, rounds)
        for side in (other, STOREFLEET)
        for what, value, unit in (
            ("wall", turns.wall(side), "s"),
            ("own CPU a host, with start-up", turns.cpu_ms(side), "ms"),
            ("far side's CPU a host", turns.far_ms(side), "ms"),
        )
    ]
