"""Comparing contestants in turns, A B A B …, so that what else the machine does meets all of them alike."""

from __future__ import annotations

import re
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.machine import Meter, Spent
from bench.sides import BenchError, Job, Side


@dataclass(frozen=True)
class Spread:
    """The middle of several measurements, and their ends."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Sum up measurements."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Turns:
    """What each side cost in each round, by the side's name."""

    job: Job
    spent: dict[str, list[Spent]]

    @property
    def rounds(self) -> int:
        """Return how many rounds were made."""
        return min(map(len, self.spent.values()))

    def ratio(self, above: Side, below: Side) -> Spread:
        """Wall time of one side against another's, round by round."""
        pairs = zip(self.spent[above.name], self.spent[below.name], strict=True)
        return Spread.of([over.wall_s / under.wall_s for over, under in pairs])

    def cpu_ratio(self, above: Side, below: Side) -> Spread:
        """CPU of one side's own processes against another's, start-up included, round by round."""
        pairs = zip(self.spent[above.name], self.spent[below.name], strict=True)
        return Spread.of([over.cpu_s / under.cpu_s for over, under in pairs])

    def wall(self, side: Side) -> Spread:
        """Wall time of one side."""
        return Spread.of([spent.wall_s for spent in self.spent[side.name]])

    def cpu_ms(self, side: Side) -> Spread:
        """CPU of one side's own processes, milliseconds a host, its start-up included."""
        return Spread.of([spent.cpu_s * 1000 / self.job.hosts for spent in self.spent[side.name]])

    def far_ms(self, side: Side) -> Spread:
        """CPU of the far side while one side read it, milliseconds a host."""
        return Spread.of([spent.far_s * 1000 / self.job.hosts for spent in self.spent[side.name]])

    def carried_kib(self, side: Side) -> Spread:
        """Bytes on the line, both ways, KiB a host."""
        return Spread.of([spent.carried / 1024 / self.job.hosts for spent in self.spent[side.name]])


def once(meter: Meter, job: Job, side: Side) -> Spent:
    """Run one side once, and refuse the run unless it read every host."""
    job.scratch.mkdir(parents=True, exist_ok=True)
    command = side.command(job)
    log = job.scratch / f"{side.name.replace(' ', '-')}.log"
    before = job.line.bytes()
    spent = meter.run([*job.line.prefix, *command.argv], cwd=job.scratch, env=command.env, log=log)
    spent = replace(spent, carried=job.line.bytes() - before)
    text = log.read_text(errors="replace")
    read = command.count(text)
    if spent.status not in command.good or read != job.hosts:
        failed = [line for line in text.splitlines() if re.search(r"fatal:|ERROR|Traceback", line)][:3]
        failed += re.findall(r'"ended":"(?:failed|refused)"[^}]*', text)[:3]
        tail = "\n".join(line[:1500] for line in [*failed, *text.splitlines()[-12:]])
        raise BenchError(f"{side.name}: exit status {spent.status}, {read} of {job.hosts} hosts read:\n{tail}")
    print(f"  {side.name:<18} {spent.wall_s:8.2f} s wall {spent.cpu_s:8.2f} s own CPU {spent.far_s:8.2f} s far CPU",
          file=sys.stderr, flush=True)  # fmt: skip
    return spent


def in_turns(meter: Meter, job: Job, sides: Sequence[Side], rounds: int) -> Turns:
    """Run all sides in turns; the first storefleet run, which makes its database, is not counted."""
    spent: dict[str, list[Spent]] = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            spent[side.name].append(once(meter, job, side))
    return Turns(job, spent)
