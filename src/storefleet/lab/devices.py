"""One running device: its layered file system, its disk for the POS data, its cgroup, and the process that boots it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from storefleet.errors import LabError
from storefleet.lab.machine import run, tool_path
from storefleet.lab.network import unplug
from storefleet.lab.plan import Device, LabStore
from storefleet.lab.provision import provision

REBOOT = 133
DATA_DISK_MIB = 16

_NSPAWN_ENVIRONMENT = {
    "PATH": tool_path(),
    "LC_ALL": "C.UTF-8",
    # A device may route and set its own network's sysctls, as real ones do.
    "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
    # Without it nspawn gives a system without systemd the old hierarchy, and leaves a cgroup of it behind.
    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
}


class RunningDevice:
    """A device in the hands of the supervisor, which is its mains and its boot loader."""

    def __init__(self, device: Device, store: LabStore, folder: Path, lower: str, cgroup: Path) -> None:
        self.device = device
        self.store = store
        self.folder = folder
        self.lower = lower
        self.cgroup = cgroup
        self.root = folder / "root"
        self.plugged_in = True
        self._process: subprocess.Popen[bytes] | None = None

    def assemble(self, keys: Path, serial: str) -> None:
        """Mount the device's file systems, and write what is its own the first time."""
        self.cgroup.mkdir(parents=True, exist_ok=True)
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        layers = f"lowerdir={self.lower},upperdir={self.folder}/upper,workdir={self.folder}/work"
        run(["mount", "-t", "overlay", "overlay", "-o", layers, str(self.root)])
        if self.device.kind == "till":
            self._attach_data_disk()
        marker = self.folder / "provisioned"
        if not marker.exists():
            provision(self.root, self.device, self.store, keys, serial)
            marker.touch()

    def _attach_data_disk(self) -> None:
        """Give the till a small disk of its own, which a fault can fill; the loop device goes with the mount."""
        image, mount = self.folder / "data.img", self.folder / "data"
        mount.mkdir(exist_ok=True)
        if not image.exists():
            with image.open("wb") as disk:
                disk.truncate(DATA_DISK_MIB * 1024 * 1024)
            run(["mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", "-F", str(image)])
        run(["mount", "-o", "loop", str(image), str(mount)])
        owner = run(["chroot", str(self.root), "id", "-u", "pos"]).strip()
        shutil.chown(mount, int(owner))

    def boot(self) -> None:
        """Switch the device on; its interfaces come up as its own software sets them."""
        if self.running:
            return
        unplug(self.device, self.store)
        with Path("/proc/uptime").open() as clock:
            uptime = int(float(clock.read().split()[0]))
        # nspawn starts inside the device's network, or the device's /sys would show head office's interfaces.
        network = ["nsenter", f"--net=/run/netns/{self.device.name}"]
        argv = [*network, "unshare", "-T", "--boottime", f"-{uptime}", "--monotonic", f"-{uptime}", *self._nspawn()]
        enter = ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(self.cgroup), *argv]
        with (self.folder / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                enter,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                env=_NSPAWN_ENVIRONMENT,
                start_new_session=True,
            )

    def _nspawn(self) -> list[str]:
        argv = ["systemd-nspawn", "-q", "-D", str(self.root), "--boot", f"--machine={self.device.name}"]
        argv += ["--register=no", "--keep-unit"]
        # Not every capability: CAP_SYS_TIME would let a device set the machine's clock.
        argv += ["--capability=CAP_NET_ADMIN,CAP_NET_RAW", "--resolv-conf=off", "--timezone=off", "--link-journal=no"]
        if self.device.kind == "till":
            argv.append(f"--bind={self.folder / 'data'}:/var/lib/pos")
        return argv

    @property
    def running(self) -> bool:
        """Tell whether the device has power and has not switched itself off."""
        return self._process is not None and self._process.poll() is None

    def cut(self) -> None:
        """Take the power away: every process of the device ends at once, nothing is told to stop."""
        (self.cgroup / "cgroup.kill").write_text("1")
        if self._process is not None:
            self._process.wait()
        deadline = time.monotonic() + 10
        while self._populated():
            if time.monotonic() > deadline:
                raise LabError(f"{self.device.name}: processes survive the loss of power")
            time.sleep(0.02)
        unplug(self.device, self.store)

    def _populated(self) -> bool:
        return "populated 1" in (self.cgroup / "cgroup.events").read_text()

    def mind(self) -> None:
        """Start the device again where it rebooted, as firmware does; one that powered off stays off."""
        if self.plugged_in and self._process is not None and self._process.poll() == REBOOT:
            self.boot()


def leader(cgroup: Path) -> int | None:
    """Return the process id of a device's init as the caller's pid namespace sees it, or None when it has none.

    Init is the process of the device's cgroup that is number 1 in its own pid namespace.
    """
    for folder, _, _ in os.walk(cgroup):  # passes over a session's group that ends meanwhile, as rglob does not
        procs = Path(folder) / "cgroup.procs"
        try:
            pids = procs.read_text().split()
        except OSError:
            continue
        for pid in pids:
            if _is_init(int(pid)):
                return int(pid)
    return None


def _is_init(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    numbers = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
    return len(numbers) > 1 and numbers[-1] == "1" and os.path.lexists(f"/proc/{pid}/exe")
