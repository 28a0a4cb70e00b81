"""The practice fleet as Python sees it: made, looked at, broken, mended and taken away again."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from storefleet.errors import LabError
from storefleet.lab import breaking
from storefleet.lab.access import RunningLab
from storefleet.lab.fleet import write_fleet
from storefleet.lab.keys import make_keys
from storefleet.lab.machine import allow_many_watchers, tool_path, why_not
from storefleet.lab.place import LabPlace, LabRecord
from storefleet.lab.plan import build_plan
from storefleet.lab.processes import only_one, started, wait_for_end
from storefleet.lab.python_layer import ensure_python_layer
from storefleet.lab.rootfs import ensure_rootfs

NAMESPACES = ("--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc")


class Lab(RunningLab):
    """One lab by name under ``<root>/var/lab``."""

    def __init__(self, name: str = "lab", root: Path | None = None) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
            raise LabError(f"{name!r} is no name for a lab; small letters, digits and - are")
        self.root = (root or find_root()).resolve()
        super().__init__(LabPlace(self.root / "var" / "lab" / name))

    @staticmethod
    def why_not() -> str | None:
        """Return in words why this machine cannot host a lab, or None where it can."""
        return why_not()

    @classmethod
    def up(
        cls,
        name: str = "lab",
        stores: int = 3,
        tills: int = 2,
        kiosks: int = 1,
        root: Path | None = None,
        *,
        python: bool = False,
    ) -> Lab:
        """Return the lab running, with SSH answering wherever nothing broken prevents it; makes what is missing.

        With ``python`` its tills have python3 and python3-apt, for the comparison with Ansible and nothing else.

        Raises :class:`LabError` where this machine cannot host one, or a lab of another shape has the name.
        """
        reason = why_not()
        if reason:
            raise LabError(reason)
        lab = cls(name, root)
        lab.place.folder.mkdir(parents=True, exist_ok=True)
        with only_one(lab.place.folder / "lock"):
            record = lab._recorded((stores, tills, kiosks), python=python)
            write_fleet(lab.root, lab.place, record)
            if lab.supervisor_pid() is None:
                lab._launch()
            lab.wait_until_answering(lab.reachable())
        return lab

    def _recorded(self, shape: tuple[int, int, int], *, python: bool) -> LabRecord:
        """Return what this lab is made of; make keys and serial numbers the first time."""
        if self.place.record_file.exists():
            record = self.place.record()
            if record.shape != shape:
                had, wanted = ("{} stores, {} tills, {} kiosks".format(*numbers) for numbers in (record.shape, shape))
                raise LabError(f"lab {self.name} has {had}, not {wanted}; take it away first: storefleet lab down")
            if bool(record.layer) != python:
                words = "no Python" if python else "Python"
                raise LabError(f"the tills of lab {self.name} have {words}; take it away first: storefleet lab down")
            return record
        plan = build_plan(*shape)
        shutil.rmtree(self.place.keys, ignore_errors=True)
        make_keys(self.place.keys, plan)
        serials = {device.name: f"LAB{secrets.token_hex(4).upper()}" for device in plan.devices}
        rootfs = ensure_rootfs()
        shutil.copytree(rootfs / "packages", self.place.folder / "packages", dirs_exist_ok=True)
        layer = str(ensure_python_layer(rootfs)) if python else ""
        record = LabRecord(self.name, shape, str(rootfs), plan, serials, layer)
        self.place.save(record)
        return record

    def _launch(self) -> None:
        """Start the supervisor in namespaces of its own, with no terminal and no descriptor of ours."""
        self.place.socket.unlink(missing_ok=True)
        self._sweep_cgroups()
        allow_many_watchers()
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
        self.place.pid_file.write_text(f"{process.pid} {started(process.pid)}\n")
        while not self.place.socket.exists():
            if process.poll() is not None:
                tail = "\n".join(self.place.log.read_text(errors="replace").splitlines()[-6:])
                raise LabError(f"the lab's supervisor ended at its start ({self.place.log}):\n{tail}")
            time.sleep(0.05)

    def down(self) -> None:
        """Take the lab away: processes, namespaces, mounts, loop devices, cgroups and files. Does nothing twice."""
        pid = self.supervisor_pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            wait_for_end(pid)
        self._sweep_cgroups()
        self._await_loop_devices()
        shutil.rmtree(self.place.folder, ignore_errors=True)

    def _sweep_cgroups(self) -> None:
        """Remove the lab's empty cgroups; the last processes of a killed lab may need a moment to go."""
        deadline = time.monotonic() + 15
        while self.cgroup.exists() and time.monotonic() < deadline:
            for folder, _, _ in os.walk(self.cgroup, topdown=False):
                with suppress(OSError):
                    Path(folder).rmdir()
            if self.cgroup.exists():
                time.sleep(0.05)
        if self.cgroup.exists():
            raise LabError(f"processes of lab {self.name} do not end; see {self.cgroup}")

    def _await_loop_devices(self) -> None:
        """Wait until the kernel has let go of the tills' disks, which it does after the last process has ended."""
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            backing = [path.read_text() for path in Path("/sys/block").glob("loop*/loop/backing_file")]
            if not any(text.startswith(f"{self.place.folder}/") for text in backing):
                return
            time.sleep(0.05)

    def break_(self, fault: str, target: str) -> str:
        """Inject a fault on a host, or on a store's router; return the host that has it now."""
        return breaking.break_one(self, fault, target)

    def mend(self, target: str, fault: str | None = None) -> list[str]:
        """Undo all faults of a host or store, or one; return those undone."""
        return breaking.mend(self, target, fault)

    def evident(self, fault: str, host: str) -> bool:
        """Tell whether a fault shows, asked on the device itself."""
        return breaking.evident(self, fault, host)


def find_root() -> Path:
    """Return the nearest folder upwards that is a fleet and not one that a lab wrote; else the current folder."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        made_by_a_lab = folder.name == "fleet" and folder.parent.parent.name == "lab"
        if (folder / "inventory" / "blueprints.yaml").is_file() and not made_by_a_lab:
            return folder
    return here
