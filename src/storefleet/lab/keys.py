"""Fresh keys, passwords and certificates for one lab; they live under its own folder and nowhere else."""

from __future__ import annotations

import secrets
from pathlib import Path

from storefleet.lab.machine import run
from storefleet.lab.plan import SERVICES, LabPlan

LOGINS = ("till-read", "till-change", "kiosk", "router-shell", "router-cli")
"""The SSH keys that operators of this lab hold. ``router-cli`` is for use by hand; storefleet has the password."""


def make_keys(folder: Path, plan: LabPlan) -> None:
    """Write everything secret of a new lab into ``folder``, readable by its owner only."""
    folder.mkdir(mode=0o700)
    for login in LOGINS:
        ssh_key(folder / login, f"storefleet lab {login}")
    password = folder / "router-password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(12) + "\n")
    (folder / "router-password.hash").write_text(run(["openssl", "passwd", "-6", "-stdin"], stdin=password.read_text()))
    (folder / "host").mkdir()
    for device in plan.devices:
        ssh_key(folder / "host" / device.name, device.name)
    _authority(folder)
    names = ",".join(f"DNS:{name}" for name in SERVICES)
    certificate(folder, "services", "hq.example", f"subjectAltName={names}", days=3650)
    for device in plan.devices:
        if device.kind == "till":
            certificate(folder, device.name, device.name, "extendedKeyUsage=clientAuth", days=3650)
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)


def ssh_key(path: Path, comment: str) -> None:
    """Make one Ed25519 key pair without a passphrase."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])


def public_key(path: Path) -> str:
    """Return type and key of a pair, without its comment."""
    return " ".join(path.with_name(path.name + ".pub").read_text().split()[:2])


def _authority(folder: Path) -> None:
    argv = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "3650",
    ]
    argv += ["-subj", "/O=Practice fleet/CN=Practice fleet CA", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    run([*argv, "-keyout", str(folder / "ca.key"), "-out", str(folder / "ca.crt")])
    (folder / "ca.hash").write_text(run(["openssl", "x509", "-noout", "-hash", "-in", str(folder / "ca.crt")]).strip())


def certificate(folder: Path, name: str, subject: str, extension: str, days: int) -> None:
    """Issue ``name.crt`` with ``name.key`` from the lab's authority."""
    request = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    request += ["-subj", f"/CN={subject}", "-addext", extension, "-keyout", str(folder / f"{name}.key")]
    text = run(request)
    sign = ["openssl", "x509", "-req", "-days", str(days), "-copy_extensions", "copy", "-CA", str(folder / "ca.crt")]
    serial = f"0x{secrets.token_hex(8)}"
    sign += ["-CAkey", str(folder / "ca.key"), "-set_serial", serial, "-out", str(folder / f"{name}.crt")]
    run(sign, stdin=text)
