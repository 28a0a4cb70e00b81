"""The machine that hosts a lab: whether it can, what it lacks, and how its tools are run."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from storefleet.errors import LabError

TOOLS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "nft": "nftables",
    "busybox": "busybox-static",
    "dropbear": "dropbear-bin",
    "dropbearconvert": "dropbear-bin",
    "dnsmasq": "dnsmasq-base",
    "ip": "iproute2",
    "tc": "iproute2",
    "openssl": "openssl",
    "ssh-keygen": "openssh-client",
    "mkfs.ext4": "e2fsprogs",
    "dpkg-deb": "dpkg",
    "unshare": "util-linux",
}
"""Each tool of the machine that a lab runs, and the Debian package that has it (``scripts/lab-packages.txt``)."""


def run(argv: Sequence[str], *, stdin: str | None = None, check: bool = True) -> str:
    """Run a tool of the machine and return what it printed; a failure is a :class:`LabError` with its last words."""
    environment = {**os.environ, "PATH": tool_path(), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, env=environment)
    if done.returncode and check:
        words = (done.stderr or done.stdout).strip().splitlines()[-8:]
        raise LabError(f"{' '.join(argv)[:300]}: exit status {done.returncode}: " + "\n".join(words))
    return done.stdout


def why_not() -> str | None:
    """Return in words why this machine cannot host a lab, or None where it can."""
    return _unfit_system() or _missing_tools() or _missing_rights()


def _unfit_system() -> str | None:
    if platform.system() != "Linux":
        return "the practice fleet needs Linux"
    if os.geteuid() != 0:
        return "the practice fleet needs root"
    release = platform.freedesktop_os_release()
    if release.get("ID") != "debian":
        return f"the practice fleet needs Debian 12 or newer; this is {release.get('PRETTY_NAME', 'another system')}"
    version = release.get("VERSION_ID", "")
    if version.isdigit() and int(version) < 12:
        return f"the practice fleet needs Debian 12 or newer; this is Debian {version}"
    known = Path("/proc/filesystems").read_text().split()
    lacking = [kind for kind in ("overlay", "cgroup2") if kind not in known]
    if lacking:
        return f"the kernel lacks {' and '.join(lacking)}, which the practice fleet needs"
    if cgroup_root() is None:
        return "no cgroup2 file system is mounted, and the practice fleet needs one"
    return None


def _missing_tools() -> str | None:
    packages = sorted({package for tool, package in TOOLS.items() if shutil.which(tool, path=tool_path()) is None})
    if not packages:
        return None
    return f"the practice fleet needs: apt-get install --no-install-recommends {' '.join(packages)}"


def _missing_rights() -> str | None:
    probe = ["unshare", "--mount", "--pid", "--net", "--fork", "--mount-proc", "mount", "-t", "tmpfs", "none", "/mnt"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    return f"namespaces or mounts are not allowed here: {done.stderr.strip()}" if done.returncode else None


def allow_many_watchers() -> None:
    """Raise the machine's limit of inotify instances where it is the kernel's default of 128.

    Every systemd takes about ten of root's, so that a second lab would boot without its services. The limit is left
    raised: another lab may have come to depend on it.
    """
    limit = Path("/proc/sys/fs/inotify/max_user_instances")
    if int(limit.read_text()) < 4096:
        limit.write_text("4096\n")


def tool_path() -> str:
    """Return the search path with the system's own folders, which a login without ``sbin`` lacks."""
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin", "/sbin", "/bin"])


def cgroup_root() -> Path | None:
    """Return where this mount namespace has cgroup v2, or None."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    return None
