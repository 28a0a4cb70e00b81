"""A playbook of twelve tasks: everything to be changed, then nothing; by storefleet, Ansible and pyinfra in turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.compare import Spread, once
from bench.machine import Meter, Spent
from bench.playbook_sides import ANSIBLE, APPLY, AUDIT, PLAN, PYINFRA, write_playbook
from bench.sides import Job, Side
from bench.stage import Stage
from bench.table import Figure
from bench.upkeep import refuse_unless_done, set_out

ALL, NONE = 0, 1
WAYS = {"storefleet": (APPLY, (PLAN,)), "ansible-playbook": (ANSIBLE, ()), "pyinfra": (PYINFRA, ())}
"""Each contestant's run, where all is to be changed and where nothing is, and what its user runs before."""


@dataclass
class _Rounds:
    """What every run cost: by contestant and case, round by round, each a list of the commands it takes."""

    stage: Stage
    job: Job
    meter: Meter
    spent: dict[tuple[str, int], list[list[Spent]]] = field(default_factory=dict)
    taken: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    audits: list[Spent] = field(default_factory=list)

    def round(self) -> None:
        """Let each contestant change everything, then find nothing to change, each from the same start."""
        tills, hosts = self.stage.tills(), self.job.hosts
        for name, (ends, before) in WAYS.items():
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

    def ratio(self, name: str, case: int, *, audited: bool = False) -> Spread:
        """How many times faster storefleet is, round by round; with the audit that follows where there is one."""
        ours = [
            wall + (audit.wall_s if audited else 0.0)
            for wall, audit in zip(self.wall("storefleet", case), self.audits, strict=True)
        ]
        return Spread.of([other / own for other, own in zip(self.wall(name, case), ours, strict=True)])


def playbook(stage: Stage) -> list[Figure]:
    """Measure a playbook on every host, each round from the same start."""
    rounds = _Rounds(stage, stage.job(stage.wishes.hosts, kind="playbook"), stage.meter())
    write_playbook(rounds.job.fleet)
    for _ in range(stage.wishes.rounds):
        rounds.round()
    return [*_against(rounds, ALL, "all changed"), *_against(rounds, NONE, "nothing changed")]


def _against(rounds: _Rounds, case: int, words: str) -> list[Figure]:
    hosts, many = rounds.job.hosts, rounds.stage.wishes.rounds

    def shown(name: str, value: Spread, unit: str) -> Figure:
        return Figure(f"  {name}", value, unit, hosts, many)

    found = [
        Figure(f"12 tasks, {words}: faster than {name}", rounds.ratio(name, case), "x", hosts, many, target, True)  # noqa: FBT003
        for name, target in (("ansible-playbook", 10), ("pyinfra", 1.5))
    ]
    if case == ALL:
        audited = {name: rounds.ratio(name, case, audited=True) for name in ("ansible-playbook", "pyinfra")}
        found += [shown(f"with an audit of 30 controls after it: than {name}", audited[name], "x") for name in audited]
        found.append(shown("  that audit alone", Spread.of([one.wall_s for one in rounds.audits]), "s"))
    for name in WAYS:
        found.append(shown(f"{name}: wall", Spread.of(rounds.wall(name, case)), "s"))
        if name == "storefleet":
            parts = zip(*([one.wall_s for one in commands] for commands in rounds.spent[name, case]), strict=True)
            found += [
                shown(f"  of it {verb}", Spread.of(walls), "s")
                for verb, walls in zip(("plan", "apply"), parts, strict=True)
            ]
        found += [
            shown(f"{name}: own CPU a host, with start-up", rounds.ms(name, case, far=False), "ms"),
            shown(f"{name}: far side's CPU a host", rounds.ms(name, case, far=True), "ms"),
            shown(f"{name}: connections a host", Spread.of(rounds.taken[name, case]), ""),
        ]
    return found
