"""The practice fleet as Python sees it: made, looked at, broken, mended and taken away again."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from storefleet.errors import LabError
from storefleet.lab.control import Request, ask_supervisor
from storefleet.lab.devices import leader
from storefleet.lab.fault import Fault, fault_script
from storefleet.lab.faults import find_fault
from storefleet.lab.fleet import write_fleet
from storefleet.lab.keys import certificate, make_keys
from storefleet.lab.machine import cgroup_root, tool_path, why_not
from storefleet.lab.network import WanSettings
from storefleet.lab.place import LabPlace, LabRecord, LabState
from storefleet.lab.plan import LabPlan, build_plan
from storefleet.lab.rootfs import ensure_rootfs

NAMESPACES = ("--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc")
_DEVICE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Lab:
    """One lab by name under ``<root>/var/lab``; whether it exists or runs is looked up, never remembered."""

    def __init__(self, name: str = "lab", root: Path | None = None) -> None:
        self.name = name
        self.root = (root or find_root()).resolve()
        self.place = LabPlace(self.root / "var" / "lab" / name)

    @staticmethod
    def why_not() -> str | None:
        """Return in words why this machine cannot host a lab, or None where it can."""
        return why_not()

    @classmethod
    def up(cls, name: str = "lab", stores: int = 3, tills: int = 2, kiosks: int = 1, root: Path | None = None) -> Lab:
        """Return the lab running, with every device answering on SSH that has power; makes what is missing.

        Raises :class:`LabError` where this machine cannot host one, or a lab of another shape has the name.
        """
        reason = why_not()
        if reason:
            raise LabError(reason)
        lab = cls(name, root)
        lab.place.folder.mkdir(parents=True, exist_ok=True)
        with _only_one(lab.place.folder):
            record = lab._recorded((stores, tills, kiosks))
            write_fleet(lab.root, lab.place, record)
            if lab.supervisor_pid() is None:
                lab._launch()
            lab.wait_until_answering()
        return lab

    def _recorded(self, shape: tuple[int, int, int]) -> LabRecord:
        """Return what this lab is made of; make keys and serial numbers the first time."""
        if self.place.record_file.exists():
            record = self.place.record()
            if record.shape != shape:
                had, wanted = ("{} stores, {} tills, {} kiosks".format(*numbers) for numbers in (record.shape, shape))
                raise LabError(f"lab {self.name} has {had}, not {wanted}; take it away first: storefleet lab down")
            return record
        plan = build_plan(*shape)
        shutil.rmtree(self.place.keys, ignore_errors=True)
        make_keys(self.place.keys, plan)
        serials = {device.name: f"LAB{secrets.token_hex(4).upper()}" for device in plan.devices}
        rootfs = ensure_rootfs()
        shutil.copytree(rootfs / "packages", self.place.folder / "packages", dirs_exist_ok=True)
        record = LabRecord(name=self.name, shape=shape, rootfs=str(rootfs), plan=plan, serials=serials)
        self.place.save(record)
        return record

    def _launch(self) -> None:
        """Start the supervisor in namespaces of its own, with no terminal and no descriptor of ours."""
        self.place.socket.unlink(missing_ok=True)
        self._sweep_cgroups()
        source = str(Path(__file__).resolve().parents[2])
        search = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")]))
        environment = {"PATH": tool_path(), "LC_ALL": "C.UTF-8", "PYTHONPATH": search, "HOME": "/root"}
        argv = ["unshare", *NAMESPACES, sys.executable, "-m", "storefleet.lab.supervisor", str(self.place.folder)]
        with self.place.log.open("ab") as log:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
                cwd="/",
            )
        self.place.pid_file.write_text(f"{process.pid} {_started(process.pid)}\n")
        while not self.place.socket.exists():
            if process.poll() is not None:
                tail = "\n".join(self.place.log.read_text(errors="replace").splitlines()[-6:])
                raise LabError(f"the lab's supervisor ended at its start ({self.place.log}):\n{tail}")
            time.sleep(0.05)

    def wait_until_answering(self, hosts: Sequence[str] | None = None, timeout_s: float = 60) -> None:
        """Wait until SSH answers on ``hosts``, or on every device that has power."""
        deadline = time.monotonic() + timeout_s
        while True:
            waiting = {
                host: word
                for host, word in self.status().items()
                if word != "answering" and (host in hosts if hosts is not None else word != "off")
            }
            if not waiting:
                return
            if time.monotonic() > deadline:
                raise LabError(
                    f"no answer on SSH within {timeout_s:.0f} s: {waiting}; see {self.place.devices}/*/console.log"
                )
            time.sleep(0.2)

    def supervisor_pid(self) -> int | None:
        """Return the supervisor's process id in the machine's namespace, or None when the lab is not running."""
        try:
            pid, started = self.place.pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if _started(int(pid)) == started else None

    def _running_pid(self) -> int:
        pid = self.supervisor_pid()
        if pid is None:
            self.place.record()
            raise LabError(f"lab {self.name} is not running; start it with: storefleet lab up --name {self.name}")
        return pid

    @property
    def plan(self) -> LabPlan:
        """The stores and devices of this lab."""
        return self.place.record().plan

    def status(self) -> dict[str, str]:
        """Return per device ``answering``, ``starting`` or ``off``."""
        self._running_pid()
        return ask_supervisor(self.place.socket, Request("status")).devices

    def down(self) -> None:
        """Take the lab away: processes, namespaces, mounts, loop devices, cgroups and files. Does nothing twice."""
        pid = self.supervisor_pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            _wait_for_end(pid)
        self._sweep_cgroups()
        shutil.rmtree(self.place.folder, ignore_errors=True)

    def _sweep_cgroups(self) -> None:
        """Remove the lab's empty cgroups; the last processes of a killed lab may need a moment to go."""
        top = (cgroup_root() or Path("/sys/fs/cgroup")) / self.place.cgroup
        deadline = time.monotonic() + 15
        while top.exists() and time.monotonic() < deadline:
            for folder, _, _ in os.walk(top, topdown=False):
                with suppress(OSError):
                    Path(folder).rmdir()
            if top.exists():
                time.sleep(0.05)
        if top.exists():
            raise LabError(f"processes of lab {self.name} do not end; see {top}")

    def head_office_argv(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs ``argv`` at head office, with the caller's own files, folder and environment."""
        return ["nsenter", f"--net=/proc/{self._running_pid()}/ns/net", "--", *argv]

    def exec(
        self, argv: Sequence[str], *, input: str | None = None, timeout_s: float = 300
    ) -> subprocess.CompletedProcess[str]:  # noqa: A002 — subprocess's own word
        """Run a command at head office and return what it printed and its exit code."""
        return _captured(self.head_office_argv(argv), input, timeout_s)

    def device_argv(self, host: str, argv: Sequence[str]) -> list[str]:
        """Return the command that runs ``argv`` as root on a device, out of band: no SSH, no network."""
        self._running_pid()
        self.plan.device(host)
        cgroup = (cgroup_root() or Path("/sys/fs/cgroup")) / self.place.cgroup / host
        pid = leader(cgroup)
        if pid is None:
            raise LabError(f"{host} has no power; plug it in with: storefleet lab plug-in {host}")
        enter = [
            "nsenter",
            f"--target={pid}",
            "--mount",
            "--uts",
            "--ipc",
            "--net",
            "--pid",
            "--time",
            "--root",
            "--wdns=/",
        ]
        home = ["env", "-i", f"PATH={_DEVICE_PATH}", "HOME=/root", f"TERM={os.environ.get('TERM', 'dumb')}"]
        join = 'echo $$ > "$0/payload/cgroup.procs" 2>/dev/null || echo $$ > "$0/cgroup.procs"; exec "$@"'
        return ["sh", "-c", join, str(cgroup), *enter, "--", *home, *argv]

    def enter(
        self, host: str, argv: Sequence[str], *, input: str | None = None, timeout_s: float = 120
    ) -> subprocess.CompletedProcess[str]:  # noqa: A002
        """Run a command as root on a device, as someone standing in front of it would."""
        return _captured(self.device_argv(host, argv), input, timeout_s)

    def break_(self, fault: str, target: str) -> str:
        """Inject a fault and return the host that has it now; one that is there already is left as it is."""
        known = find_fault(fault)
        host = self._host_for(known, target)
        state = self.place.state()
        if fault not in state.faults.get(host, []):
            try:
                self._act(known, host, "inject")
            except LabError:
                with suppress(LabError):
                    self._act(known, host, "undo")
                raise
            state = self.place.state()
            faults = {**state.faults, host: [*state.faults.get(host, []), fault]}
            self.place.save(msgspec.structs.replace(state, faults=faults))
        return host

    def mend(self, target: str, fault: str | None = None) -> list[str]:
        """Undo a target's faults, the last one first, or only ``fault``; return those undone."""
        hosts = [d.name for d in self.plan.store(target).devices] if "-" not in target else [target]
        undone = []
        for host in hosts:
            self.plan.device(host)
            present = self.place.state().faults.get(host, [])
            # Power first: without it nothing else can be undone.
            order = sorted(reversed(present), key=lambda name: name != "power")
            for name in (name for name in order if fault in (None, name)):
                self._act(find_fault(name), host, "undo")
                self._forget(host, name)
                undone.append(name)
        return undone

    def _forget(self, host: str, fault: str) -> None:
        state = self.place.state()
        left = [name for name in state.faults.get(host, []) if name != fault]
        others = {other: names for other, names in state.faults.items() if other != host}
        faults = {**others, host: left} if left else others
        self.place.save(msgspec.structs.replace(state, faults=faults))

    def _host_for(self, fault: Fault, target: str) -> str:
        """Return the host a fault goes to; a store stands for its router."""
        device = self.plan.device(target) if "-" in target else self.plan.store(target).router
        if device.kind not in fault.kinds:
            raise LabError(f"{fault.name} is a fault of a {' or '.join(fault.kinds)}; {target} is a {device.kind}")
        return device.name

    def _act(self, fault: Fault, host: str, what: str) -> None:
        device = self.plan.device(host)
        if fault.name == "power":
            return self.power_cut(host) if what == "inject" else self.plug_in(host)
        if fault.name == "wan-down":
            return self.wan(device.store, up=what != "inject")
        extra = self._short_certificate(host) if fault.name == "cert-expiring" and what == "inject" else {}
        script = fault_script(fault, what, device, self.plan.store(device.store), extra)
        done = self.enter(host, ["sh", "-eu"], input=script)
        if done.returncode:
            raise LabError(f"{fault.name} on {host}: {what} failed: {(done.stderr or done.stdout).strip()[-500:]}")
        return None

    def _short_certificate(self, host: str) -> dict[str, str]:
        """Issue a certificate for a till that ends soon; the authority's key never leaves the lab's folder."""
        certificate(self.place.keys, f"{host}-short", host, "extendedKeyUsage=clientAuth", days=5)
        names = {"CERTIFICATE": f"{host}-short.crt", "KEY": f"{host}-short.key"}
        return {variable: (self.place.keys / name).read_text().strip() for variable, name in names.items()}

    def evident(self, fault: str, host: str) -> bool:
        """Tell whether a fault shows on a device, asked on the device itself."""
        known, device = find_fault(fault), self.plan.device(host)
        if fault == "power":
            return self.status()[host] == "off"
        if fault == "wan-down":
            return not self.place.state().wan.get(device.store, WanSettings()).up
        script = fault_script(known, "evident", device, self.plan.store(device.store))
        return self.enter(host, ["sh", "-u"], input=script).returncode == 0

    def power_cut(self, host: str) -> None:
        """Take a device's power away: no clean shutdown."""
        self._power(host, "cut", off=True)

    def plug_in(self, host: str) -> None:
        """Give a device power and wait until it answers on SSH."""
        self._power(host, "plug", off=False)
        self.wait_until_answering([host])

    def _power(self, host: str, verb: str, *, off: bool) -> None:
        self._running_pid()
        self.plan.device(host)
        state = self.place.state()
        unplugged = sorted({*state.unplugged, host} if off else {*state.unplugged} - {host})
        self.place.save(msgspec.structs.replace(state, unplugged=unplugged))
        ask_supervisor(self.place.socket, Request(verb, host))

    def wan(self, store: str, **changes: int | bool) -> WanSettings:
        """Change a store's line (``delay_ms``, ``loss_percent``, ``rate_kbit``, ``up``); without changes, read it."""
        self._running_pid()
        self.plan.store(store)
        state = self.place.state()
        settings = msgspec.convert(
            {**msgspec.structs.asdict(state.wan.get(store, WanSettings())), **changes}, WanSettings
        )
        if changes:
            self.place.save(msgspec.structs.replace(state, wan={**state.wan, store: settings}))
            ask_supervisor(self.place.socket, Request("wan", store))
        return settings


def find_root() -> Path:
    """Return the nearest folder upwards that is a fleet, but never a fleet that a lab wrote; else the current folder."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        made_by_a_lab = folder.name == "fleet" and folder.parent.parent.name == "lab"
        if (folder / "inventory" / "blueprints.yaml").is_file() and not made_by_a_lab:
            return folder
    return here


def _captured(argv: Sequence[str], stdin: str | None, timeout_s: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, input=stdin or "", capture_output=True, text=True, check=False, errors="replace", timeout=timeout_s
    )


def _started(pid: int) -> str | None:
    """Return when a process began, which with its number names it for good; None for one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _wait_for_end(pid: int, timeout_s: float = 15) -> None:
    deadline = time.monotonic() + timeout_s
    while _started(pid) is not None and time.monotonic() < deadline:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.02)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let two ``up`` of one lab wait for each other."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
