"""The far side: one practice till, booted with its own systemd, that answers on as many addresses as are asked for.

It is the lab's till (same packages, same point-of-sale client) with Python and python3-apt added, which Ansible needs on
the far side and nothing else here uses. Every host of the bench is this one till behind another address.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from importlib.resources import as_file, files
from pathlib import Path

from bench.machine import Cgroup
from storefleet.lab import rootfs
from storefleet.lab.machine import allow_many_watchers, run, tool_path
from storefleet.lab.namespaces import ssh_greets
from storefleet.lab.packages import build_packages
from storefleet.lab.provision import POS_VERSION

EXTRA = ("python3-minimal", "python3-apt")
NAMESPACE = "far"
ENDPOINTS = ("pay.hq.example", "pay2.hq.example", "price.hq.example")
ENDPOINT_PORT = 8443
LOGINS = {"root": "root", "sudo": "sf-read"}

_ENVIRONMENT = {"PATH": tool_path(), "LC_ALL": "C.UTF-8", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
_SSHD = """\
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
X11Forwarding no
MaxStartups 2000
MaxSessions 100
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
Subsystem sftp /usr/lib/openssh/sftp-server
"""
_NETWORK = (
    ("link", "set", "lo", "up"),
    ("link", "add", "eth0", "type", "veth", "peer", "name", "cable"),
    ("address", "add", "10.101.0.11/24", "dev", "eth0"),
    ("link", "set", "cable", "up"),
    ("link", "set", "eth0", "up"),
    ("route", "add", "default", "via", "10.101.0.1"),
)


def ensure_root() -> Path:
    """Return the till's root file system, built once per content and kept in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "storefleet" / "bench"
    wanted = cache / hashlib.sha256(f"{rootfs.content_hash()} {EXTRA}".encode()).hexdigest()[:16]
    if not wanted.is_dir():
        partial = wanted.with_name(f"{wanted.name}.{os.getpid()}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        _build(partial)
        partial.rename(wanted)
    return wanted / "till"


def _build(partial: Path) -> None:
    packages = partial / "packages"
    packages.mkdir()
    build_packages(packages)
    release = {key: value for key, value in _os_release() if key == "VERSION_CODENAME"}
    with as_file(files("storefleet.lab") / "files") as folder:
        argv = ["unshare", "--mount", "mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=directory"]
        argv += ['--aptopt=Acquire::Check-Valid-Until "false"', "--dpkgopt=force-unsafe-io"]
        argv += [f"--include={','.join((*rootfs.PACKAGES, *EXTRA))}"]
        argv += [f'--customize-hook=sh {folder}/customize-base.sh "$1"']
        argv += [f'--customize-hook=sh {folder}/customize-till.sh "$1" {packages}']
        run([*argv, release["VERSION_CODENAME"], str(partial / "till"), "-"], stdin=rootfs.apt_sources())


def _os_release() -> list[tuple[str, str]]:
    lines = Path("/etc/os-release").read_text().splitlines()
    return [(key, value.strip('"')) for key, _, value in (line.partition("=") for line in lines)]


class Till:
    """The one device of the bench: its own layer over the root file system, its processes in one cgroup."""

    def __init__(self, folder: Path, cgroup: Cgroup, keys: Path) -> None:
        self.cgroup = cgroup
        self._folder = folder
        self._keys = keys
        self._root = folder / "root"

    def boot(self, address: str) -> None:
        """Assemble, provision and switch on; return when its SSH server greets at ``address``."""
        allow_many_watchers()
        for name in ("upper", "work", "root"):
            (self._folder / name).mkdir(parents=True)
        layers = f"lowerdir={ensure_root()},upperdir={self._folder}/upper,workdir={self._folder}/work"
        run(["mount", "-t", "overlay", "overlay", "-o", layers, str(self._root)])
        self._provision()
        run(["ip", "netns", "add", NAMESPACE])
        for command in _NETWORK:
            run(["ip", "-n", NAMESPACE, *command])
        self._start_name_server()
        argv = ["systemd-nspawn", "-q", "-D", str(self._root), "--boot", "--machine=S00001-pos1", "--register=no"]
        argv += ["--keep-unit", "--capability=CAP_NET_ADMIN,CAP_NET_RAW", "--resolv-conf=off", "--timezone=off"]
        self._start([*argv, "--link-journal=no"], "console.log")
        for _ in range(600):
            if ssh_greets(address, namespace=NAMESPACE, timeout_s=1):
                self._settle()
                return
            time.sleep(0.1)
        raise RuntimeError(f"the till did not boot; see {self._folder}/console.log")

    def _settle(self) -> None:
        """Wait until the boot is over, so that its work is not taken for the first contestant's."""
        for _ in range(60):
            before = self.cgroup.cpu_s()
            time.sleep(1)
            if self.cgroup.cpu_s() - before < 0.02:
                return
        raise RuntimeError(f"the till does not come to rest; see {self._folder}/console.log")

    def _start(self, argv: list[str], log: str) -> None:
        inside = ["nsenter", f"--net=/run/netns/{NAMESPACE}", *argv]
        with (self._folder / log).open("ab") as out:
            subprocess.Popen(
                self.cgroup.child(log).entering(inside),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=_ENVIRONMENT,
                start_new_session=True,
            )

    def _start_name_server(self) -> None:
        argv = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"]
        argv += ["--bind-interfaces", "--pid-file", "--user=root", "--listen-address=127.0.0.53"]
        argv += [f"--host-record={name},127.0.0.{100 + n}" for n, name in enumerate(ENDPOINTS)]
        self._start([*argv, "--local=/hq.example/"], "names.log")

    def _provision(self) -> None:
        key = (self._keys / "client.pub").read_text()
        texts = {
            "etc/hostname": "S00001-pos1\n",
            "etc/hosts": "127.0.0.1 localhost\n10.101.0.11 S00001-pos1\n",
            "etc/resolv.conf": "nameserver 127.0.0.53\n",
            "etc/machine-id": "5eed5eed5eed5eed5eed5eed5eed5eed\n",
            "etc/ssh/sshd_config": _SSHD,
            "etc/ssh/ssh_host_ed25519_key": (self._keys / "host").read_text(),
            "opt/pos/etc/pos.ini": f"[main]\nversion = {POS_VERSION}\n[acquirer]\nhost = pay.hq.example\nport = 8443\n",
            "root/.ssh/authorized_keys": key,
            "home/sf-read/.ssh/authorized_keys": key,
        }
        for name, text in texts.items():
            path = self._root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (self._root / "etc/ssh/ssh_host_ed25519_key").chmod(0o600)
        for unit in ("systemd-networkd.service", "systemd-logind.service"):
            (self._root / "etc/systemd/system" / unit).unlink(missing_ok=True)
            (self._root / "etc/systemd/system" / unit).symlink_to("/dev/null")
        owner = (self._root / "home/sf-read").stat()
        for path in (self._root / "home/sf-read/.ssh", self._root / "home/sf-read/.ssh/authorized_keys"):
            shutil.chown(path, owner.st_uid, owner.st_gid)
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "900",
             "-subj", "/CN=till", "-keyout", str(self._root / "opt/pos/client.key"),
             "-out", str(self._root / "opt/pos/client.crt")])  # fmt: skip
