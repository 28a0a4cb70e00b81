"""The far side: a few practice tills, each booted with its own systemd, that answer on as many addresses as are needed.

They are the lab's tills (same packages, same point-of-sale client) with Python and python3-apt added, which Ansible
needs on the far side and nothing else here uses. Several, since one init serves its callers one after the other: with
a single till the bench would measure that queue.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import as_file, files
from pathlib import Path

from bench.machine import Cgroup
from storefleet.connections.transcript import NONCE_WORD
from storefleet.lab import rootfs
from storefleet.lab.machine import allow_many_watchers, run, tool_path
from storefleet.lab.namespaces import ssh_greets
from storefleet.lab.network import ip_batch
from storefleet.lab.packages import POS_VERSION, build_packages

EXTRA = ("python3-minimal", "python3-apt")
TILLS = 8
HUB = "hub"
HUB_ADDRESS = "10.127.0.1"
FIRST, SECOND, SHARE = 10, 128, 16
"""Hosts have addresses in 10.128.0.0/9, a share of it for each till; they exist in the bench's own namespaces only."""

ENDPOINTS = ("pay.hq.example", "pay2.hq.example", "price.hq.example")
ENDPOINT_PORT = 8443
THIN = "thin"
THIN_ANSWER = "/var/lib/thin"
LOGINS = {"root": "root", "sudo": "sf-read"}
SUBNET = (
    f"{FIRST}.{{{{ {SECOND} + {SHARE} * (store.number % {TILLS}) + store.number // {TILLS} // 256 }}}}"
    f".{{{{ store.number // {TILLS} % 256 }}}}.0/24"
)
"""The numbering plan in the blueprint's words; :func:`address` in ours."""

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
Match User thin
    AuthorizedKeysFile /etc/ssh/thin_keys
    ForceCommand /usr/local/bin/thin
