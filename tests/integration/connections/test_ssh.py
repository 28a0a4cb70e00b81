"""Sessions with a real OpenSSH server."""

from __future__ import annotations

import time

import pytest

from storefleet.errors import HostKeyUnknown
from storefleet.model.credentials import Credential, KeySource
from storefleet.model.effects import RunScript

SUDO_ALL = "till ALL=(ALL:ALL) NOPASSWD: ALL"


def in_60s() -> float:
    return time.monotonic() + 60


def test_a_script_runs_and_its_output_status_and_nonce_come_back(fleet):
    server = fleet.sshd()
    host = server.host()
    session = fleet.connector((host, server)).session(host, in_60s())
    output = session.answer(RunScript("echo @NONCE@ \\$HOME; echo oops >&2; exit 3"))
    session.close()
    assert output.stdout == f"{output.nonce} $HOME\n".encode()
    assert output.stderr == b"oops\n"
    assert output.exit_status == 3


def test_an_unknown_host_key_is_refused_before_any_credential_is_sent(fleet):
    server = fleet.sshd()
    host = server.host()
    session = fleet.connector((host, server), pin=False).session(host, in_60s())
    with pytest.raises(HostKeyUnknown, match="SHA256:.*hostkeys trust"):
        session.answer(RunScript("id"))
    assert "userauth" not in server.log() and "Failed" not in server.log()


def till_key(server):
    return Credential(user="till", key=KeySource(file=server.client_key))


@pytest.mark.parametrize("defaults", ["", "Defaults use_pty\n", "Defaults requiretty\nDefaults:till !requiretty\n"])
def test_sudo_takes_root_once_and_the_script_keeps_its_exit_status(fleet, defaults):
    server = fleet.sshd(sudoers=defaults + SUDO_ALL)
    host = server.host()
    session = fleet.connector((host, server), credentials=(till_key(server),)).session(host, in_60s())
    output = session.answer(RunScript("id -u; exit 7\necho never"))
    session.close()
    assert (output.stdout, output.exit_status) == (b"0\n", 7)


@pytest.mark.parametrize("sudoers", ["", "Defaults requiretty\n" + SUDO_ALL, "till ALL=(ALL:ALL) ALL"])
def test_a_refused_sudo_leaves_the_whole_script_to_run_without_root(fleet, sudoers):
    server = fleet.sshd(sudoers=sudoers)
    host = server.host()
    session = fleet.connector((host, server), credentials=(till_key(server),)).session(host, in_60s())
    output = session.answer(RunScript("echo first; id -u; exit 7"))
    session.close()
    assert (output.stdout, output.exit_status) == (b"first\n64123\n", 7)
    assert b"sudo" in output.stderr


def test_a_script_that_root_refuses_to_parse_is_not_run_a_second_time_without_root(fleet):
    server = fleet.sshd(sudoers=SUDO_ALL)
    host = server.host()
    session = fleet.connector((host, server), credentials=(till_key(server),)).session(host, in_60s())
    output = session.answer(RunScript("if then\n" + "echo leaked\n" * 5000))
    session.close()
    assert b"leaked" not in output.stdout
    assert output.exit_status == 2
