"""Python for tills that are to be compared under Ansible: a thin layer over the till, built only when asked for.

The ordinary till has no Python, and neither its tree nor its cached name knows of this one.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from pathlib import Path

from storefleet.lab.machine import run
from storefleet.lab.rootfs import apt_sources

PACKAGES = ("python3", "python3-apt")

# Several times: dpkg alone refuses what pre-depends on a neighbour that is not configured yet.
_UNPACK = """\
set -e
mount -t overlay overlay -o "$3" "$1"
mount -t proc proc "$1/proc"
mkdir "$1/debs"
cp "$2"/*.deb "$1/debs"
export DEBIAN_FRONTEND=noninteractive
for round in 1 2 3 4; do
    done=no
    chroot "$1" sh -c 'dpkg --install --force-unsafe-io /debs/*.deb' && done=yes && break
done
[ $done = yes ]
rm -r "$1/debs"
rm -f "$1/var/log/dpkg.log" "$1/var/log/alternatives.log"
"""


def ensure_python_layer(rootfs: Path) -> Path:
    """Return the layer that goes over ``rootfs``'s till, and build it first where the cache lacks it."""
    digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    wanted = rootfs.with_name(f"{rootfs.name}-python-{digest}")
    with rootfs.with_name("lock-python").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.is_dir():
            _build(rootfs / "till", wanted)
    return wanted


def _build(till: Path, wanted: Path) -> None:
    """Download with the machine's own apt, which knows its trust and its proxy; unpack in the till with the till's."""
    partial = wanted.with_name(wanted.name + ".partial-python")
    shutil.rmtree(partial, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        archives = _download(till, work)
        upper, root = partial / "upper", work / "root"
        for folder in (upper, partial / "work", root):
            folder.mkdir(parents=True)
        options = f"lowerdir={till},upperdir={upper},workdir={partial / 'work'}"
        unpack = ["unshare", "--mount", "--pid", "--fork", "sh", "-s", str(root), str(archives), options]
        run(unpack, stdin=_UNPACK)
    upper.rename(wanted)
    shutil.rmtree(partial)


def _download(till: Path, work: Path) -> Path:
    """Fetch what the till lacks of :data:`PACKAGES`; return the folder with the archives."""
    archives = work / "archives"
    for folder in (archives / "partial", work / "lists" / "partial"):
        folder.mkdir(parents=True)
    sources = work / ("all.sources" if "Types:" in apt_sources() else "all.list")
    sources.write_text(apt_sources())
    settings = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": work / "lists",
        "Dir::State::Status": till / "var/lib/dpkg/status",
        "Dir::State::Extended_States": work / "extended_states",
        "Dir::Cache::Archives": archives,
        "Dir::Cache::PkgCache": "",
        "Dir::Cache::SrcPkgCache": "",
        "Acquire::Check-Valid-Until": "false",
        "APT::Sandbox::User": "root",
    }
    options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    run(["apt-get", "-qq", *options, "update"])
    run(["apt-get", "-qq", "--yes", "--no-install-recommends", "--download-only", *options, "install", *PACKAGES])
    return archives