"""
_THIN = f"""\
#!/bin/sh
# Answers any script at once with what the real one printed, but for the clock; the word of the run is in the script's
# first line.
read -r _ word
cat >/dev/null
exec sed -e "s/{NONCE_WORD}/$word/g" -e "/^BEGIN $word clock\\$/{{n;s/.*/$(date +%s.%N)/;}}" {THIN_ANSWER}
"""


def address(number: int) -> str:
    """Return the address of the ``number``-th host."""
    place = number // TILLS
    return f"{FIRST}.{SECOND + SHARE * (number % TILLS) + place // 256}.{place % 256}.11"


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
    """One device: its own layer over the root file system, its own network, its processes in one cgroup."""

    def __init__(self, number: int, folder: Path, cgroup: Cgroup, keys: Path) -> None:
        self.namespace = f"till{number}"
        self._number = number
        self._folder = folder
        self._cgroup = cgroup
        self._keys = keys
        self._root = folder / "root"

    def boot(self) -> None:
        """Assemble, provision, cable to the hub and switch on; return when its SSH server greets."""
        for name in ("upper", "work", "root"):
            (self._folder / name).mkdir(parents=True)
        layers = f"lowerdir={ensure_root()},upperdir={self._folder}/upper,workdir={self._folder}/work"
        run(["mount", "-t", "overlay", "overlay", "-o", layers, str(self._root)])
        self._provision()
        self._cable()
        self._start_name_server()
        argv = ["systemd-nspawn", "-q", "-D", str(self._root), "--boot", f"--machine={self.namespace}"]
        argv += ["--register=no", "--keep-unit", "--capability=CAP_NET_ADMIN,CAP_NET_RAW", "--link-journal=no"]
        self._start([*argv, "--resolv-conf=off", "--timezone=off"], "console.log")
        for _ in range(600):
            if ssh_greets(address(self._number), namespace=HUB, timeout_s=1):
                return
            time.sleep(0.1)
        raise RuntimeError(f"{self.namespace} did not boot; see {self._folder}/console.log")

    def answer_thinly(self, output: bytes) -> None:
        """Let the account ``thin`` answer every script with this output, whose word of the run is the recorder's."""
        (self._root / THIN_ANSWER.lstrip("/")).write_bytes(output)

    def inside(self, path: str) -> Path:
        """Return where a path of the till, written without its first slash, stands on this machine."""
        return self._root / path

    def connections(self) -> int:
        """Return how many TCP connections the till has taken since it was booted."""
        text = run(["nsenter", f"--net=/run/netns/{self.namespace}", "cat", "/proc/net/snmp"])
        names, values = (line.split() for line in text.splitlines() if line.startswith("Tcp:"))
        return int(dict(zip(names, values, strict=True))["PassiveOpens"])

    def _cable(self) -> None:
        """Route this till's share of the addresses to it, and let it take every one of them for its own."""
        share = f"{FIRST}.{SECOND + SHARE * self._number}.0.0/12"
        run(["ip", "netns", "add", self.namespace])
        port = f"port{self._number}"
        ip_batch(
            [
                f"link add {port} type veth peer name eth0 netns {self.namespace}",
                f"link set {port} up",
                f"route add {share} via 10.101.0.11 dev {port} onlink src {HUB_ADDRESS}",
            ],
            namespace=HUB,
        )
        ip_batch(
            [
                "link set lo up",
                "address add 10.101.0.11/24 dev eth0",
                "link set eth0 up",
                "route add default via 10.101.0.1",
                f"route add local {share} dev lo",
            ],
            namespace=self.namespace,
        )

    def _start(self, argv: list[str], log: str) -> None:
        inside = ["nsenter", f"--net=/run/netns/{self.namespace}", *argv]
        with (self._folder / log).open("ab") as out:
            subprocess.Popen(
                self._cgroup.child(log).entering(inside),
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
            "etc/hostname": f"{self.namespace}\n",
            "etc/hosts": f"127.0.0.1 localhost\n10.101.0.11 {self.namespace}\n",
            "etc/resolv.conf": "nameserver 127.0.0.53\n",
            "etc/machine-id": f"{uuid.uuid4().hex}\n",
            "etc/ssh/sshd_config": _SSHD,
            "etc/ssh/ssh_host_ed25519_key": (self._keys / "host").read_text(),
            "opt/pos/etc/pos.ini": f"[main]\nversion = {POS_VERSION}\n[acquirer]\nhost = pay.hq.example\nport = 8443\n",
            "usr/local/bin/thin": _THIN,
            "etc/ssh/thin_keys": key,
            "root/.ssh/authorized_keys": key,
            "home/sf-read/.ssh/authorized_keys": key,
        }
        for name, text in texts.items():
            path = self._root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (self._root / "etc/ssh/ssh_host_ed25519_key").chmod(0o600)
        (self._root / "usr/local/bin/thin").chmod(0o755)
        self._accounts()
        for unit in ("systemd-networkd.service", "systemd-logind.service"):
            (self._root / "etc/systemd/system" / unit).unlink(missing_ok=True)
            (self._root / "etc/systemd/system" / unit).symlink_to("/dev/null")
        owner = (self._root / "home/sf-read").stat()
        for path in (self._root / "home/sf-read/.ssh", self._root / "home/sf-read/.ssh/authorized_keys"):
            shutil.chown(path, owner.st_uid, owner.st_gid)
        subject = ["-subj", "/CN=till", "-days", "900", "-keyout", str(self._root / "opt/pos/client.key")]
        kind = ["-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        run(["openssl", "req", *kind, *subject, "-out", str(self._root / "opt/pos/client.crt")])

    def _accounts(self) -> None:
        """Let the tills' account in without PAM, in a shell that netmiko knows; add the one that answers at once."""
        passwd, shadow = self._root / "etc/passwd", self._root / "etc/shadow"
        lines = [f"{line}\n" for line in passwd.read_text().splitlines()]
        lines = [line.replace(":/bin/sh", ":/bin/bash") if line.startswith("sf-read:") else line for line in lines]
        passwd.write_text("".join([*lines, f"{THIN}:x:64000:65534::/nonexistent:/bin/sh\n"]))
        # sshd without PAM refuses an account whose password is locked by a bang.
        shadow.write_text(shadow.read_text().replace("sf-read:!:", "sf-read:*:") + f"{THIN}:*:20000:0:99999:7:::\n")


def boot_all(folder: Path, cgroup: Cgroup, keys: Path) -> list[Till]:
    """Boot every till side by side, and wait until they are at rest: their boot is no contestant's work."""
    allow_many_watchers()
    run(["ip", "netns", "add", HUB])
    ip_batch(
        [f"address add {HUB_ADDRESS}/32 dev lo", "address add 10.101.0.1/32 dev lo", "link set lo up"], namespace=HUB
    )
    run(["nsenter", f"--net=/run/netns/{HUB}", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"])
    tills = [Till(n, folder / f"till{n}", cgroup.child(f"till{n}"), keys) for n in range(TILLS)]
    with ThreadPoolExecutor(TILLS) as pool:
        list(pool.map(Till.boot, tills))
    for _ in range(60):
        before = cgroup.cpu_s()
        time.sleep(1)
        if cgroup.cpu_s() - before < 0.05:
            return tills
    raise RuntimeError(f"the tills do not come to rest; see {folder}")
