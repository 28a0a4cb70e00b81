"""The root file systems of till, router and kiosk: built once per content hash, kept in the user's cache.

One run of ``mmdebstrap`` over the machine's own apt sources makes the common Debian; the copy taken half-way becomes
the till, and what grows on with FRR becomes the router. The kiosk is the machine's static BusyBox and its dropbear.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

from storefleet.errors import LabError
from storefleet.lab.machine import run
from storefleet.lab.packages import build_packages, offer_packages

PACKAGES = (
    *("systemd", "systemd-sysv", "libpam-systemd", "dbus", "openssh-server", "sudo", "iproute2", "iputils-ping"),
    *("procps", "nftables", "ca-certificates", "openssl", "netbase"),
)
ROUTER_PACKAGES = ("frr", "dnsmasq")
KINDS = ("till", "router", "kiosk")
PRACTICE = "http://update.hq.example/debian"


def ensure_rootfs() -> Path:
    """Return the folder that holds one root file system per kind, and build it first where the cache lacks it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "storefleet" / "rootfs"
    cache.mkdir(parents=True, exist_ok=True)
    wanted = cache / content_hash()
    with _locked(cache / "lock"):
        if not wanted.is_dir():
            _build(wanted)
    return wanted


def content_hash() -> str:
    """Return the name of the root file systems that this source, machine and apt configuration give."""
    digest = hashlib.sha256()
    for line in (platform.machine(), _codename(), apt_sources(), run(["busybox"]).splitlines()[0], _dropbear_version()):
        digest.update(line.encode() + b"\0")
    package = files("storefleet.lab")
    for name in ("rootfs.py", "packages.py"):
        digest.update((package / name).read_bytes())
    with as_file(package / "files") as folder:
        for path in sorted(folder.iterdir()):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def apt_sources() -> str:
    """Return the machine's own apt sources for its release, in either spelling; read at run time, never stored here."""
    codename = _codename()
    stanzas: list[str] = []
    for place in _apt_files():
        if not place.is_file() or place.suffix not in (".list", ".sources"):
            continue
        text = place.read_text(encoding="utf-8", errors="replace")
        parts = re.split(r"\n\s*\n", text) if place.suffix == ".sources" else text.splitlines()
        stanzas += [part.strip() for part in parts if re.search(rf"^[^#\n]*\b{codename}\b", part, re.MULTILINE)]
    if not stanzas:
        raise LabError(f"no apt source of this machine offers {codename}; a practice fleet is built from them")
    deb822 = [part for part in stanzas if re.search(r"^Types:", part, re.MULTILINE)]
    one_line = [part for part in stanzas if part not in deb822]
    return "\n\n".join(deb822) + "\n" if deb822 else "\n".join(one_line) + "\n"


def _apt_files() -> list[Path]:
    return [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]


def _codename() -> str:
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "")


def _dropbear_version() -> str:
    return run(["dpkg-query", "-W", "-f", "${Version}", "dropbear-bin"])


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(wanted: Path) -> None:
    """Build beside the final place and rename, so that a half-built tree is never taken for a whole one."""
    partial = wanted.with_name(wanted.name + ".partial")
    for left_over in wanted.parent.glob("*.partial"):
        shutil.rmtree(left_over)
    partial.mkdir()
    packages = partial / "packages"
    packages.mkdir()
    build_packages(packages)
    with as_file(files("storefleet.lab") / "files") as folder:
        _build_debian(partial, folder, packages)
        _build_kiosk(partial / "kiosk", folder)
    lists = offer_packages(packages)
    for kind in ("till", "router"):
        _clean(partial / kind)
        for name, text in lists.items():
            (partial / kind / "var/lib/apt/lists" / name).write_text(text)
    partial.rename(wanted)


