"""The stage that figures are measured on: keys, fleets of any size, the booted till, and the meter."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bench.fleet import make_keys, write_fleet
from bench.line import Line, straight
from bench.machine import Cgroup, Meter, own_cgroup
from bench.sides import Job
from bench.till import LOGINS, boot_all
from storefleet.lab.namespaces import own_mounts


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
    _booted: bool = False
    _jobs: dict[tuple[int, int, str], Job] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Cover the machine's run-time folders, count in an own cgroup, make the keys."""
        own_mounts()
        self.cgroup = own_cgroup()
        self.cgroup.path.mkdir()
        self.keys = self.folder / "keys"
        make_keys(self.keys)

    @property
    def user(self) -> str:
        """Return the account that is logged in to."""
        return LOGINS[self.wishes.login]

    def meter(self, *, far: bool = True) -> Meter:
        """Return the meter; with ``far`` the tills are booted and their CPU counted."""
        return Meter(self.cgroup.child("runs"), self._far() if far else None)

    def _far(self) -> Cgroup:
        group = self.cgroup.child("far")
        if not self._booted:
            boot_all(self.folder / "tills", group, self.keys)
            self._booted = True
        return group

    def job(self, hosts: int, line: Line | None = None, workers: int | None = None) -> Job:
        """Return the job of reading so many hosts; the fleet folder is written the first time."""
        way = line or straight()
        many = workers or self.wishes.workers
        wanted = (hosts, many, way.name)
        if wanted not in self._jobs:
            folder = self.folder / f"job-{len(self._jobs)}"
            write_fleet(folder / "fleet", self.keys, hosts, self.user)
            self._jobs[wanted] = Job(folder / "fleet", hosts, many, way, self.user, self.keys, folder / "scratch")
        return self._jobs[wanted]
