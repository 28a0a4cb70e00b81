"""Sessions with a real OpenSSH server."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

import pytest
from sshd_servers import PASSWORD, public

from storefleet.errors import CredentialError, CryptoMismatch, HostKeyChanged, HostKeyUnknown, LoginRefused, Rebooting
from storefleet.model.credentials import Credential, KeySource, SecretSource
from storefleet.model.effects import RunScript
from storefleet.model.store import LegacySsh

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
    with pytest.raises(HostKeyUnknown, match=r"SHA256:.*hostkeys trust"):
        session.answer(RunScript("id"))
    assert "till" not in server.log()
    assert "Failed" not in server.log()


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


def answer(fleet, server, script, *credentials, host=None, **options):
    host = host or server.host()
    session = fleet.connector((host, server), credentials=credentials, **options).session(host, in_60s())
    try:
        return session.answer(RunScript(script))
    finally:
        session.close()


@pytest.mark.parametrize("pinned", ["ed25519", "ecdsa", "rsa"])
def test_a_server_with_three_host_keys_shows_the_one_that_is_pinned(fleet, pinned):
    server = fleet.sshd(host_keys=("ed25519", "ecdsa", "rsa"))
    server.keys = {pinned: server.keys[pinned]}
    assert answer(fleet, server, "echo in").stdout == b"in\n"


def test_a_changed_key_is_refused_whatever_its_type(fleet):
    server = fleet.sshd(host_keys=("ed25519",))
    other = fleet.sshd(host_keys=("rsa",))
    server.keys = other.keys
    with pytest.raises(HostKeyChanged, match="somebody stands in between"):
        answer(fleet, server, "id")
    assert "Accepted" not in server.log()


@pytest.mark.parametrize("option", ["PasswordAuthentication yes", "KbdInteractiveAuthentication no"])
def test_a_password_from_the_environment_logs_in(fleet, monkeypatch, option):
    monkeypatch.setenv("SF_TILL", PASSWORD)
    server = fleet.sshd(option)
    by_password = Credential(user="till", password=SecretSource(env="SF_TILL"))
    assert answer(fleet, server, "id -un", by_password).stdout == b"till\n"


def test_a_refused_key_is_followed_by_the_password_of_the_same_credential_only(fleet, monkeypatch, tmp_path):
    monkeypatch.setenv("SF_TILL", PASSWORD)
    server, other = fleet.sshd(), fleet.sshd()
    wrong_key = KeySource(file=other.client_key)
    both = Credential(user="till", key=wrong_key, password=SecretSource(env="SF_TILL"))
    assert answer(fleet, server, "id -un", both).stdout == b"till\n"
    with pytest.raises(LoginRefused):
        answer(fleet, server, "id -un", Credential(user="till", key=wrong_key))


def test_a_sibling_with_another_user_gets_a_connection_of_its_own(fleet):
    server, other = fleet.sshd(), fleet.sshd()
    wrong = Credential(user="root", key=KeySource(file=other.client_key))
    assert answer(fleet, server, "id -un", wrong, till_key(server)).stdout == b"till\n"


def test_two_factors_of_one_credential_are_both_given(fleet, monkeypatch):
    monkeypatch.setenv("SF_TILL", PASSWORD)
    server = fleet.sshd("AuthenticationMethods publickey,password")
    both = Credential(user="till", key=KeySource(file=server.client_key), password=SecretSource(env="SF_TILL"))
    assert answer(fleet, server, "id -un", both).stdout == b"till\n"
    with pytest.raises(LoginRefused, match="another factor"):
        answer(fleet, server, "id -un", till_key(server))


def test_a_server_with_only_sha1_key_exchange_is_refused_and_legacy_ssh_lets_it_in(fleet):
    server = fleet.sshd("KexAlgorithms diffie-hellman-group14-sha1", "MACs hmac-sha1", host_keys=("ed25519",))
    with pytest.raises(CryptoMismatch, match=r"group14-sha1.*hmac-sha1.*legacy_ssh"):
        answer(fleet, server, "id")
    granted = LegacySsh(algorithms=("diffie-hellman-group14-sha1", "hmac-sha1"), expires="2099-12-31")
    assert answer(fleet, server, "echo in", host=server.host(legacy=granted)).stdout == b"in\n"


def test_exactly_the_named_key_of_the_agent_is_used(fleet, monkeypatch):
    server, other = fleet.sshd(), fleet.sshd()
    agent = subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(server.folder / "agent")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not (server.folder / "agent").exists():
            time.sleep(0.02)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(server.folder / "agent"))
        for key in (other.client_key, server.client_key):
            subprocess.run(["ssh-add", "-q", key], check=True, capture_output=True)
        right, wrong = (public(Path(key)).fingerprint for key in (server.client_key, other.client_key))
        assert answer(fleet, server, "id -un", Credential(user="till", key=KeySource(agent=right))).stdout == b"till\n"
        with pytest.raises(LoginRefused):
            answer(fleet, server, "id -un", Credential(user="till", key=KeySource(agent=wrong)))
        with pytest.raises(CredentialError, match="ssh-add -l"):
            answer(fleet, server, "id -un", Credential(user="till", key=KeySource(agent="SHA256:none")))
    finally:
        agent.terminate()
        agent.wait(5)


def test_a_device_that_is_going_down_is_not_a_wrong_password(fleet):
    folder = fleet.folder()
    (folder / "nologin").write_text("System is going down. Unprivileged users are not permitted to log in anymore.\n")
    server = fleet.sshd("Banner " + str(folder / "nologin"))
    other = fleet.sshd()
    with pytest.raises(Rebooting):
        answer(fleet, server, "id", Credential(user="till", key=KeySource(file=other.client_key)))


def test_two_scripts_share_one_connection(fleet):
    server = fleet.sshd()
    host = server.host()
    session = fleet.connector((host, server)).session(host, in_60s())
    first, second = (session.answer(RunScript("echo @NONCE@")) for _ in range(2))
    session.close()
    session.close()
    assert first.nonce != second.nonce
    assert server.log().count("Accepted publickey") == 1


def test_a_script_of_half_a_megabyte_arrives_whole(fleet):
    server = fleet.sshd()
    script = "".join(f": {number} {'x' * 90}\n" for number in range(5000)) + "echo end"
    assert answer(fleet, server, script).stdout == b"end\n"


def test_a_child_that_keeps_the_streams_open_does_not_hold_the_session(fleet):
    server = fleet.sshd()
    assert answer(fleet, server, "sleep 30 & echo done").stdout == b"done\n"


def test_fifty_threads_share_one_connector(fleet):
    server = fleet.sshd(address="0.0.0.0")
    hosts = [with_address(server.host(f"S{number:04}-pos1"), f"127.0.{number}.1") for number in range(50)]
    connector = fleet.connector(*((host, server) for host in hosts))
    answers: dict[str, bytes] = {}

    def one(host):
        session = connector.session(host, in_60s())
        answers[host.name] = session.answer(RunScript(f"echo {host.name} $SSH_CONNECTION")).stdout
        session.close()

    threads = [threading.Thread(target=one, args=(host,)) for host in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 50
    assert all(answers[host.name].split()[0] == host.name.encode() for host in hosts)
    assert all(host.address.encode() in answers[host.name].split() for host in hosts)


def with_address(host, address):
    fields = {field: getattr(host, field) for field in host.__struct_fields__}
    return type(host)(**fields | {"address": address})


def test_text_travels_compressed_once_somebody_has_logged_in(fleet):
    server = fleet.sshd()
    host = server.host()
    session = fleet.connector((host, server)).session(host, in_60s())
    transport = session.open_shell()
    before = transport.wire.received
    output = session.answer(RunScript("head -c 400000 /dev/zero | tr '\\000' x | dd obs=32768 2>/dev/null"))
    grown = transport.wire.received - before
    session.close()
    assert output.stdout == b"x" * 400_000
    assert grown < len(output.stdout) / 10


def test_a_server_that_does_not_compress_is_read_all_the_same(fleet):
    server = fleet.sshd("Compression no")
    host = server.host()
    session = fleet.connector((host, server)).session(host, in_60s())
    assert session.answer(RunScript("echo yes")).stdout == b"yes\n"
    session.close()
