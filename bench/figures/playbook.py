"""A playbook of twelve tasks: everything to be changed, then nothing; by storefleet and another in turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.compare import Spread, once
from bench.machine import Meter, Spent
from bench.playbook_sides import ANSIBLE, APPLY, AUDIT, PLAN, PUSH, PYINFRA, write_playbook
from bench.sides import Job, Side
from bench.stage import Stage
from bench.table import Figure
from bench.upkeep import refuse_unless_done, set_out

ALL, NONE = 0, 1
OURS, READ_FIRST = "storefleet push", "storefleet plan, apply"
WAYS = {OURS: (PUSH, ()), READ_FIRST: (APPLY, (PLAN,)), "ansible-playbook": (ANSIBLE, ()), "pyinfra": (PYINFRA, ())}
"""Each contestant's run, where all is to be changed and where nothing is, and what its user runs before."""


@dataclass
class _Rounds:
    """What every run cost: by contestant and case, round by round, each a list of the commands it takes."""

    stage: Stage
    job: Job
    meter: Meter
    other: str
    spent: dict[tuple[str, int], list[list[Spent]]] = field(default_factory=dict)
    taken: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    audits: list[Spent] = field(default_factory=list)

    def round(self) -> None:
        """Let each change everything, then find nothing to change, from the same start."""
        tills, hosts = self.stage.tills(), self.job.hosts
        for name in (self.other, OURS, READ_FIRST):
            ends, before = WAYS[name]
            set_out(tills, hosts)
            for case in (ALL, NONE):
                self._run(name, case, (*before, ends[case]))
                refuse_unless_done(tills, hosts, ends[case].name)
        self.audits.append(once(self.meter, self.stage.job(hosts), AUDIT))

    def _run(self, name: str, case: int, sides: Sequence[Side]) -> None:
        before = sum(till.connections() for till in self.stage.tills())
        self.spent.setdefault((name, case), []).append([once(self.meter, self.job, side) for side in sides])
        taken = sum(till.connections() for till in self.stage.tills()) - before
        self.taken.setdefault((name, case), []).append(taken / self.job.hosts)

    def wall(self, name: str, case: int) -> list[float]:
        """Wall time of a contestant, all of its commands together, round by round."""
        return [sum(one.wall_s for one in commands) for commands in self.spent[name, case]]

    def ms(self, name: str, case: int, *, far: bool) -> Spread:
        """CPU of a contestant, or of the far side meanwhile, milliseconds a host."""
        seconds = [sum(one.far_s if far else one.cpu_s for one in commands) for commands in self.spent[name, case]]
        return Spread.of([value * 1000 / self.job.hosts for value in seconds])

    def faster(self, case: int, way: str = OURS, *, audited: bool = False) -> Spread:
        """How many times faster storefleet is, round by round; with the audit that follows where there is one."""
        ours = [
            wall + (audit.wall_s if audited else 0.0)
            for wall, audit in zip(self.wall(way, case), self.audits, strict=True)
        ]
        return Spread.of([other / own for other, own in zip(self.wall(self.other, case), ours, strict=True)])

    def cpu(self, case: int) -> Spread:
        """How many times less CPU storefleet and the far side take together, which other work does not touch."""
        both = [
            [sum(one.cpu_s + one.far_s for one in commands) for commands in self.spent[name, case]]
            for name in (self.other, OURS)
        ]
        return Spread.of([other / own for other, own in zip(*both, strict=True)])


def with_ansible(stage: Stage) -> list[Figure]:
    """Measure ``ansible-playbook`` and storefleet."""
    return _against(stage, "ansible-playbook", 10)


def with_pyinfra(stage: Stage) -> list[Figure]:
    """Measure pyinfra and storefleet."""
    return _against(stage, "pyinfra", 1.5)


def _against(stage: Stage, other: str, target: float) -> list[Figure]:
    rounds = _Rounds(stage, stage.job(stage.wishes.hosts, kind="playbook"), stage.meter(), other)
    write_playbook(rounds.job.fleet)
    once(rounds.meter, stage.job(stage.wishes.hosts), AUDIT)  # it makes its database, and is not counted
    for _ in range(stage.wishes.rounds):
        rounds.round()
    return [*_case(rounds, ALL, "all changed", target), *_case(rounds, NONE, "nothing changed", target)]


def _case(rounds: _Rounds, case: int, words: str, target: float) -> list[Figure]:
    hosts, many = rounds.job.hosts, rounds.stage.wishes.rounds

    def shown(name: str, value: Spread, unit: str) -> Figure:
        return Figure(f"  {name}", value, unit, hosts, many)

    name = f"12 tasks, {words}: faster than {rounds.other}"
    found = [
        Figure(name, rounds.faster(case), "x", hosts, many, target, at_least=True),
        shown("less CPU, own and far side's together", rounds.cpu(case), "x"),
        shown(f"{READ_FIRST}: faster", rounds.faster(case, READ_FIRST), "x"),
    ]
    if case == ALL:
        audits = Spread.of([one.wall_s for one in rounds.audits])
        found += [
            shown("with an audit of 30 controls after it: faster", rounds.faster(case, audited=True), "x"),
            shown("that audit alone", audits, "s"),
        ]
    for side in (rounds.other, OURS, READ_FIRST):
        found += [
            shown(f"{side}: wall", Spread.of(rounds.wall(side, case)), "s"),
            *(_verbs(rounds, case) if side == READ_FIRST else []),
            shown(f"{side}: own CPU a host, with start-up", rounds.ms(side, case, far=False), "ms"),
            shown(f"{side}: far side's CPU a host", rounds.ms(side, case, far=True), "ms"),
            shown(f"{side}: connections a host", Spread.of(rounds.taken[side, case]), ""),
        ]
    return found


def _verbs(rounds: _Rounds, case: int) -> list[Figure]:
    walls = zip(*([one.wall_s for one in commands] for commands in rounds.spent[READ_FIRST, case]), strict=True)
    return [
        Figure(f"    of it {verb}", Spread.of(wall), "s", rounds.job.hosts, rounds.stage.wishes.rounds)
        for verb, wall in zip(("plan", "apply"), walls, strict=True)
    ]
