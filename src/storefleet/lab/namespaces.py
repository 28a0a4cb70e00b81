"""What a lab does inside its own namespaces: its mounts, and looking at SSH from where storefleet would knock."""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from pathlib import Path

from storefleet.errors import LabError
from storefleet.lab.machine import run

_CLONE_NEWNET = 0x40000000


def own_mounts() -> None:
    """Cover the machine's run-time folders and cgroup v1 with the lab's own; only this mount namespace sees it."""
    run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"])
    for folder in ("/run/netns", "/run/systemd/nspawn", "/run/lock"):
        Path(folder).mkdir(parents=True)
    run(["mount", "-t", "sysfs", "sysfs", "/sys"])
    run(["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"])
    Path("/proc/sys/net/ipv4/ip_forward").write_text("0")


def ssh_greets(address: str, *, namespace: str | None = None, timeout_s: float = 1.5) -> bool:
    """Tell whether an SSH server greets at ``address``, seen from head office or from a device's namespace."""
    result: list[bool] = []

    def look() -> None:
        # A thread of its own: joining a network namespace holds for one thread, and for good.
        if namespace is not None:
            join_namespace(namespace)
        try:
            with socket.create_connection((address, 22), timeout=timeout_s) as line:
                line.settimeout(timeout_s)
                result.append(line.recv(4) == b"SSH-")
        except OSError:
            result.append(False)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return result == [True]


def join_namespace(name: str) -> None:
    """Move the calling thread into a device's network namespace."""
    with Path(f"/run/netns/{name}").open() as handle:
        if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), _CLONE_NEWNET):
            raise LabError(f"cannot join the network of {name}: {os.strerror(ctypes.get_errno())}")
