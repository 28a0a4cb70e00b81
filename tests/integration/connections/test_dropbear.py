"""A kiosk: dropbear and BusyBox or dash, root, no sudo, no sftp, small windows."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest
from sshd_servers import free_port, make_key, public

from storefleet.connections import hostkeys
from storefleet.errors import HostKeyChanged
from storefleet.model.credentials import Credential, KeySource
from storefleet.model.effects import RunScript

pytestmark = pytest.mark.skipif(
    shutil.which("dropbear", path="/usr/sbin:/usr/bin") is None, reason="needs dropbear-bin (scripts/test-packages.txt)"
)


@pytest.fixture
def kiosk(fleet):
    folder = fleet.folder()
    make_key(folder / "client", "ed25519")
    for kind in ("ed25519", "ecdsa", "rsa"):
        command = ["dropbearkey", "-t", kind, "-f", str(folder / f"host_{kind}")]
        shown = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        (folder / f"host_{kind}.pub").write_text(
            next(line for line in shown.splitlines() if line.startswith(("ssh-", "ecdsa")))
        )
    keys = {kind: public(folder / f"host_{kind}") for kind in ("ed25519", "ecdsa", "rsa")}
    (folder / "home/.ssh").mkdir(parents=True, mode=0o700)
    (folder / "home/.ssh/authorized_keys").write_text((folder / "client.pub").read_text())
    (folder / "home/.ssh/authorized_keys").chmod(0o600)
    (folder / "passwd").write_text(f"root:x:0:0:root:{folder}/home:/bin/sh\n")
    port = free_port("127.0.0.1")
    hostkey = " ".join(f"-r {folder}/host_{kind}" for kind in keys)
    serve = f"exec dropbear -F -E -s -p 127.0.0.1:{port} -P {folder}/pid {hostkey}"
    script = f"mount --bind {folder}/passwd /etc/passwd; {serve}"
    return fleet.start(folder, "127.0.0.1", port, keys, ["unshare", "--mount", "sh", "-c", script])


def in_60s():
    return time.monotonic() + 60


def test_a_script_longer_than_a_window_and_than_dropbears_command_line_runs(fleet, kiosk):
    host = kiosk.host("S0001-kiosk1", platform="busybox")
    session = fleet.connector((host, kiosk)).session(host, in_60s())
    script = "".join(f": {number} {'x' * 90}\n" for number in range(2000)) + "echo end @NONCE@; id -u; exit 4"
    output = session.answer(RunScript(script))
    session.close()
    assert output.stdout == f"end {output.nonce}\n0\n".encode()
    assert output.exit_status == 4


def test_a_megabyte_comes_back_through_small_windows(fleet, kiosk):
    host = kiosk.host("S0001-kiosk1", platform="busybox")
    session = fleet.connector((host, kiosk)).session(host, in_60s())
    output = session.answer(RunScript("i=0; while [ $i -lt 10000 ]; do echo $i; echo $i >&2; i=$((i+1)); done"))
    session.close()
    assert output.stdout == output.stderr == "".join(f"{number}\n" for number in range(10000)).encode()


def test_the_keys_of_a_dropbear_are_scanned(fleet, kiosk):
    host = kiosk.host("S0001-kiosk1", platform="busybox")
    scanned = hostkeys.scan(fleet.connector((host, kiosk), pin=False), host)
    assert {key.fingerprint for key in scanned.keys} == {key.fingerprint for key in kiosk.keys.values()}


def test_a_dropbear_with_another_key_is_refused(fleet, kiosk):
    other = fleet.sshd()
    host = kiosk.host("S0001-kiosk1", platform="busybox")
    key = Credential(user="root", key=KeySource(file=kiosk.client_key))
    with pytest.raises(HostKeyChanged):
        fleet.connector((host, other), credentials=(key,)).session(host, in_60s()).answer(RunScript("id"))