def _build_debian(partial: Path, folder: Path, packages: Path) -> None:
    till = partial / "till"
    install = f"--yes install --no-install-recommends {' '.join(ROUTER_PACKAGES)}"
    hooks = [
        f'sh {folder}/customize-base.sh "$1"',
        f'cp -ax "$1" {till}',
        f"sh {folder}/customize-till.sh {till} {packages}",
        # Without the chroot directory apt would hand the packages to the machine's own dpkg.
        f'APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -o DPkg::Chroot-Directory="$1" {install}',
        f'sh {folder}/customize-router.sh "$1" {folder}',
    ]
    argv = ["unshare", "--mount", "mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=directory"]
    argv += ['--aptopt=Acquire::Check-Valid-Until "false"', "--dpkgopt=force-unsafe-io"]
    argv += [f"--include={','.join(PACKAGES)}", *(f"--customize-hook={hook}" for hook in hooks)]
    run([*argv, _codename(), str(partial / "router"), "-"], stdin=apt_sources())


def _clean(root: Path) -> None:
    """Take out what came from the machine that built it: lists, archives, and where its packages came from."""
    for folder in ("var/lib/apt/lists", "var/cache/apt/archives"):
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / folder / "partial").mkdir(parents=True)
    for listing in (root / "etc/apt/sources.list", *(root / "etc/apt/sources.list.d").glob("*")):
        listing.unlink(missing_ok=True)
    (root / "etc/apt/sources.list").write_text(f"deb [trusted=yes arch=all] {PRACTICE} practice main\n")
    for name in ("etc/resolv.conf", "etc/hostname", "dev/.udev"):
        (root / name).unlink(missing_ok=True)
    for log in ("var/log/dpkg.log", "var/log/bootstrap.log", "var/log/alternatives.log", "var/log/apt/history.log"):
        (root / log).unlink(missing_ok=True)
    for name in ("etc/apt/apt.conf.d/99mmdebstrap", "etc/dpkg/dpkg.cfg.d/99mmdebstrap"):
        (root / name).unlink(missing_ok=True)


def _build_kiosk(root: Path, folder: Path) -> None:
    """BusyBox as init and for every command, dropbear as the only service, and the libraries dropbear asks for."""
    for name in ("bin", "sbin", "usr/sbin", "usr/bin", "etc/init.d", "etc/dropbear", "root", "var/log", "opt/kiosk"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("dev", "proc", "sys", "tmp", "run"):
        (root / name).mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "root").chmod(0o700)
    busybox = shutil.which("busybox") or "/bin/busybox"
    shutil.copy2(busybox, root / "bin/busybox")
    for applet in run(["busybox", "--list-full"]).split():
        link = root / applet
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to("/bin/busybox")
    if not (root / "bin/sh").exists():
        (root / "bin/sh").symlink_to("/bin/busybox")
    if not (root / "sbin/init").exists():
        (root / "sbin/init").symlink_to("/bin/busybox")
    _copy_with_libraries("dropbear", root / "usr/sbin/dropbear", root)
    shutil.copy2(folder / "kiosk-inittab", root / "etc/inittab")
    shutil.copy2(folder / "kiosk-rcS", root / "etc/init.d/rcS")
    (root / "etc/init.d/rcS").chmod(0o755)
    for name, text in _KIOSK_FILES.items():
        (root / name).write_text(text)


_KIOSK_FILES = {
    "etc/os-release": 'ID=kiosk\nNAME="Practice kiosk"\nVERSION_ID="1.35"\nPRETTY_NAME="Practice kiosk 1.35"\n',
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/shadow": "root:!:20000:0:99999:7:::\nnobody:*:20000:0:99999:7:::\n",
    "etc/shells": "/bin/sh\n",
    "etc/profile": "export PATH=/sbin:/usr/sbin:/bin:/usr/bin\n",
    "opt/kiosk/version": "5.1.0\n",
}


def _copy_with_libraries(tool: str, place: Path, root: Path) -> None:
    source = shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin") or tool
    shutil.copy2(source, place)
    for library in re.findall(r"(/\S+\.so\S*)", run(["ldd", source])):
        copy = root / library.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(library, copy)
