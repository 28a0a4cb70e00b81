"""The stage that figures are measured on: keys, fleets of any size, the booted till, and the meter."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bench.compare import once
from bench.fleet import make_keys, write_fleet
from bench.line import Line, straight
from bench.machine import Meter, own_cgroup
from bench.sides import RECORDED, Job
from bench.till import LOGINS, Till, boot_all
from storefleet.connections.transcript import ScriptTurn, Transcript
from storefleet.lab.namespaces import own_mounts
from storefleet.model.effects import Output


@dataclass(frozen=True)
class Wishes:
    """What the command line asked for."""

    hosts: int
    rounds: int
    workers: int
    login: str
    ansible_hosts: int
    line_hosts: int
    documents: int


@dataclass
class Stage:
    """Makes what a figure needs when it needs it; the tills are booted once."""

    folder: Path
    wishes: Wishes
    _tills: list[Till] = field(default_factory=list)
    _jobs: dict[tuple[int, int, str, str, str], Job] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Cover the machine's run-time folders, count in an own cgroup, make the keys."""
        own_mounts()
        self.cgroup = own_cgroup()
        self.cgroup.path.mkdir()
        self.keys = self.folder / "keys"
        make_keys(self.keys)

    def meter(self, *, far: bool = True) -> Meter:
        """Return the meter; with ``far`` the tills are booted and their CPU counted."""
        if far:
            self.tills()
        return Meter(self.cgroup.child("runs"), self.cgroup.child("far") if far else None)

    def tills(self) -> list[Till]:
        """Return the tills, switched on."""
        if not self._tills:
            self._tills = boot_all(self.folder / "tills", self.cgroup.child("far"), self.keys)
        return self._tills

    def recording(self) -> Transcript:
        """Record one audit of one real till, and return it."""
        job, folder = self.job(1), self.folder / "recorded"
        if not folder.exists():
            once(self.meter(), job, RECORDED)
        return Transcript.load(next(folder.glob("*.txt")))

    def thin_tills(self) -> None:
        """Let the tills' account ``thin`` answer any script at once, as the recorded till did."""
        turn = self.recording().turns[0]
        assert isinstance(turn, ScriptTurn)
        assert isinstance(turn.answer, Output)
        for till in self.tills():
            till.answer_thinly(turn.answer.stdout)

    def job(
        self, hosts: int, line: Line | None = None, workers: int | None = None, user: str | None = None, kind: str = ""
    ) -> Job:
        """Return the job of so many hosts; the fleet folder, one for each ``kind``, is written the first time."""
        way, account = line or straight(), user or LOGINS[self.wishes.login]
        many = workers or self.wishes.workers
        wanted = (hosts, many, way.name, account, kind)
        if wanted not in self._jobs:
            folder = self.folder / f"job-{len(self._jobs)}"
            write_fleet(folder / "fleet", self.keys, hosts, account)
            self._jobs[wanted] = Job(folder / "fleet", hosts, many, way, account, self.keys, folder / "scratch")
        return self._jobs[wanted]
