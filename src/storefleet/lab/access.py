"""A lab that runs, as its operator reaches it: head office, the devices, the mains and the lines."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from storefleet.errors import LabError
from storefleet.lab.control import Request, ask_supervisor
from storefleet.lab.devices import leader
from storefleet.lab.machine import cgroup_root
from storefleet.lab.network import WanSettings
from storefleet.lab.place import LabPlace, LabState
from storefleet.lab.plan import LabPlan
from storefleet.lab.processes import captured, started

_DEVICE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_DEVICE_NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid", "--time", "--root", "--wdns=/")


class RunningLab:
    """One lab by its folder; whether it runs is looked up each time, never remembered."""

    def __init__(self, place: LabPlace) -> None:
        self.place = place
        self.name = place.folder.name

    @property
    def plan(self) -> LabPlan:
        """The stores and devices of this lab."""
        return self.place.record().plan

    @property
    def cgroup(self) -> Path:
        """The lab's cgroup as the machine sees it."""
        return (cgroup_root() or Path("/sys/fs/cgroup")) / self.place.cgroup

    def supervisor_pid(self) -> int | None:
        """Return the supervisor's process id in the machine's namespace, or None when the lab is not running."""
        try:
            pid, began = self.place.pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if started(int(pid)) == began else None

    def _running_pid(self) -> int:
        pid = self.supervisor_pid()
        if pid is None:
            self.place.record()
            raise LabError(f"lab {self.name} is not running; start it with: storefleet lab up --name {self.name}")
        return pid

    def status(self) -> dict[str, str]:
        """Return per device ``answering``, ``silent`` or ``off``."""
        self._running_pid()
        return dict(ask_supervisor(self.place.socket, Request("status")).devices)

    def wait_until_answering(self, hosts: Collection[str], timeout_s: float = 60) -> None:
        """Wait until SSH answers on every one of ``hosts``; a :class:`LabError` names those that do not."""
        deadline = time.monotonic() + timeout_s
        while True:
            waiting = {host: word for host, word in self.status().items() if host in hosts and word != "answering"}
            if not waiting:
                return
            if time.monotonic() > deadline:
                logs = f"{self.place.devices}/*/console.log"
                raise LabError(f"no answer on SSH within {timeout_s:.0f} s: {waiting}; see {logs}")
            time.sleep(0.2)

    def head_office_argv(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs ``argv`` at head office, with the caller's own files, folder and environment."""
        return ["nsenter", f"--net=/proc/{self._running_pid()}/ns/net", "--", *argv]

    def exec(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Run a command at head office and return what it printed and its exit code."""
        return captured(self.head_office_argv(argv), stdin, timeout_s)

    def device_argv(self, host: str, argv: Sequence[str]) -> list[str]:
        """Return the command that runs ``argv`` as root on a device, out of band: no SSH, no network."""
        self._running_pid()
        self.plan.device(host)
        cgroup = self.cgroup / host
        pid = leader(cgroup)
        if pid is None:
            raise LabError(f"{host} has no power; plug it in with: storefleet lab plug-in {host}")
        home = ["env", "-i", f"PATH={_DEVICE_PATH}", "HOME=/root", f"TERM={os.environ.get('TERM', 'dumb')}"]
        # In the device's cgroup, so that the command ends with the device's power.
        join = 'echo $$ > "$0/payload/cgroup.procs" 2>/dev/null || echo $$ > "$0/cgroup.procs"; exec "$@"'
        return ["sh", "-c", join, str(cgroup), "nsenter", f"--target={pid}", *_DEVICE_NAMESPACES, "--", *home, *argv]

    def enter(
        self, host: str, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root on a device, as someone standing in front of it would."""
        return captured(self.device_argv(host, argv), stdin, timeout_s)

    def power_cut(self, host: str) -> None:
        """Take a device's power away: no clean shutdown."""
        self._power(host, "cut", off=True)

    def plug_in(self, host: str) -> None:
        """Give a device power, and wait until it answers on SSH where its line and port can carry that."""
        self._power(host, "plug", off=False)
        if host in self.reachable(besides="power"):
            self.wait_until_answering([host])

    def _power(self, host: str, verb: str, *, off: bool) -> None:
        self._running_pid()
        self.plan.device(host)

        def change(state: LabState) -> LabState:
            unplugged = sorted({*state.unplugged, host} if off else {*state.unplugged} - {host})
            return msgspec.structs.replace(state, unplugged=unplugged)

        self.place.change(change)
        ask_supervisor(self.place.socket, Request(verb, host))

    def wan(self, store: str, **changes: int | bool) -> WanSettings:
        """Change a store's line (``delay_ms``, ``loss_percent``, ``rate_kbit``, ``up``); without changes, read it."""
        self._running_pid()
        self.plan.store(store)
        before = msgspec.structs.asdict(self.place.state().wan.get(store, WanSettings()))
        settings = msgspec.convert({**before, **changes}, WanSettings)
        if changes:
            kept = {} if settings == WanSettings() else {store: settings}

            def change(state: LabState) -> LabState:
                others = {other: line for other, line in state.wan.items() if other != store}
                return msgspec.structs.replace(state, wan={**others, **kept})

            self.place.change(change)
            ask_supervisor(self.place.socket, Request("wan", store))
        return settings

    def reachable(self, besides: str = "") -> set[str]:
        """Return the hosts that must answer: those with power, in stores whose line, router and ports are whole."""
        state = self.place.state()
        cutting = {"power", "wan-down", "lane-port-shut"} - {besides}
        hosts = set()
        for store in self.plan.stores:
            dark = not state.wan.get(store.id, WanSettings()).up or store.router.name in state.unplugged
            cut = any(cutting & set(state.faults.get(device.name, [])) for device in store.devices)
            if not dark and not cut:
                hosts |= {device.name for device in store.devices if device.name not in state.unplugged}
        return hosts
