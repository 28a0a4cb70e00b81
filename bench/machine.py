"""The bench's own corner of the machine: namespaces that nothing leaves, and cgroups that count every second of CPU."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from storefleet.lab.machine import cgroup_root, tool_path

NAMESPACES = ("--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child")
MARK = "STOREFLEET_BENCH_INSIDE"
FOLDER = "STOREFLEET_BENCH_FOLDER"


def enter(argv: Sequence[str]) -> int:
    """Run the bench again inside namespaces of its own, and take its folder and cgroups away when it has ended.

    A shell is process 1 there: it reaps what loses its parent, as Ansible's connection masters do. Whoever ends us ends
    all of it.
    """
    name = f"storefleet-bench-{os.getpid()}"
    command = ["unshare", *NAMESPACES, "sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-m", "bench", *argv]
    folder = Path(tempfile.mkdtemp(prefix="sfb-"))  # short: Ansible's control sockets live below it
    folder.chmod(0o755)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    try:
        return subprocess.run(command, check=False, env={**os.environ, MARK: name, FOLDER: str(folder)}).returncode
    finally:
        root = cgroup_root()
        if root is not None:
            Cgroup(root / name).remove()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Spent:
    """What one command cost: seconds of wall clock and of CPU with all its children, and how it ended.

    ``peak_mib`` is the resident memory of all its processes together, looked at a few times a second, or that of its
    largest process, whichever was more. ``far_s`` is the far side's CPU meanwhile, ``carried`` the bytes on the line.
    """

    wall_s: float
    cpu_s: float
    peak_mib: float
    status: int
    far_s: float = 0.0
    carried: int = 0


@dataclass(frozen=True)
class Cgroup:
    """A group of processes whose CPU time the kernel adds up, whoever their parent is by now."""

    path: Path

    def child(self, name: str) -> Cgroup:
        """Make a group inside this one."""
        group = Cgroup(self.path / name)
        group.path.mkdir(parents=True, exist_ok=True)
        return group

    def entering(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs ``argv`` in this group."""
        return ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(self.path), *argv]

    def cpu_s(self) -> float:
        """Seconds of CPU, user and system, that the group and those in it have used."""
        stat = dict(line.split() for line in (self.path / "cpu.stat").read_text().splitlines())
        return int(stat["usage_usec"]) / 1e6

    def kill(self) -> None:
        """End every process of the group and wait until it is empty."""
        (self.path / "cgroup.kill").write_text("1")
        for _ in range(1000):
            if "populated 0" in (self.path / "cgroup.events").read_text():
                return
            time.sleep(0.01)
        raise RuntimeError(f"processes in {self.path} do not end")

    def remove(self) -> None:
        """Take the group and those in it away; what still holds processes stays."""
        if not self.path.exists():
            return
        with contextlib.suppress(OSError):
            self.kill()
        for folder, _, _ in os.walk(self.path, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()


def own_cgroup() -> Cgroup:
    """Return the group that ``enter`` takes away afterwards; the stage has mounted cgroup2 where systemd has it."""
    return Cgroup(Path("/sys/fs/cgroup") / os.environ[MARK])


@dataclass(frozen=True)
class Meter:
    """Runs commands one at a time, each in a fresh group, and says what each cost here and on the far side."""

    runs: Cgroup
    far: Cgroup | None

    def run(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Spent:
        """Run one command to its end; what it leaves behind is ended too and its time is counted."""
        group = self.runs.child("run")
        before = self.far.cpu_s() if self.far else 0.0
        environment = {"PATH": tool_path(), "HOME": str(cwd), "LC_ALL": "C.UTF-8", **env}
        with log.open("wb") as out:
            started = time.monotonic()
            process = subprocess.Popen(
                group.entering(argv), stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=cwd, env=environment
            )
            with _Watching(group) as watching:
                _, status, usage = os.wait4(process.pid, 0)
                wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        group.kill()
        cpu = group.cpu_s()
        group.path.rmdir()
        time.sleep(0.5)  # the servers of the far side end after their clients
        far = self.far.cpu_s() - before if self.far else 0.0
        return Spent(wall, cpu, max(watching.peak_mib, usage.ru_maxrss / 1024), process.returncode, far)


class _Watching:
    """Looks at how much memory all processes of a group hold together, until told to end."""

    def __init__(self, group: Cgroup) -> None:
        self._procs = group.path / "cgroup.procs"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.peak_mib = 0.0

    def __enter__(self) -> _Watching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.25):
            pages = sum(map(_resident_pages, self._procs.read_text().split()))
            self.peak_mib = max(self.peak_mib, pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


def _resident_pages(pid: str) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
