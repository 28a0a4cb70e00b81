"""Against the floor: the same script over libssh2, and nothing done with the answer."""

from __future__ import annotations

from bench.compare import Spread, Turns, in_turns, once
from bench.sides import CONNECT, FLOOR, STOREFLEET
from bench.stage import Stage
from bench.table import Figure
from bench.till import THIN


def floor(stage: Stage) -> list[Figure]:
    """Measure the wall time against the floor, and what both sides' CPU is."""
    wishes = stage.wishes
    meter, job = stage.meter(), stage.job(wishes.hosts)
    once(meter, job, STOREFLEET)
    turns = in_turns(meter, job, (FLOOR, STOREFLEET, CONNECT), wishes.rounds)
    small = stage.job(1)
    alone = in_turns(meter, small, (STOREFLEET,), wishes.rounds)
    return _figures(turns, alone, wishes.hosts, wishes.rounds)


def thin(stage: Stage) -> list[Figure]:
    """Measure the same where the far side answers any script at once, so that it is the controller that is compared."""
    wishes = stage.wishes
    stage.thin_tills()
    meter, job = stage.meter(), stage.job(wishes.hosts, user=THIN)
    once(meter, job, STOREFLEET)
    turns = in_turns(meter, job, (FLOOR, STOREFLEET), wishes.rounds)
    note = "not the target's case: the far side answers from a recording"
    return [
        Figure(
            "thin far side: wall against the floor",
            turns.ratio(STOREFLEET, FLOOR),
            "x",
            wishes.hosts,
            wishes.rounds,
            note=note,
        ),
        *(
            Figure(f"  {side.name}: {what}", value, unit, wishes.hosts, wishes.rounds)
            for side in (FLOOR, STOREFLEET)
            for what, value, unit in (
                ("wall", turns.wall(side), "s"),
                ("own CPU a host, with start-up", turns.cpu_ms(side), "ms"),
                ("far side's CPU a host", turns.far_ms(side), "ms"),
            )
        ),
    ]


def _figures(turns: Turns, alone: Turns, hosts: int, rounds: int) -> list[Figure]:
    def shown(name: str, value: Spread, unit: str, target: float | None = None, note: str = "") -> Figure:
        return Figure(name, value, unit, hosts, rounds, target, note=note)

    start = Spread.of([spent.cpu_s for spent in alone.spent[STOREFLEET.name]])
    per_host = [(spent.cpu_s - start.median) * 1000 / (hosts - 1) for spent in turns.spent[STOREFLEET.name]]
    return [
        shown("wall time against the floor", turns.ratio(STOREFLEET, FLOOR), "x", 1.25),
        shown("  storefleet", turns.wall(STOREFLEET), "s"),
        shown("  floor", turns.wall(FLOOR), "s"),
        shown("  connect and log in only", turns.wall(CONNECT), "s"),
        shown("controller CPU a host, start-up left out", Spread.of(per_host), "ms", 10),
        shown("  start-up: CPU of an audit of one host", start, "s"),
        shown("  the floor's own CPU a host", turns.cpu_ms(FLOOR), "ms"),
        shown("far side's CPU a host: sshd and script", turns.far_ms(FLOOR), "ms", note="shares the two cores"),
        shown("  of it connect and log in", turns.far_ms(CONNECT), "ms"),
    ]
