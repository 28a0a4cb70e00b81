"""A store router: FRR's vtysh as the login shell of one account, a shell for another, and both reached as one host."""

from __future__ import annotations

import grp
import os
import shutil
import time
from pathlib import Path

import pytest

from storefleet.connections.connector import Connector
from storefleet.connections.known_hosts import KnownHosts
from storefleet.errors import CommandRefused
from storefleet.model.credentials import Credential, KeySource
from storefleet.model.effects import RunScript, ShowCommands
from storefleet.model.limits import Limits

pytestmark = pytest.mark.skipif(
    not (Path("/usr/lib/frr/zebra").exists() and shutil.which("vtysh")), reason="needs frr (scripts/test-packages.txt)"
)


@pytest.fixture
def router(fleet):
    folder = fleet.folder()
    group = grp.getgrnam("frrvty").gr_gid
    (folder / "etc").mkdir()
    (folder / "etc/frr.conf").write_text("hostname S0001-router\n")
    (folder / "etc/vtysh.conf").write_text("")
    (folder / "etc").chmod(0o755)
    for path in (folder / "etc").iterdir():
        path.chmod(0o644)
    zebra = "/usr/lib/frr/zebra -i /run/frr/zebra.pid -f /etc/frr/frr.conf -n"
    mounts = (
        f"mount -t tmpfs tmpfs /run/frr; chown frr:frrvty /run/frr; mount --bind {folder}/etc /etc/frr; "
        f"unshare --net {zebra} >{folder}/zebra.log 2>&1 & echo $! >{folder}/zebra.pid; "
    )
    server = fleet.sshd(shell="/usr/bin/vtysh", mounts=mounts, group=group)
    try:
        yield server
    finally:
        os.kill(int((server.folder.parent / folder.name / "zebra.pid").read_text()), 15)


def test_shows_come_from_the_command_line_and_scripts_from_the_shell_account(router):
    host = router.host("S0001-router", platform="frr")
    key = KeySource(file=router.client_key)
    users = {"read": "till", "shell": "root"}
    connector = Connector(
        lambda _host, purpose: ((purpose, Credential(user=users[purpose], key=key)),),
        KnownHosts({host.name: tuple(router.keys.values())}),
        {}.__getitem__,
        Limits(connects_per_second=1000),
    )
    session = connector.session(host, time.monotonic() + 60)
    for _ in range(50):
        if (Path(f"/proc/{router.process.pid}/root/run/frr/zebra.vty")).exists():
            break
        time.sleep(0.1)
    version, interfaces = session.answer(ShowCommands(("show version", "show interface brief")))
    assert version.startswith("FRRouting 8.")
    assert "lo" in interfaces
    with pytest.raises(CommandRefused, match="Unknown command"):
        session.answer(ShowCommands(("show nonsense",)))
    assert session.answer(RunScript("id -u; cat /etc/frr/frr.conf")).stdout == b"0\nhostname S0001-router\n"
    session.close()
