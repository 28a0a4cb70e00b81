"""The practice tills' own Debian packages, built with ``dpkg-deb``: the POS client twice, and what faults need."""

from __future__ import annotations

import hashlib
import os
import shutil
import textwrap
from importlib.resources import files
from pathlib import Path

from storefleet.lab.machine import run

POS_VERSION = "2.4.1"
POS_OLD_VERSION = "2.2.9"

_UNIT = """\
[Unit]
Description={title}
After=network.target

[Service]
User={user}
ExecStart={command}
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""

_POSCLI = """\
#!/bin/sh
# What the practice till says about itself; a busy lane is simulated by /run/pos-busy.
open=false; unsent=0
[ -e /run/pos-busy ] && open=true
[ -r /var/lib/pos/unsent ] && read -r unsent < /var/lib/pos/unsent
printf '{{"open_sale":%s,"unsent":%d,"version":"%s"}}\\n' "$open" "$unsent" "{version}"
"""

_POS_POSTINST = """\
#!/bin/sh
set -e
getent passwd pos >/dev/null || useradd --system --home-dir /var/lib/pos --shell /usr/sbin/nologin pos
[ -f /opt/pos/etc/pos.ini ] && sed -i 's/^version *=.*/version = {version}/' /opt/pos/etc/pos.ini
if [ "$1" = configure ] && [ -z "$2" ]; then systemctl enable posd.service >/dev/null 2>&1 || true; fi
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl try-restart posd.service
fi
exit 0
"""

_OTHER_POSTINST = """\
#!/bin/sh
set -e
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
systemctl enable --now other-pay.service >/dev/null 2>&1
"""

_OTHER_PRERM = """\
#!/bin/sh
[ -d /run/systemd/system ] && systemctl disable --now other-pay.service >/dev/null 2>&1
exit 0
"""

_BROKEN_POSTINST = """\
#!/bin/sh
[ -e /etc/receipts-licence ] || { echo "receipts: no licence file" >&2; exit 1; }
"""


def build_packages(target: Path) -> None:
    """Write every ``.deb`` of the practice fleet into ``target``."""
    daemon = (files("storefleet.lab") / "files" / "posd").read_text()
    for version in (POS_VERSION, POS_OLD_VERSION):
        unit = _UNIT.format(title="Point of sale", user="pos", command="/opt/pos/bin/posd 8443 posd")
        tree = {
            "opt/pos/bin/posd": daemon,
            "opt/pos/bin/poscli": _POSCLI.format(version=version),
            "lib/systemd/system/posd.service": unit,
        }
        scripts = {"postinst": _POS_POSTINST.format(version=version)}
        _build(target, "pos-client", f"{version}-1", "Point-of-sale client of the practice till", tree, scripts)
    unit = _UNIT.format(title="Another payment agent", user="nobody", command="/opt/other-pay/otherpayd 9443 otherpayd")
    tree = {"opt/other-pay/otherpayd": daemon, "lib/systemd/system/other-pay.service": unit}
    scripts = {"postinst": _OTHER_POSTINST, "prerm": _OTHER_PRERM}
    _build(target, "other-pay", "1.0-1", "A second payment application, for practice", tree, scripts)
    tree = {"opt/receipts/README": "A package whose configuration fails.\n"}
    _build(target, "receipts", "3.1-1", "Receipt designer, for practice", tree, {"postinst": _BROKEN_POSTINST})


def offer_packages(target: Path) -> dict[str, str]:
    """Write the index of what head office offers beside the packages; return what ``apt-get update`` keeps of it.

    Offered are the packages of the practice fleet itself: everything else a till has is never updated there.
    """
    entries = [_entry(deb) for deb in sorted(target.glob("pos-client_*.deb"))]
    index = "\n".join(entries)
    digest = hashlib.sha256(index.encode()).hexdigest()
    release = "Origin: practice fleet\nSuite: practice\nCodename: practice\nComponents: main\nArchitectures: all\n"
    release += f"Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n {digest} {len(index)} main/binary-all/Packages\n"
    suite = target / "debian/dists/practice"
    for path, text in ((suite / "Release", release), (suite / "main/binary-all/Packages", index)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    name = "update.hq.example_debian_dists_practice"
    return {f"{name}_Release": release, f"{name}_main_binary-all_Packages": index}


def _entry(deb: Path) -> str:
    """Return one package as a package list names it."""
    pool = deb.parent / "debian/pool" / deb.name
    pool.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(deb, pool)
    control = run(["dpkg-deb", "--field", str(deb)])
    body = deb.read_bytes()
    return f"{control}Filename: pool/{deb.name}\nSize: {len(body)}\nSHA256: {hashlib.sha256(body).hexdigest()}\n"


def _build(target: Path, name: str, version: str, title: str, tree: dict[str, str], scripts: dict[str, str]) -> None:
    """Build one package; everything under ``opt/*/bin`` and every daemon is executable."""
    staging = target / f".{name}_{version}"
    control = textwrap.dedent(f"""\
        Package: {name}
        Version: {version}
        Architecture: all
        Maintainer: Practice fleet <lab@hq.example>
        Depends: perl-base
        Description: {title}
        """)
    parts = {**tree, **{f"DEBIAN/{script}": text for script, text in scripts.items()}, "DEBIAN/control": control}
    for relative, text in parts.items():
        path = staging / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if text.startswith("#!") else 0o644)
    for folder, _, _ in os.walk(staging):
        Path(folder).chmod(0o755)
    run(["dpkg-deb", "--root-owner-group", "--build", str(staging), str(target / f"{name}_{version}_all.deb")])
    shutil.rmtree(staging)
